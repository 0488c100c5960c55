import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import definitions from '../../../features/retail/index.ts';
import { aggregators } from '../../../lib/kernel/plan.ts';
import { type Local, openLocal } from '../../../lib/local/index.ts';
import { readLines } from '../data.ts';

let folder: string;
let local: Local;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-services-'));
  const shipped = fileURLToPath(
    new URL('../../../features/retail/data/purchases-2010-12.ndjson.gz', import.meta.url),
  );
  const lines: string[] = [];
  for await (const line of readLines(shipped)) if (lines.push(line) === 3_000) break;
  const log = join(folder, 'first-day.ndjson');
  await writeFile(log, `${lines.join('\n')}\n`);
  local = await openLocal({ directory: join(folder, 'data'), definitions, create: true, durability: 'os' });
  const report = await local.ingest(log, { replay: true });
  expect(report.counts).toMatchObject({ accepted: 3_000, late: 0, bad: 0, failed: 0 });
});
afterAll(async () => {
  await local.close();
  await rm(folder, { recursive: true, force: true });
});

describe('the retail example', () => {
  test('uses every aggregator there is', () => {
    const used = new Set(definitions.plan.groups.flatMap(g => g.slots.map(s => s.aggregator)));
    expect([...aggregators].filter(a => !used.has(a))).toEqual([]);
  });

  test('its groups are described and owned, and what is of people is tagged', () => {
    for (const group of definitions.plan.groups) {
      expect(group.description, group.name).toBeTruthy();
      expect(group.owner, group.name).toBeTruthy();
      const ofPeople = group.keys.includes('user');
      expect(group.tags?.includes('personal') ?? false, group.name).toBe(ofPeople);
    }
  });

  test('a service reads what its groups read, under its own names', async () => {
    const key = { user: '17850', item: '85123A' };
    const asOf = local.clock.now();
    const [vector, customer, item, pair] = await Promise.all([
      local.readService('ranking', [key], { asOf, context: { price: 2, hour: 19 } }),
      local.readGroup('customer_activity', [key], { asOf }),
      local.readGroup('item_popularity', [key], { asOf }),
      local.readGroup('customer_item', [key], { asOf }),
    ]);
    const values = vector.entities[0]!.values;
    expect(vector.entities[0]!.status).toBe('known');
    const sources = { customer_: customer, item_: item, pair_: pair };
    const service = definitions.plan.services.find(s => s.name === 'ranking')!;
    for (const { name, feature } of service.features) {
      const prefix = Object.keys(sources).find(p => name.startsWith(p)) as keyof typeof sources;
      expect(values[name], name).toEqual(sources[prefix].entities[0]!.values[feature]);
    }
    expect(values.item_price).toBeGreaterThan(2);
    expect(values.discount).toBeCloseTo((values.item_price as number) - 2, 12);
    expect(values.price_against_usual).toBeCloseTo(2 / (values.customer_price_median_90d as number), 12);
    expect(values.is_evening).toBe(true);
  });

  test('a customer nobody knows has empty values, and says so', async () => {
    const { entities } = await local.readService('ranking', [{ user: 'nobody', item: 'nothing' }], {
      context: { price: 2 },
    });
    expect(entities[0]!.status).toBe('unknown');
    expect(entities[0]!.values).toMatchObject({
      customer_lines_7d: 0,
      customer_spend_30d: null,
      customer_recent_items_7d: [],
      customer_by_hour_90d: {},
      customer_return_rate_90d: null,
      pair_times_lifetime: 0,
      discount: 0,
      is_evening: null,
    });
  });
});
