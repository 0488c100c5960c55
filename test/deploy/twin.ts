import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CompiledDefinitions, openLocal } from '../../lib/local/index.ts';
import type { LogRecord, QuarantinedEvent } from '../../lib/runtime/ports.ts';
import type { EntityKey } from '../../lib/runtime/read.ts';
import { createAnswerWriter } from '../../lib/service/feature-answer.ts';
import type { FeatureAnswer } from './compare.ts';

/**
 * The local service over the records of a deployed stream, with the positions and arrivals that these got there: what it
 * answers is what the deployment has to answer.
 */
export interface Twin {
  /** Processes records of the stream, by shard, that it has not had yet. */
  feed(shards: ReadonlyMap<string, readonly LogRecord[]>): Promise<void>;
  /** Records that the deployed mapping gave up, before the function ever settled them: what is fed later has them not. */
  leaveOut(sequences: readonly string[]): void;
  /** As `POST /v1/features` answers for this time. */
  answer(group: string, keys: readonly EntityKey[], asOf: number): Promise<FeatureAnswer>;
  /** Every key of a group version's rows. */
  rowKeys(table: string): Promise<ReadonlySet<string>>;
  setAside(): Promise<readonly QuarantinedEvent[]>;
  close(): Promise<void>;
}

export async function openTwin(definitions: CompiledDefinitions, stream: string): Promise<Twin> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-twin-'));
  const local = await openLocal({ directory, definitions, create: true, durability: 'os' });
  const live = (await local.goLive()).find(s => s.stream.name === stream);
  if (live === undefined) throw new RangeError(`the definitions have no stream ${stream}`);
  const { store, transform } = live;
  const had = new Map<string, number>();
  const leftOut = new Set<string>();
  const { write } = createAnswerWriter();

  return {
    async feed(shards) {
      for (const [shard, records] of shards) {
        const fresh = records.slice(had.get(shard) ?? 0).filter(r => !leftOut.has(String(r.sequence)));
        for (let from = 0; from < fresh.length; from += batch) {
          const result = await transform({ shard, records: fresh.slice(from, from + batch) });
          if (result.failed > 0) throw result.error ?? new Error(`${shard}: ${result.failed} events failed`);
        }
        had.set(shard, records.length);
      }
    },
    leaveOut(sequences) {
      for (const sequence of sequences) leftOut.add(sequence);
    },
    async answer(group, keys, asOf) {
      const text = write(await local.find('group', group, keys, { asOf }));
      return JSON.parse(text.toString());
    },
    async rowKeys(table) {
      const keys = new Set<string>();
      for await (const key of store.scan(table)) keys.add(key);
      return keys;
    },
    setAside: () => local.quarantine.list({ stream, limit: Number.MAX_SAFE_INTEGER }),
    async close() {
      await local.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

const batch = 1_000;
