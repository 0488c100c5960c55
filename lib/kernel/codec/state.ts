import { Source } from '../generate.ts';
import type { State, StateShape, Track } from '../group.ts';
import { eternal } from '../tiles.ts';
import { floorTo } from '../time.ts';
import { CorruptBytesError, type Reader, type Writer } from './bytes.ts';

/**
 * The state of one entity in one group as bytes:
 *
 *     newest                signed varint, ms; absent times are written as distances back from it
 *     for each track:
 *       2 × tiles + (1 when the oldest takes all of the time before the others)
 *       for each tile, newest first:
 *         how many finest hops its start lies before the one above (not for the tile of all time)
 *         bitmap of the slots that are not empty, 8 a byte, then their partials
 *     for each recent slot: its values (ordered.ts)
 *
 * An empty state is the single byte 0 before all that; others begin with 1. Slots appear in the Plan's order, which
 * a group version never changes.
 */
export interface StateCodec {
  create(): State;
  write(w: Writer, state: State): void;
  read(r: Reader): State;
}

export function stateCodec(shape: StateShape): StateCodec {
  const writeTrack = shape.tracks.map(compileWrite);
  const readTrack = shape.tracks.map(compileRead);
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
      for (const write of writeTrack) write(w, state);
      for (const { key, aggregator } of shape.recents) {
        const recent = state[key];
        if (recent === null) w.byte(0);
        else aggregator.encode(w, recent, state.newest);
      }
    },
    read(r) {
      const state = create();
      const form = r.byte();
      if (form === 0) return state;
      if (form !== 1) throw new CorruptBytesError(`unknown state form ${form} at byte ${r.at}`);
      state.newest = r.int();
      for (const read of readTrack) read(r, state);
      for (const { key, aggregator } of shape.recents) {
        const recent = aggregator.decode(r, state.newest);
        if (!aggregator.isEmpty(recent)) state[key] = recent;
      }
      return state;
    },
  };
}

type WriteTrack = (w: Writer, state: State) => void;
type ReadTrack = (r: Reader, state: State) => void;

/** Literals instead of loops, so that states share one hidden class and their arrays start in the right kind. */
function compileCreate(shape: StateShape): () => State {
  const source = new Source();
  const members = [
    'newest: -Infinity',
    ...shape.tracks.flatMap(t => [
      `${t.cellsKey}: []`,
      `${t.objectsKey}: ${t.objectStride > 0 ? '[]' : 'none'}`,
    ]),
    ...shape.recents.map(r => `${r.key}: null`),
  ];
  // Tracks without objects share one list that nothing is ever put into.
  source.line(`const none = ${source.constant([])};`);
  source.line(`return { ${members.join(', ')} };`);
  return source.compile([]) as () => State;
}

/** One straight line per slot: each call goes to one known aggregator and can be inlined. */
function compileWrite(track: Track): WriteTrack {
  const source = new Source();
  const { stride, objectStride } = track;
  const unit = track.levels[0]?.hop ?? 1;
  source.line(
    `const cells = state.${track.cellsKey}, objects = state.${track.objectsKey}, newest = state.newest;`,
  );
  source.line(`const count = cells.length / ${stride};`);
  source.line(`w.uint(count * 2 + (count > 0 && cells[0] === -Infinity ? 1 : 0));`);
  source.line(`let above = ${source.constant(floorTo)}(newest, ${unit});`);
  source.line('for (let tile = count - 1; tile >= 0; tile--) {');
  source.line(`const at = tile * ${stride}, object = tile * ${objectStride};`);
  source.line('const start = cells[at];');
  source.line(`if (start !== -Infinity) { w.uint((above - start) / ${unit}); above = start; }`);
  source.line('let bits = 0;');
  for (const [i, { aggregator, at }] of track.slots.entries()) {
    const empty =
      aggregator.shape === 'numeric'
        ? `${source.constant(aggregator)}.isEmpty(cells, at + ${at})`
        : `objects[object + ${at}] === null`;
    source.line(`if (!(${empty})) bits |= ${1 << (i % 8)};`);
    if (i % 8 === 7 || i === track.slots.length - 1) {
      const [first, last] = [i - (i % 8), i];
      source.line('w.byte(bits);');
      for (let j = first; j <= last; j++) source.line(writeSlot(source, track, j));
      source.line('bits = 0;');
    }
  }
  source.line('}');
  return source.compile(['w', 'state']) as WriteTrack;
}

function writeSlot(source: Source, track: Track, j: number): string {
  const { aggregator, at } = track.slots[j] as Track['slots'][number];
  const name = source.constant(aggregator);
  const call =
    aggregator.shape === 'numeric'
      ? `${name}.encode(w, cells, at + ${at})`
      : `${name}.encode(w, objects[object + ${at}], newest)`;
  return `if (bits & ${1 << (j % 8)}) ${call};`;
}

function compileRead(track: Track): ReadTrack {
  const source = new Source();
  const { objectStride } = track;
  const unit = track.levels[0]?.hop ?? 1;
  const reverse = source.constant(reverseTiles);
  source.line(
    `const cells = state.${track.cellsKey}, objects = state.${track.objectsKey}, newest = state.newest;`,
  );
  source.line('const header = r.uint();');
  source.line('const count = header >>> 1, eternal = header & 1;');
  source.line(`let above = ${source.constant(floorTo)}(newest, ${unit});`);
  source.line('for (let tile = count - 1; tile >= 0; tile--) {');
  source.line(`if (tile === 0 && eternal === 1) cells.push(-Infinity);`);
  source.line(`else { above -= r.uint() * ${unit}; cells.push(above); }`);
  source.line('let bits;');
  for (const [i, { aggregator }] of track.slots.entries()) {
    if (i % 8 === 0) source.line('bits = r.byte();');
    const name = source.constant(aggregator);
    const present = `bits & ${1 << (i % 8)}`;
    if (aggregator.shape === 'numeric') {
      const cells = aggregator.identity.map(x => source.constant(x)).join(', ');
      source.line(`if (${present}) ${name}.decode(r, cells); else cells.push(${cells});`);
    } else {
      source.line(`objects.push(${present} ? ${name}.decode(r, newest) : null);`);
    }
  }
  source.line('}');
  source.line(`if (count > 1) ${reverse}(cells, objects, count, ${track.stride}, ${objectStride});`);
  return source.compile(['r', 'state']) as ReadTrack;
}

/** Tiles are written newest first and kept oldest first. */
function reverseTiles(
  cells: number[],
  objects: unknown[],
  count: number,
  stride: number,
  objectStride: number,
): void {
  for (let low = 0, high = count - 1; low < high; low++, high--) {
    swap(cells, low * stride, high * stride, stride);
    swap(objects, low * objectStride, high * objectStride, objectStride);
  }
}

function swap<T>(list: T[], a: number, b: number, length: number): void {
  for (let i = 0; i < length; i++) {
    const kept = list[a + i] as T;
    list[a + i] = list[b + i] as T;
    list[b + i] = kept;
  }
}
