import { compileDecoder, isRejection, type State, type StreamEvent } from '../../lib/kernel/index.ts';
import { randomNumbers } from '../random.ts';
import { type Benchmark, clocked, collectGarbage, median, type Result } from '../result.ts';
import { createEvents, kernelOf, timeOf, workload } from '../workload.ts';

/**
 * What a row costs beside its events: encode, decode, merge, finalize, in microseconds, and its bytes. The rows are
 * of users with 30 events over two hours: 12 to 14 tiles.
 */
export const codec: Benchmark = async ({ runs, shrink, progress }) => {
  const results: Result[] = [];
  for (const group of ['engagement', 'interests'] as const) {
    const kernel = kernelOf(group);
    const states = typicalStates(kernel.update, kernel.createState, Math.ceil(4000 / shrink));
    const query = timeOf(7_200_000) + 1;
    const samples = { encode: [], decode: [], merge: [], finalize: [] } as Record<string, number[]>;
    let bytes = 0;
    for (let run = 0; run < runs * 3; run++) {
      progress(`codec ${group}, run ${run + 1} of ${runs * 3}`);
      collectGarbage();
      const encoded: Uint8Array[] = [];
      const per = (ms: number) => (ms * 1000) / states.length;
      samples.encode?.push(
        per(
          clocked(() => {
            for (const s of states) encoded.push(kernel.encode(s));
          }),
        ),
      );
      const decoded: State[] = [];
      samples.decode?.push(
        per(
          clocked(() => {
            for (const b of encoded) decoded.push(kernel.decode(b));
          }),
        ),
      );
      samples.finalize?.push(
        per(
          clocked(() => {
            for (const s of states) kernel.finalize(s, query);
          }),
        ),
      );
      samples.merge?.push(
        per(
          clocked(() => {
            for (let i = 0; i < states.length; i++) kernel.merge(decoded[i] as State, states[i] as State);
          }),
        ),
      );
      bytes = encoded.reduce((sum, b) => sum + b.length, 0) / encoded.length;
    }
    for (const [what, values] of Object.entries(samples)) {
      results.push({
        id: `codec.${group}.${what}`,
        value: median(values),
        unit: 'µs/row',
        note: 'tiles × slots',
      });
    }
    results.push({ id: `codec.${group}.bytes`, value: bytes, unit: 'bytes/row' });
  }
  return results;
};

function typicalStates(
  update: (state: State, event: StreamEvent) => boolean,
  create: () => State,
  count: number,
): State[] {
  const random = randomNumbers(3);
  const event = createEvents(4);
  const stream = workload.plan.streams[0];
  if (stream === undefined) throw new Error('no stream');
  const decode = compileDecoder(stream);
  return Array.from({ length: count }, (_, userNumber) => {
    const state = create();
    const times = Array.from({ length: 30 }, () => Math.floor(random() * 7_200_000)).sort((a, b) => a - b);
    for (const n of times) {
      const decoded = decode(event(n, userNumber), timeOf(n), { shard: '', sequence: n, index: 0 });
      if (isRejection(decoded)) throw new Error(decoded.detail);
      update(state, decoded);
    }
    return state;
  });
}
