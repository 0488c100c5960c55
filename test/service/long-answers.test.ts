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
  const strangers = Array.from({ length: 200 }, (_, i) => `stranger-${i}`);

  // What is kept of rows is written within a long answer first.
  const long = await ask([...strangers, 'ann']);
  expect(long.text.length).toBeGreaterThan(50_000);
  const [stranger] = long.json.entities;
  const ann = long.json.entities.at(-1);
  expect([stranger.status, ann.status]).toEqual(['unknown', 'known']);
  for (let round = 0; round < 4; round++) {
    expect((await ask(['ann', 'nobody'])).json.entities).toEqual([ann, stranger]);
    expect((await ask([...strangers, 'ann'])).text).toBe(long.text);
  }
});
