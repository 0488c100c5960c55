import { describe, expect, test } from 'vitest';
import { startService, visit } from '../running.ts';
import { streamOf } from './support.ts';

describe('the clock is set back by an hour', () => {
  const hour = 3_600_000;
  const minute = 60_000;

  test('arrivals stand still, versions grow, and reads answer for no time before what they show', async () => {
    const start = Date.UTC(2026, 5, 1, 12);
    let now = start;
    const clock = { now: () => now };
    const service = await startService({ clock });
    const { log, store } = (await service.local.goLive())[0]!;
    const versionOf = async () => (await store.read('visitor@1', ['ann']))[0]!.version;
    const read = async () => {
      const { json } = await service.readGroup('visitor', { user: 'ann' });
      const numberOf = (name: string) => json.entities[0].values[json.features.indexOf(name)];
      return { asOf: json.asOf, hour: numberOf('visits_1h'), lifetime: numberOf('visits_lifetime') };
    };
    const send = async (id: number, ts: number) => {
      await service.sendLines([visit(id, { ts })]);
      await service.caughtUp();
    };

    await send(1, start - 1);
    expect(await read()).toEqual({ asOf: start, hour: 1, lifetime: 1 });
    const versions = [await versionOf()];
    now = start - hour;
    // The event was seen already: the answer is for just after it.
    expect(await read()).toEqual({ asOf: start, hour: 1, lifetime: 1 });
    await send(2, start - hour);
    versions.push(await versionOf());
    await send(3, start + minute);
    versions.push(await versionOf());
    expect(versions).toEqual(versions.toSorted((a, b) => a - b));
    expect(new Set(versions).size).toBe(3);
    // It arrived at the latest time that any event has arrived at, and counts from then on.
    expect(await read()).toEqual({ asOf: start + 1, hour: 3, lifetime: 3 });
    const records = await log.read(log.shards[0]!, null, 10);
    expect(records.map(record => record.arrivalTime)).toEqual([start, start, start]);
    // The last tail of an hour that sees the second event begins at its time.
    now = start + 5 * minute;
    expect(await read()).toEqual({ asOf: now, hour: 2, lifetime: 3 });
    const { freshness } = await streamOf(service);
    expect(freshness!.p99).toBeGreaterThanOrEqual(0);
  });

  test('an event whose time is right is set aside as of the future, and counts when it is redriven', async () => {
    let now = Date.UTC(2026, 5, 1, 12);
    const service = await startService({ clock: { now: () => now } });
    await service.sendLines([visit(1, { ts: now })]);
    await service.caughtUp();
    const right = now + 10 * minute;
    now = right - hour;
    await service.sendLines([visit(2, { ts: right })]);
    await service.caughtUp();
    expect((await service.status()).quarantined).toEqual({ future: 1 });
    now = right + minute;
    await service.post('/v1/quarantine/redrive', '{"stream":"visits","reason":"future"}');
    await service.caughtUp();
    const { json } = await service.readGroup('visitor', { user: 'ann' });
    expect(json.entities[0].values[json.features.indexOf('visits_lifetime')]).toBe(2);
    expect((await service.status()).quarantined).toEqual({});
  });
});
