import { Source } from '../generate.ts';
import type { StateShape } from '../shape.ts';
import { eternal, type State } from '../state.ts';
import { minute } from '../time.ts';
import { CorruptBytesError, Reader, type Writer } from './bytes.ts';
import { beginReading, beginWriting, endReading } from './cells.ts';
import {
  emitReadTiles,
  emitWriteTiles,
  readFirstForm,
  readTilesVariables,
  writeTilesVariables,
} from './tiles.ts';

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
  const create = compileCreate(shape);
  const readSized = compileReadSized(shape);
  return {
    create,
    write: compileWrite(shape),
    read(r) {
      const state = create();
      readHead(r, head);
      const { newest, sized } = head;
      if (newest === eternal) return state;
      state.newest = newest;
      state.bytes = r.bytes;
      if (sized) {
        readSized(r, state, newest);
        return state;
      }
      for (const track of shape.tracks) readFirstForm(r, track, state);
      for (const { key, aggregator } of shape.recents) {
        const recent = aggregator.decode(r, newest);
        if (!aggregator.isEmpty(recent)) state[key] = recent;
      }
      return state;
    },
  };
}

function compileReadSized({ tracks, recents }: StateShape) {
  const source = new Source();
  source.line(beginReading);
  source.line(readTilesVariables);
  source.line(`let recent = null; const minutes = Math.floor(newest / ${minute});`);
  for (const track of tracks) emitReadTiles(source, track);
  for (const { key, aggregator } of recents) {
    const name = source.constant(aggregator);
    source.line('if (bytes[at] === 0) at++;');
    source.line(`else { r.at = at; recent = ${name}.readKept(r, newest); at = r.at;`);
    source.line(`if (!${name}.isEmpty(recent)) state.${key} = recent; }`);
  }
  source.line(endReading);
  return source.compile(['r', 'state', 'newest']) as (r: Reader, state: State, newest: number) => void;
}

function compileWrite({ tracks, recents }: StateShape): StateCodec['write'] {
  const source = new Source();
  source.line(`
    const { newest, bytes } = state;
    if (newest === -Infinity) { w.byte(0); return; }
    w.byte(${sizedForm});
    w.int(newest);`);
  source.line(beginWriting);
  source.line(writeTilesVariables);
  source.line(`const minutes = Math.floor(newest / ${minute});`);
  for (const track of tracks) emitWriteTiles(source, track);
  source.line('w.at = at;');
  for (const { key, aggregator } of recents) {
    source.line(`if (state.${key} === null) w.byte(0);`);
    source.line(`else ${source.constant(aggregator)}.writeKept(w, state.${key}, newest);`);
  }
  return source.compile(['w', 'state']) as StateCodec['write'];
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
