import { createDynamoStateStore } from '../../../lib/adapters/dynamodb/state-store.ts';
import { dynamoRowLimits } from '../../../lib/adapters/dynamodb/tables.ts';
import type { Definitions } from '../../../lib/define/index.ts';
import { batchesOf, type SampleEvent } from '../../../lib/infra/cost/measure-sample.ts';
import type { Batching } from '../../../lib/infra/cost/traffic.ts';
import { tableOf } from '../../../lib/runtime/rows.ts';
import { createTransform } from '../../../lib/runtime/transform.ts';
import { startDynamo } from '../../adapters/dynamodb/servers.ts';
import { makeTables, testClient } from '../../adapters/dynamodb/support.ts';

/** What a DynamoDB said that it took, by what it was for. */
export interface WireUnits {
  readonly events: number;
  readonly write: number;
  readonly read: number;
  readonly progressWrite: number;
  readonly progressRead: number;
  readonly batches: number;
}

/** Runs the transform on a DynamoDB over HTTP, and adds up what its answers say from the time `from` on. */
export async function unitsOnTheWire(
  { plan, functions }: Pick<Definitions, 'plan' | 'functions'>,
  stream: string,
  events: readonly SampleEvent[],
  batching: Batching,
  from: number,
): Promise<WireUnits> {
  const server = await startDynamo();
  const client = testClient(server.url);
  try {
    const { names } = await makeTables(client, ...plan.groups.map(tableOf));
    const units = { events: 0, write: 0, read: 0, progressWrite: 0, progressRead: 0, batches: 0 };
    let now = 0;
    let isCounting = false;
    const nowhere = { put: async () => {} };
    const transform = createTransform({
      plan,
      functions,
      stream,
      incarnation: 'wire',
      store: createDynamoStateStore({
        client,
        ...names,
        onConsumed({ operation, table, units: taken }) {
          if (!isCounting) return;
          const isWrite = operation === 'PutItem' || operation === 'BatchWriteItem';
          const of =
            table === names.progressTable
              ? isWrite
                ? 'progressWrite'
                : 'progressRead'
              : isWrite
                ? 'write'
                : 'read';
          units[of] += taken;
        },
      }),
      quarantine: nowhere,
      unapplied: nowhere,
      clock: { now: () => now },
      limits: dynamoRowLimits,
    });
    for (const batch of batchesOf(events, batching)) {
      isCounting = batch.start >= from;
      now = batch.end;
      await transform(batch);
      if (!isCounting) continue;
      units.batches++;
      units.events += batch.records.length;
    }
    return units;
  } finally {
    client.destroy();
    await server.stop();
  }
}
