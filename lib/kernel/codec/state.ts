import { Source } from '../generate.ts';
import type { StateShape } from '../shape.ts';
import { eternal, type State } from '../state.ts';
import { CorruptBytesError, Reader, type Writer } from './bytes.ts';
import { trackCodec } from './tiles.ts';

/**
 * The state of one entity in one group as bytes: 0 when it is empty; else its form, 2, its newest time (signed varint,
 * ms), the tiles of each track (tiles.ts), and of each recent slot its values. Slots appear in the Plan's order, which
 * a group version never changes.
 *
 * Form 1, of row codec 1, has no lengths in newest tiles and recent slots, so that reading it takes all of it apart.
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
      w.byte(sizedForm);
      w.int(state.newest);
      for (const track of tracks) track.write(w, state);
      for (const { key, aggregator } of shape.recents) {
        const recent = state[key];
        if (recent === null) w.byte(0);
        else aggregator.writeKept(w, recent, state.newest);
      }
    },
    read(r) {
      const state = create();
      readHead(r, head);
      const { newest, sized } = head;
      state.newest = newest;
      if (newest === eternal) return state;
      state.bytes = r.bytes;
      for (const track of tracks) track.read(r, state, sized);
      for (const { key, aggregator } of shape.recents) {
        const recent = sized ? aggregator.readKept(r, newest) : aggregator.decode(r, newest);
        if (!aggregator.isEmpty(recent)) state[key] = recent;
      }
      return state;
    },
  };
}

/** What stands at the beginning of a state. */
export interface StateHead {
  /** −∞ of an empty state, which ends there. */
  newest: number;
  /** Whether lengths stand before what updates may leave as it is. */
  sized: boolean;
}

export function readHead(r: Reader, into: StateHead): void {
  const form = r.byte();
  if (form > sizedForm) throw new CorruptBytesError(`unknown state form ${form} at byte ${r.at}`);
  into.sized = form === sizedForm;
  into.newest = form === 0 ? eternal : r.int();
}

const sizedForm = 2;

/** The newest time of a state in bytes; −∞ of an empty one. Throws CorruptBytesError. */
export function newestOf(bytes: Uint8Array): number {
  reader.reset(bytes);
  readHead(reader, head);
  return head.newest;
}

// One of each serves all: reading never waits in between.
const reader = new Reader(new Uint8Array());
const head: StateHead = { newest: eternal, sized: true };

/** One literal, so that all states share one hidden class. */
function compileCreate(shape: StateShape): () => State {
  const source = new Source();
  const members = [
    'newest: -Infinity',
    `bytes: ${source.constant(new Uint8Array())}`,
    ...shape.tracks.map(t => `${t.cellsKey}: null`),
    ...shape.tracks.map(t => `${t.objectsKey}: null`),
    ...shape.tracks.map(t => `${t.encodedKey}: null`),
    ...shape.recents.map(r => `${r.key}: null`),
  ];
  source.line(`return { ${members.join(', ')} };`);
  return source.compile([]) as () => State;
}
