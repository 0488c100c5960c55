import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import definitions from '../../features/feed/index.ts';
import { openDataDirectory } from '../../lib/adapters/rocksdb/data-directory.ts';
import { createQuarantine } from '../../lib/adapters/rocksdb/quarantine.ts';
import { createUnappliedStore } from '../../lib/adapters/rocksdb/unapplied.ts';
import type { StateStore, StoredRow } from '../../lib/runtime/ports.ts';
import { createReader, type Reader } from '../../lib/runtime/read.ts';
import { defaultLimits } from '../../lib/service/limits.ts';
import { createMetrics } from '../../lib/service/metrics.ts';
import { createServer } from '../../lib/service/server.ts';
import { type FilledFeed, fillFeed } from '../reads/feed-directory.ts';
import { load } from '../reads/load.ts';
import type { LoadReport } from '../reads/load-child.ts';
import { type Benchmark, collectYoungGarbage, median, type Result } from '../result.ts';

/**
 * Reads of the feed example's services from warm rows of some ten thousand users and videos, over HTTP by a client in
 * another process: one user's 50 features (`retrieval_v1`), against the same server answering the same requests with a
 * canned body of that size; and the ranking call (`ranking_v1`): 50 features of a user, 20 of each of 500 videos, and
 * six computed on demand for each.
 * Rows do not change meanwhile: what was made of one is known from its third read on (decision 0014). The same where each
 * row has changed since it was read last has figures of its own.
 */
export const reads: Benchmark = async ({ runs, shrink, progress }) => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-'));
  const directory = await openDataDirectory(folder, { create: true });
  try {
    progress('reads: filling rows');
    const size = { events: 600_000, users: 30_000, items: 30_000, seed: 1 };
    const feed = await fillFeed(directory, {
      ...size,
      events: Math.ceil(size.events / shrink),
    });
    const clock = { now: () => feed.now };
    const reader = createReader({ ...definitions, store: feed.store, clock });
    const serverOf = (reader: Reader) => {
      const quarantine = createQuarantine(directory);
      const unapplied = createUnappliedStore(directory);
      return createServer({
        service: {
          plan: definitions.plan,
          streams: new Map(),
          reader,
          quarantine,
          unapplied,
          redrive: async () => 0,
          redriveUnapplied: async () => ({ applied: 0, settled: 0, waiting: [] }),
          metrics: createMetrics(quarantine, unapplied),
          limits: defaultLimits,
          stopping: () => false,
        },
        onError: error => {
          throw error;
        },
      });
    };
    const server = serverOf(reader);
    const changing = serverOf(createReader({ ...definitions, store: everChanging(feed.store), clock }));
    const bodies = Array.from({ length: 5_000 }, () =>
      JSON.stringify({ service: 'retrieval_v1', entities: [{ user: feed.someUser() }] }),
    );
    let canned = '';
    server.post('/canned', async (_, reply) =>
      reply.code(200).header('content-type', 'application/json; charset=utf-8').send(canned),
    );
    canned = await typicalAnswer(server, bodies);
    try {
      const ports = { port: await listen(server), changingPort: await listen(changing) };
      const run = { ...ports, seconds: shrink > 1 ? 0.2 : 4, runs, progress };
      return [
        ...(await oneUser({ ...run, bodies, size: canned.length })),
        ...(await ranking({ ...run, feed, reader, items: Math.ceil(500 / shrink) })),
      ];
    } finally {
      await server.close();
      await changing.close();
    }
  } finally {
    await directory.close();
    await rm(folder, { recursive: true, force: true });
  }
};

async function listen(server: ReturnType<typeof createServer>): Promise<number> {
  await server.listen({ port: 0, host: '127.0.0.1' });
  return (server.server.address() as AddressInfo).port;
}

/** A store whose rows have another version each time, as if events had come in between: nothing that is kept of one helps. */
function everChanging(store: StateStore): StateStore {
  let changes = 0;
  return {
    ...store,
    watch: () => ({ hasChanged: true, end: () => {} }),
    read(table, keys) {
      changes++;
      const changed = (rows: readonly (StoredRow | null)[]) =>
        rows.map(row => row && { ...row, version: row.version + changes });
      const rows = store.read(table, keys);
      // At once, as the store itself: a promise would be another way through a read.
      return rows instanceof Promise ? rows.then(changed) : changed(rows);
    },
  };
}

/** The answer of median length. */
async function typicalAnswer(server: ReturnType<typeof createServer>, bodies: readonly string[]) {
  const answers: string[] = [];
  for (const body of bodies.slice(0, 501)) {
    const headers = { 'content-type': 'application/json' };
    const { statusCode, payload } = await server.inject({
      method: 'POST',
      url: '/v1/features',
      headers,
      body,
    });
    if (statusCode !== 200) throw new Error(payload);
    answers.push(payload);
  }
  answers.sort((a, b) => a.length - b.length);
  return answers[answers.length >> 1] as string;
}

interface Run {
  readonly port: number;
  /** Where each row has changed since it was read last. */
  readonly changingPort: number;
  readonly seconds: number;
  readonly runs: number;
  readonly progress: (what: string) => void;
}

async function oneUser({
  port,
  changingPort,
  bodies,
  seconds,
  runs,
  size,
  progress,
}: Run & { readonly bodies: readonly string[]; readonly size: number }): Promise<Result[]> {
  const canned = { port, path: '/canned' };
  const read = { port, path: '/v1/features' };
  const readChanged = { port: changingPort, path: '/v1/features' };
  const slice = seconds / 8;
  const closed = { seconds: slice, connections: 8, awake: true };
  const halfOfFirst = { seconds: slice, connections: 64, halfOf: 0 };
  const rounds = 12;
  // Until all rows have been asked for three times.
  await load({ bodies, phases: [{ ...read, ...closed }], rounds: 3 * rounds });
  const rate: number[] = [];
  const floor: number[] = [];
  const ratio: number[] = [];
  const p99: number[] = [];
  const floorP99: number[] = [];
  const p99Ratio: number[] = [];
  for (let run = 0; run < runs; run++) {
    progress(`reads: one user, run ${run + 1} of ${runs}`);
    collectYoungGarbage();
    const phases = [
      { ...canned, ...closed },
      { ...read, ...closed },
      { ...canned, ...halfOfFirst },
      { ...read, ...halfOfFirst },
    ];
    const reports = await load({ bodies, phases, rounds, warmUps: 2 });
    const [byCanned, byRead, cannedHalf, readHalf] = reports as [
      LoadReport,
      LoadReport,
      LoadReport,
      LoadReport,
    ];
    floor.push(median(byCanned.perSecond));
    rate.push(median(byRead.perSecond));
    ratio.push(ratioOf(byRead, byCanned));
    floorP99.push(cannedHalf.p99);
    p99.push(readHalf.p99);
    p99Ratio.push(readHalf.p99 / cannedHalf.p99);
  }
  // After all others: a second server in the process makes V8 drop code that was made for one.
  const changed: number[] = [];
  const changedRatio: number[] = [];
  for (let run = 0; run < runs; run++) {
    progress(`reads: one user, each row changed, run ${run + 1} of ${runs}`);
    const phases = [canned, readChanged].map(to => ({ ...to, ...closed }));
    const reports = await load({ bodies, phases, rounds, warmUps: 2 });
    const [byCanned, byRead] = reports as [LoadReport, LoadReport];
    changed.push(median(byRead.perSecond));
    changedRatio.push(ratioOf(byRead, byCanned));
  }
  const note = `50 features, ${size} bytes; rows that stay as they are; writing JSON, HTTP`;
  return [
    { id: 'reads.user', value: median(rate), unit: 'requests/s', floor: median(floor), note },
    { id: 'reads.user.ratio', value: median(ratio), unit: 'of canned', goal: 0.5 },
    {
      id: 'reads.user.changed',
      value: median(changed),
      unit: 'requests/s',
      floor: median(floor),
      note: 'each row changed since it was read last',
    },
    { id: 'reads.user.changed.ratio', value: median(changedRatio), unit: 'of canned' },
    { id: 'reads.user.p99', value: median(p99), unit: 'ms', floor: median(floorP99) },
    { id: 'reads.user.p99.ratio', value: median(p99Ratio), unit: '× canned', goal: 2, lower: true },
  ];
}

/** Of two phases that went round by round. */
const ratioOf = (one: LoadReport, other: LoadReport): number =>
  median(one.perSecond.map((rate, round) => rate / other.perSecond[round]!));

async function ranking({
  port,
  changingPort,
  feed,
  reader,
  items,
  seconds,
  runs,
  progress,
}: Run & { readonly feed: FilledFeed; readonly reader: Reader; readonly items: number }): Promise<Result[]> {
  const context = { hour: 20, os: 'ios', position: 3 };
  const requests = Array.from({ length: 100 }, () => {
    const user = feed.someUser();
    return { user, videos: feed.someItems(items).map(item => ({ item })) };
  });
  const inProcess: number[] = [];
  const overHttp: number[] = [];
  const changed: number[] = [];
  const bodies = requests.map(({ user, videos }) =>
    JSON.stringify({ service: 'ranking_v1', shared: { user }, entities: videos, context }),
  );
  const ask = async (at = port): Promise<LoadReport> => {
    const phase = { port: at, path: '/v1/features', seconds: 2 * seconds, connections: 1 };
    const [report] = await load({ bodies, phases: [phase], rounds: 1 });
    return report!;
  };
  await ask();
  for (let run = 0; run < runs; run++) {
    progress(`reads: ranking, run ${run + 1} of ${runs}`);
    const took: number[] = [];
    for (const { user, videos } of requests) {
      const entities = videos.map(({ item }) => ({ user, item }));
      const from = performance.now();
      await reader.readService('ranking_v1', entities, { context });
      took.push(performance.now() - from);
    }
    inProcess.push(took.sort((a, b) => a - b)[Math.floor(took.length * 0.99)] as number);
    overHttp.push((await ask()).p99);
    changed.push((await ask(changingPort)).p99);
  }
  const note = `${items} videos × 20 features, a user’s 50 and 6 on demand for each, one request after the other; rows that stay as they are`;
  return [
    { id: 'reads.ranking.p99', value: median(inProcess), unit: 'ms in process', note },
    { id: 'reads.ranking.http.p99', value: median(overHttp), unit: 'ms over HTTP', goal: 15, lower: true },
    {
      id: 'reads.ranking.changed.http.p99',
      value: median(changed),
      unit: 'ms over HTTP',
      note: 'each row changed since it was read last',
    },
  ];
}
