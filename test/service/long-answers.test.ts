import { expect, test } from 'vitest';
import retail from '../../features/retail/index.ts';
import { startService } from './running.ts';

test('an answer is what it was, whatever long answers were written in between', async () => {
  const service = await startService({ definitions: retail });
  const sale = { line: 1, user: 'ann', item: 'mug', type: 'purchase', invoice: '1', qty: 2, price: 2.5 };
  await service.sendLines([JSON.stringify({ ...sale, ts: Date.now(), country: 'France' })]);
  await service.caughtUp();
  const asOf = Date.now() + 1_000;
  const ask = (users: readonly string[]) =>
    service.post(
      '/v1/features',
      JSON.stringify({ group: 'customer_activity', asOf, entities: users.map(user => ({ user })) }),
    );
  const strangers = (round: number) => Array.from({ length: 200 }, (_, i) => `stranger-${round}-${i}`);

  const first = await ask(['ann', 'nobody']);
  expect(first.json.entities.map((e: { status: string }) => e.status)).toEqual(['known', 'unknown']);
  for (let round = 0; round < 6; round++) {
    // Long enough to be written in the place of the one before.
    const long = await ask(['ann', ...strangers(round)]);
    expect(long.text.length).toBeGreaterThan(50_000);
    expect(new Set(long.json.entities.slice(1).map((e: object) => JSON.stringify(e))).size).toBe(1);
    expect((await ask(['ann', 'nobody'])).text).toBe(first.text);
  }
});
