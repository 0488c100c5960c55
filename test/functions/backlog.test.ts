import { beforeEach, expect, test } from 'vitest';
import { type Backlog, createBacklog } from '../../functions/ingest/backlog.ts';
import type { EventOutcome } from '../../lib/adapters/kinesis/outcome.ts';
import { StoreError } from '../../lib/runtime/errors.ts';
import type { ShardProgress } from '../../lib/runtime/ports.ts';

const limitMs = 60_000;
let time: number;
let progress: Map<string, ShardProgress>;
let reads: number;
let fault: Error | null;
let errors: unknown[];
let backlog: Backlog;
beforeEach(() => {
  time = 1_000_000;
  progress = new Map();
  reads = 0;
  fault = null;
  errors = [];
  backlog = createBacklog({
    async readProgress() {
      reads++;
      if (fault !== null) throw fault;
      return new Map(progress);
    },
    limitMs,
    clock: { now: () => time },
    onError: error => errors.push(error),
  });
});

const at = (sequence: number, shard = 'a'): EventOutcome => ({
  status: 'accepted',
  shard,
  sequence: BigInt(sequence),
  index: 0,
});
const process = (sequence: number, shard = 'a') =>
  progress.set(shard, { sequence: BigInt(sequence), index: 2 ** 31 });

test('nothing is behind before the limit, and progress is not read', async () => {
  expect(await backlog.behindMs()).toBe(null);
  backlog.stored([at(1)]);
  time += limitMs;
  expect(await backlog.behindMs()).toBe(null);
  expect(reads).toBe(0);
});

test('an event that waits longer than it may is behind, until it is processed', async () => {
  backlog.stored([at(1), at(2)]);
  time += limitMs + 5_000;
  expect(await backlog.behindMs()).toBe(65_000);
  process(1);
  time += 2_000;
  expect(await backlog.behindMs()).toBe(67_000);
  process(2);
  time += 2_000;
  expect(await backlog.behindMs()).toBe(null);
});

test('the shard that stands still decides', async () => {
  backlog.stored([at(1), at(9, 'b')]);
  process(1);
  time += limitMs + 1;
  expect(await backlog.behindMs()).toBe(limitMs + 1);
  process(8, 'b');
  time += 2_000;
  expect(await backlog.behindMs()).toBe(limitMs + 2_001);
  process(9, 'b');
  time += 2_000;
  expect(await backlog.behindMs()).toBe(null);
});

test('what was not stored waits for nobody', async () => {
  backlog.stored([{ status: 'failed', reason: 'throttled', message: '', uncertain: false }]);
  time += 10 * limitMs;
  expect(await backlog.behindMs()).toBe(null);
});

test('with events all the time progress is read now and then, and again soon where it is behind', async () => {
  for (let second = 1; second <= 600; second++) {
    time += 1_000;
    backlog.stored([at(second)]);
    process(second);
    expect(await backlog.behindMs()).toBe(null);
  }
  expect(reads).toBeLessThanOrEqual(600 / (60 / 8));
  backlog.stored([at(700)]);
  time += 2 * limitMs;
  reads = 0;
  for (let tenth = 0; tenth < 100; tenth++) {
    time += 100;
    expect(await backlog.behindMs()).toBeGreaterThan(limitMs);
  }
  expect(reads).toBe(5);
});

test('what has waited too long only since progress was read may be processed by now', async () => {
  backlog.stored([at(1)]);
  time += 1_000;
  backlog.stored([at(9, 'b')]);
  process(1);
  time += limitMs - 500;
  expect(await backlog.behindMs()).toBe(null);
  process(9, 'b');
  time += 1_000;
  expect(await backlog.behindMs()).toBe(null);
  expect(reads).toBe(1);
});

test('who asks while progress is read waits for it', async () => {
  backlog.stored([at(1)]);
  process(1);
  time += 10 * limitMs;
  expect(await Promise.all([backlog.behindMs(), backlog.behindMs()])).toEqual([null, null]);
  expect(reads).toBe(1);
});

test('where progress cannot be read nothing is refused', async () => {
  backlog.stored([at(1)]);
  time += limitMs + 1;
  fault = new StoreError('throttled', 'too fast');
  expect(await backlog.behindMs()).toBe(null);
  expect(errors).toEqual([fault]);
  fault = null;
  time += 2_000;
  expect(await backlog.behindMs()).toBe(limitMs + 2_001);
});
