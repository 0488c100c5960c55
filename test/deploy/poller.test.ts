import { describe, expect, test } from 'vitest';
import { type MappingSettings, MappingSettingsError, settingsOf } from './mapping-settings.ts';
import { type GivenUp, type Invocation, type PolledRecord, pollShard } from './poller.ts';

const settings: MappingSettings = {
  batchSize: 10,
  batchingWindowMs: 0,
  bisects: true,
  retries: null,
  maxAgeMs: null,
  reportsFailures: true,
  destination: null,
};

const fine: Invocation = { kind: 'answered', response: { batchItemFailures: [] } };
const error: Invocation = { kind: 'error', message: 'out of memory' };
const failing = (...ids: unknown[]): Invocation => ({
  kind: 'answered',
  response: { batchItemFailures: ids.map(itemIdentifier => ({ itemIdentifier })) },
});

interface Script {
  readonly settings?: Partial<MappingSettings>;
  readonly records: readonly (string | PolledRecord)[];
  /** Which records are in the stream at a time; all unless given. */
  readonly thereAt?: (time: number) => number;
  readonly answer: (ids: string, attempt: number) => Invocation;
}

/** The batches that the function got, what was given up, and how long it took by a clock that only waiting moves. */
async function poll({ settings: changed, records: given, thereAt, answer }: Script) {
  const records = given.map(r => (typeof r === 'string' ? { sequence: r, arrivalTime: 0, bytes: 100 } : r));
  let time = 0;
  const batches: string[] = [];
  const givenUp: string[] = [];
  const attempts = new Map<string, number>();
  const ended = new AbortController();
  const idsOf = (some: readonly PolledRecord[]) => some.map(r => r.sequence).join('');
  const settled = await pollShard({
    settings: { ...settings, ...changed },
    untilDrained: thereAt === undefined,
    signal: ended.signal,
    read: async (after, limit) => {
      const there = records.slice(0, thereAt?.(time) ?? records.length);
      const from = after === null ? 0 : there.findIndex(r => r.sequence === after) + 1;
      return there.slice(from, from + limit);
    },
    invoke: async some => {
      const ids = idsOf(some);
      const attempt = (attempts.get(ids) ?? 0) + 1;
      attempts.set(ids, attempt);
      batches.push(ids);
      if (thereAt !== undefined && ids.endsWith(records.at(-1)!.sequence)) ended.abort();
      return answer(ids, attempt);
    },
    giveUp: async ({ condition, records: some, attempts }: GivenUp<PolledRecord>) => {
      givenUp.push(`${condition} ${idsOf(some)} after ${attempts}`);
    },
    now: () => time,
    wait: async ms => {
      time += ms;
    },
  });
  return { batches, givenUp, settled, time };
}

const letters = (text: string): string[] => [...text];

describe('batches', () => {
  test('are cut by the batch size and come in order', async () => {
    const { batches, settled } = await poll({
      settings: { batchSize: 3 },
      records: letters('abcdefgh'),
      answer: () => fine,
    });
    expect(batches).toEqual(['abc', 'def', 'gh']);
    expect(settled).toBe('h');
  });

  test('wait for the window, and no longer than until they are full', async () => {
    const arriving = (time: number) => 1 + Math.floor(time / 2_000);
    const script = { records: letters('abcd'), thereAt: arriving, answer: () => fine };
    expect((await poll({ ...script, settings: { batchingWindowMs: 4_000 } })).batches).toEqual(['abc', 'd']);
    expect((await poll({ ...script, settings: { batchingWindowMs: 60_000, batchSize: 2 } })).batches).toEqual(
      ['ab', 'cd'],
    );
  });

  test('have at most 6 MB in base64', async () => {
    const megabytes = (n: number) => n * 1024 * 1024;
    const records = letters('abcd').map(sequence => ({ sequence, arrivalTime: 0, bytes: megabytes(2) }));
    expect((await poll({ records, answer: () => fine })).batches).toEqual(['ab', 'cd']);
    const large = records.map(r => ({ ...r, bytes: megabytes(5) }));
    expect((await poll({ records: large, answer: () => fine })).batches).toEqual(['a', 'b', 'c', 'd']);
  });
});

describe('reported failures', () => {
  test('give again all from the lowest on, whatever order they are named in', async () => {
    const { batches, givenUp } = await poll({
      records: letters('abcdef'),
      answer: (ids, attempt) => (ids === 'abcdef' && attempt === 1 ? failing('e', 'c') : fine),
    });
    expect(batches).toEqual(['abcdef', 'cdef']);
    expect(givenUp).toEqual([]);
  });

  test('are a success where none is named', async () => {
    for (const response of [null, undefined, {}, { batchItemFailures: [] }, { batchItemFailures: null }])
      expect(
        (await poll({ records: letters('ab'), answer: () => ({ kind: 'answered', response }) })).batches,
      ).toEqual(['ab']);
  });

  test('of no record of the batch fail the whole batch', async () => {
    for (const ids of [[''], [null], [undefined], ['x'], ['b', 'x']])
      expect(
        (
          await poll({
            records: letters('ab'),
            answer: (_, attempt) => (attempt === 1 ? failing(...ids) : fine),
          })
        ).batches,
      ).toEqual(['ab', 'ab']);
  });

  test('mean nothing to a mapping that does not ask for them', async () => {
    const script = { records: letters('abc'), answer: () => failing('b') };
    expect((await poll({ ...script, settings: { reportsFailures: false } })).batches).toEqual(['abc']);
  });
});

describe('errors', () => {
  const killedBy = (letter: string) => (ids: string) => (ids.includes(letter) ? error : fine);

  test('halve the batch until the record to blame comes alone; the rest goes on in order once it is given up', async () => {
    const { batches, givenUp, settled } = await poll({
      settings: { retries: 2 },
      records: letters('abcdefgh'),
      answer: killedBy('f'),
    });
    expect(batches).toEqual(['abcdefgh', 'abcd', 'efgh', 'ef', 'e', 'f', 'f', 'f', 'gh']);
    expect(givenUp).toEqual(['RetryAttemptsExhausted f after 3']);
    expect(settled).toBe('h');
  });

  test('give the whole batch again where the mapping does not bisect, and give all of it up', async () => {
    const { batches, givenUp } = await poll({
      settings: { bisects: false, retries: 1, batchSize: 4 },
      records: letters('abcdefgh'),
      answer: killedBy('c'),
    });
    expect(batches).toEqual(['abcd', 'abcd', 'efgh']);
    expect(givenUp).toEqual(['RetryAttemptsExhausted abcd after 2']);
  });

  test('are retried for ever without a limit, with longer and longer pauses', async () => {
    const { batches, givenUp, time } = await poll({
      records: letters('a'),
      answer: (_, attempt) => (attempt <= 20 ? error : fine),
    });
    expect(batches).toHaveLength(21);
    expect(givenUp).toEqual([]);
    expect(time).toBeGreaterThan(10 * 60_000);
  });

  test('end with the greatest age: younger records go on', async () => {
    const records = [
      { sequence: 'a', arrivalTime: 0, bytes: 1 },
      { sequence: 'b', arrivalTime: 10_000, bytes: 1 },
    ];
    const { batches, givenUp, settled } = await poll({
      settings: { maxAgeMs: 1_000, bisects: false },
      records,
      answer: ids => (ids === 'ab' ? error : fine),
    });
    expect(new Set(batches)).toEqual(new Set(['ab', 'b']));
    expect(givenUp).toEqual([expect.stringMatching(/^RecordAgeExceeded a after \d+$/)]);
    expect(settled).toBe('b');
  });
});

test('an invocation that was throttled takes no retry', async () => {
  const { batches, givenUp } = await poll({
    settings: { retries: 0 },
    records: letters('ab'),
    answer: (_, attempt) => (attempt <= 5 ? { kind: 'throttled' } : fine),
  });
  expect(batches).toEqual(['ab', 'ab', 'ab', 'ab', 'ab', 'ab']);
  expect(givenUp).toEqual([]);
});

describe('a mapping', () => {
  const deployed = { BatchSize: 500, StartingPosition: 'TRIM_HORIZON' };

  test('is read with Lambda’s defaults where it says nothing', () => {
    expect(settingsOf({ StartingPosition: 'TRIM_HORIZON' })).toEqual({
      batchSize: 100,
      batchingWindowMs: 0,
      bisects: false,
      retries: null,
      maxAgeMs: null,
      reportsFailures: false,
      destination: null,
    });
  });

  test('is read as it was deployed', () => {
    const read = settingsOf({
      ...deployed,
      MaximumBatchingWindowInSeconds: 5,
      BisectBatchOnFunctionError: true,
      MaximumRetryAttempts: 7,
      MaximumRecordAgeInSeconds: 86_400,
      ParallelizationFactor: 1,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      DestinationConfig: { OnFailure: { Destination: 'arn:aws:s3:::failures' } },
    });
    expect(read).toEqual({
      batchSize: 500,
      batchingWindowMs: 5_000,
      bisects: true,
      retries: 7,
      maxAgeMs: 86_400_000,
      reportsFailures: true,
      destination: 'arn:aws:s3:::failures',
    });
  });

  test('that asks for what the poller does not do is refused', () => {
    for (const changed of [
      { ParallelizationFactor: 2 },
      { TumblingWindowInSeconds: 60 },
      { StartingPosition: 'LATEST' },
      { FilterCriteria: { Filters: [{}] } },
    ])
      expect(() => settingsOf({ ...deployed, ...changed })).toThrow(MappingSettingsError);
  });
});
