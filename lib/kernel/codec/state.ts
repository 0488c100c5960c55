import { Source } from '../generate.ts';
import type { StateShape } from '../shape.ts';
import { eternal, type State } from '../state.ts';
import { CorruptBytesError, Reader, type Writer } from './bytes.ts';
import { trackCodec } from './tiles.ts';

/**
 * The state of one entity in one group as bytes: 0 when it is empty; else 1, its newest time (signed varint, ms), the
 * tiles of each track (tiles.ts), and of each recent slot its values. Slots appear in the Plan's order, which a
 * group version never changes.
 */
export interface StateCodec {
  create(): State;
  write(w: Writer, state: State): void;
  read(r: Reader): State;
}

export function stateCodec(shape: StateShape): StateCodec {
  const tracks = shape.tracks.map(trackCodec);
  const create = compileCreate(shape);
  return {
    create,
    write(w, state) {
      if (state.newest === eternal) {
        w.byte(0);
        return;
      }
      w.byte(1);
      w.int(state.newest);
      for (const track of tracks) track.write(w, state);
      for (const { key, aggregator } of shape.recents) {
        const recent = state[key];
        if (recent === null) w.byte(0);
        else aggregator.encode(w, recent, state.newest);
      }
    },
    read(r) {
      const state = create();
      state.newest = readNewest(r);
      if (state.newest === eternal) return state;
      for (const track of tracks) track.read(r, state);
      for (const { key, aggregator } of shape.recents) {
        const recent = aggregator.decode(r, state.newest);
        if (!aggregator.isEmpty(recent)) state[key] = recent;
      }
      return state;
    },
  };
}

/** The newest time of a state, which stands at its beginning; −∞ of an empty one, which ends there. */
export function readNewest(r: Reader): number {
  const form = r.byte();
  if (form === 0) return eternal;
  if (form !== 1) throw new CorruptBytesError(`unknown state form ${form} at byte ${r.at}`);
  return r.int();
}

/** The same of a state in bytes. Throws CorruptBytesError. */
export function newestOf(bytes: Uint8Array): number {
  reader.reset(bytes);
  return readNewest(reader);
}

const reader = new Reader(new Uint8Array());

/** One literal, so that all states share one hidden class. */
function compileCreate(shape: StateShape): () => State {
  const source = new Source();
  // Tracks without objects share one list that nothing is ever put into.
  const none = source.constant([]);
  const members = [
    'newest: -Infinity',
    ...shape.tracks.map(t => `${t.cellsKey}: []`),
    ...shape.tracks.map(t => `${t.objectsKey}: ${t.objectStride > 0 ? '[]' : none}`),
    ...shape.tracks.map(t => `${t.closedKey}: null`),
    ...shape.recents.map(r => `${r.key}: null`),
  ];
  source.line(`return { ${members.join(', ')} };`);
  return source.compile([]) as () => State;
}
