import type { Aggregator } from './aggregators/aggregator.ts';
import { inputAs } from './aggregators/index.ts';
import { Piece, Writer } from './codec/bytes.ts';
import { openPartial, partialAt, tileCodecOf } from './codec/tile.ts';
import type { Tie } from './compare.ts';
import { expressionEmitter, type FunctionRegistry } from './expression/emit.ts';
import type { Expression } from './expression/nodes.ts';
import { Source } from './generate.ts';
import type { GroupPlan, SlotPlan, StreamPlan } from './plan.ts';
import type { StateShape } from './shape.ts';
import type { State } from './state.ts';
import { locateTile } from './tiles.ts';
import type { Value } from './value-type.ts';

export interface Programs {
  takes(values: readonly Value[]): boolean;
  update(state: State, values: readonly Value[], time: number, tie: Tie): boolean;
}

/** The straight-line programs that fold one event into every slot that takes it, and that ask whether any does. */
export function compilePrograms(
  group: GroupPlan,
  stream: StreamPlan,
  shape: StateShape,
  functions: FunctionRegistry,
): Programs {
  const asking = new Source();
  const taken = emitInputs(asking, group, stream, functions).map(s => s.taken);
  asking.line(`return ${anyOf(taken)};`);
  return {
    takes: asking.compile(['values']) as Programs['takes'],
    update: compileUpdate(group, stream, shape, functions),
  };
}

/** For each slot, the source of its inputs, and of the condition under which it takes an event. */
function emitInputs(source: Source, group: GroupPlan, stream: StreamPlan, functions: FunctionRegistry) {
  const emit = expressionEmitter({
    source,
    functions,
    field({ source: from, name }) {
      const i = from === 'event' ? stream.schema.findIndex(f => f.name === name) : -1;
      const field = stream.schema[i];
      if (field === undefined) return null;
      const nullable = field.nullable === true || field.optional === true || field.oneOf?.unlisted === 'null';
      return { code: `values[${i}]`, nullable, type: field.type };
    },
  });
  return group.slots.map(slot => {
    const input = slot.input === undefined ? null : emit(asInput(slot, slot.input));
    const orderBy = slot.orderBy === undefined ? null : emit(slot.orderBy);
    const key = slot.by === undefined ? null : emit(slot.by.key);
    const where = slot.where === undefined ? null : emit(slot.where);
    const conditions = [input, orderBy, key].flatMap(e => (e?.nullable ? [`${e.name} !== null`] : []));
    if (where !== null) conditions.unshift(`${where.name} === true`);
    return {
      taken: conditions.length === 0 ? 'true' : source.variable(conditions.join(' && ')),
      key: key?.name ?? null,
      // A count or decayed count without input adds one per event.
      input: input?.name ?? '1',
      orderBy: orderBy?.name ?? 'null',
    };
  });
}

function compileUpdate(
  group: GroupPlan,
  stream: StreamPlan,
  shape: StateShape,
  functions: FunctionRegistry,
): Programs['update'] {
  const source = new Source();
  const slots = emitInputs(source, group, stream, functions);
  source.line(`if (!(${anyOf(slots.map(s => s.taken))})) return false;`);
  source.line('if (time > state.newest) state.newest = time;');

  const locate = source.constant(locateTile);
  for (const track of shape.tracks) {
    const any = [...new Set(track.slots.map(s => (slots[s.slot] as { taken: string }).taken))];
    const layout = source.constant(track);
    const hop = track.levels[0]?.hop;
    source.line(any.includes('true') ? '{' : `if (${any.join(' || ')}) {`);
    const { cellsKey, encodedKey, stride } = track;
    source.line(`let cells = state.${cellsKey}, at = cells === null ? -1 : cells.length - ${stride};`);
    // The usual event belongs to the last tile, which is of the finest hop, or all of time.
    const isLast = hop === undefined ? 'true' : `time >= cells[at] && time < cells[at] + ${hop}`;
    source.line(`if (at < 0 || !(${isLast})) {`);
    if (hop !== undefined) {
      const open = source.constant(tileCodecOf(track).open);
      source.line(`
        const encoded = state.${encodedKey}, start = encoded === null ? 0 : encoded.start * ${hop};
        if (at < 0 && encoded !== null && time >= start && time < start + ${hop} && !(encoded.eternal && encoded.closed === 0)) {
          cells = ${open}(state, encoded, start);
          at = 0;
        } else`);
    }
    source.line(`{ at = ${locate}(${layout}, state, time); cells = state.${cellsKey}; }`);
    source.line('}');
    source.line('if (at >= 0) {');
    for (const { slot, aggregator, at } of track.slots) {
      const { taken, key, input, orderBy } = slots[slot] as (typeof slots)[number];
      const name = source.constant(aggregator);
      const guard = taken === 'true' ? '' : `if (${taken}) `;
      if (aggregator.shape === 'numeric') {
        source.line(`${guard}${name}.update(cells, at + ${at}, ${input}, time);`);
      } else {
        const index = `(at / ${track.stride}) * ${track.objectStride} + ${at}`;
        const event = `${key === null ? '' : `${key}, `}${input}, time, tie, ${orderBy}`;
        const update = key === null ? 'update' : 'updateKey';
        source.line(`${guard}{`);
        source.line(`const objects = state.${track.objectsKey}, i = ${index};`);
        source.line('const partial = objects[i];');
        source.line(`if (partial === null) ${name}.${update}(objects[i] = ${name}.create(), ${event});`);
        emitEncoded(source, aggregator, key === null ? '' : 'Key', event);
        source.line(`else ${name}.${update}(partial, ${event});`);
        source.line('}');
      }
    }
    source.line('}');
    source.line('}');
  }
  for (const { slot, key, aggregator } of shape.recents) {
    const { taken, input } = slots[slot] as (typeof slots)[number];
    const name = source.constant(aggregator);
    source.line(taken === 'true' ? '{' : `if (${taken}) {`);
    source.line(`let partial = state.${key};`);
    source.line(`if (partial === null) { partial = ${name}.create(); state.${key} = partial; }`);
    source.line(`${name}.update(partial, ${input}, time, tie, null);`);
    source.line('}');
  }
  source.line('return true;');
  return source.compile(['state', 'values', 'time', 'tie']) as Programs['update'];
}

/** Folds an event into a partial that is still bytes, and decodes it only where that takes it. */
function emitEncoded(source: Source, aggregator: Aggregator, key: '' | 'Key', event: string): void {
  const name = source.constant(aggregator);
  const piece = source.constant(Piece);
  source.line(`else if (typeof partial === 'number' || partial instanceof ${piece}) {`);
  source.line('const origin = cells[at] === -Infinity ? 0 : cells[at];');
  const open = `${source.constant(openPartial)}(${name}, state.bytes, partial, origin)`;
  const fold = `${name}.update${key}(objects[i] = ${open}, ${event});`;
  if (`refold${key}` in aggregator) {
    const w = source.constant(refolded);
    source.line(`
      const edition = typeof partial === 'number' ? 0 : partial.edition;
      let outcome = 'open';
      if (edition < ${mostEditions}) {
        ${w}.restart();
        outcome = ${name}.refold${key}(${source.constant(partialAt)}(state.bytes, partial), ${w}, origin, ${event});
        if (outcome === 'written') objects[i] = ${w}.piece(edition + 1);
      }
      if (outcome === 'open') { ${fold} }`);
  } else {
    source.line(fold);
  }
  source.line('}');
}

/** Where partials are written that events were folded into as bytes. Pieces of it live as long as their states. */
const refolded = new Writer();
/** From so many events on to copy a partial for each takes longer than to decode it for all. */
const mostEditions = 6;

const anyOf = (conditions: readonly string[]): string =>
  conditions.length === 0 ? 'false' : [...new Set(conditions)].join(' || ');

/** The input in the form its aggregator takes. */
function asInput(slot: SlotPlan, input: Expression): Expression {
  const type = inputAs(slot);
  if (type === null || input.type.kind === type.kind || input.type.kind === 'int') return input;
  return { kind: 'cast', type, value: input };
}
