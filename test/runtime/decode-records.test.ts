import { expect, test } from 'vitest';
import type { StreamPlan } from '../../lib/kernel/plan.ts';
import { createRecordDecoder } from '../../lib/runtime/decode-records.ts';
import { largestEvent } from '../../lib/runtime/parse-records.ts';

const names = ['user', 'a', 'b', 'c', 'd', 'e'];
const stream: StreamPlan = {
  name: 'visits',
  schema: [
    { name: 'ts', type: { kind: 'timestamp' } },
    ...names.map(name => ({ name, type: { kind: 'string' } as const })),
  ],
  eventTime: 'ts',
  key: ['user'],
  since: 0,
};

test('an event past the largest size is bad, however plain its text', () => {
  const eventOf = (characters: number) => {
    const fields = names.slice(1).map(name => [name, 'x'.repeat(characters)]);
    return Buffer.from(JSON.stringify({ ts: 1000, user: 'u', ...Object.fromEntries(fields) }));
  };
  const events = [eventOf(1), eventOf(60_000), eventOf(50_000)];
  expect(events.map(({ length }) => length > largestEvent)).toEqual([false, true, false]);
  const { outcomes } = createRecordDecoder(stream)(
    events.map((data, i) => ({ shard: 's', sequence: i + 1, arrivalTime: 2000, data })),
  );
  expect(outcomes).toMatchObject([{ time: 1000 }, { reason: 'too-large' }, { time: 1000 }]);
});
