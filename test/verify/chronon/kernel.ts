import { compileDecoder, compileGroup, isRejection, toExternal } from '../../../lib/kernel/index.ts';
import { planOf } from './plan.ts';
import type { Spec, SpecEvent, VectorValue } from './spec.ts';

/**
 * The kernel's values for one key: by query time (ascending), in the spec's order of positions. `events` are all of
 * the key's, in file order, which is also their position in the log.
 */
export type Computation = (
  events: readonly SpecEvent[],
  queries: readonly number[],
) => readonly (readonly VectorValue[])[];

/**
 * Two ways to one value: `folded`, one state that takes the events as they come; `merged`, what streams, backfills
 * and hot rows do: two states that take turns, written to bytes, read back and merged.
 */
export const ways = ['folded', 'merged'] as const;
export type Way = (typeof ways)[number];

export function createComputation(spec: Spec, way: Way): Computation {
  const { plan, group } = planOf(spec);
  const decode = compileDecoder(plan.streams[0]!);
  const kernel = compileGroup(plan, group);
  return (events, queries) => {
    const log = events
      .map((event, sequence) => {
        const columns = spec.columns.map(({ name }, i) => [name, event.columns[i]] as const);
        const json = { key: 'k', ts: event.time, ...Object.fromEntries(columns) };
        const decoded = decode(json, event.time, { shard: 'log', sequence, index: 0 });
        if (isRejection(decoded)) {
          throw new Error(`spec ${spec.entity}: event ${sequence} is refused: ${decoded.detail}`);
        }
        return decoded;
      })
      .sort((a, b) => a.time - b.time); // a query sees what lies before it, wherever the file has it
    const states = [kernel.createState(), kernel.createState()];
    let next = 0;
    return queries.map(q => {
      for (; next < log.length && log[next]!.time < q; next++) {
        kernel.update(states[way === 'merged' ? next % 2 : 0]!, log[next]!);
      }
      let state = states[0]!;
      if (way === 'merged') {
        state = kernel.decode(kernel.encode(states[0]!));
        kernel.merge(state, kernel.decode(kernel.encode(states[1]!)));
      }
      const { values } = kernel.finalize(state, q);
      return group.features.map((feature, i) => toExternal(values[i]!, feature.type) as VectorValue);
    });
  };
}
