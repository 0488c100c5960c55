import type { LastingEntity } from '../runtime/lasting-entity.ts';
import type { Clock, RowWatch } from '../runtime/ports.ts';
import type { FoundEntity } from '../runtime/read.ts';
import type { AnswerTemplate, AnswerWriter, PlacedTemplate } from './feature-answer.ts';

/**
 * Answers that stay as they are but for what decays, by the body of their request: a user is asked for more often than the
 * user acts, in the same words each time. Neither the request is read again, nor a row looked up.
 *
 * To find an answer is mostly waiting for memory. So what is kept of one lies in one piece: its numbers, the request's body
 * and the text (see `Entry`).
 *
 * Bounded by bytes, and what was asked for lately stays, as in runtime/kept-rows.ts: there is a young and an old generation,
 * each with memory of its own.
 */
export interface KeptAnswers {
  /** Undefined where none is kept, or it is another one by now. */
  get(body: Uint8Array): KeptAnswer | undefined;
  /** Whether answers to this body are worth keeping. */
  takes(body: Uint8Array): boolean;
  /** Takes `lasting`, to end its watch. */
  keep(body: Uint8Array, about: About, template: AnswerTemplate, lasting: LastingEntity): void;
}

export interface KeptAnswer extends About {
  readonly body: string | Buffer;
}

/** What it answers: all of them are about one entity. */
export interface About {
  /** Of the service or group. */
  readonly name: string;
  readonly entities: readonly Pick<FoundEntity, 'status'>[];
}

export interface KeptAnswersOptions {
  readonly writer: Pick<AnswerWriter, 'fill'>;
  readonly clock: Clock;
  readonly mostBytes: number;
}

export function createKeptAnswers({ writer, clock, mostBytes }: KeptAnswersOptions): KeptAnswers {
  // By the hash of the body. Of two bodies of one hash the later is kept.
  let young = new Map<number, Entry>();
  let old = new Map<number, Entry>();
  let youngBytes = 0;
  let piece = pieceOf(0);
  let used = 0;

  function turn(): void {
    for (const { watch } of old.values()) watch.end();
    old = young;
    young = new Map();
    youngBytes = 0;
    piece = pieceOf(0);
    used = 0;
  }

  /** Where the next `size` bytes are, in memory of the young. */
  function take(size: number): number {
    if (used + size > piece.text.length) {
      piece = pieceOf(Math.max(pieceBytes, size));
      used = 0;
    }
    const at = used;
    used += Math.ceil(size / 8) * 8;
    return at;
  }

  function add(hash: number, entry: Entry): void {
    young.set(hash, entry);
    youngBytes += entryBytes + entry.size;
    if (youngBytes > mostBytes / 2) turn();
  }

  function find(hash: number, body: Uint8Array): Entry | undefined {
    const entry = young.get(hash);
    if (entry !== undefined) return isFor(entry, body) ? entry : undefined;
    const before = old.get(hash);
    if (before === undefined || !isFor(before, body)) return undefined;
    old.delete(hash);
    const { size, start, text, at, endsAt, decayingAt } = before;
    const to = take(size);
    piece.text.set(text.subarray(start, start + size), to);
    const moved = to - start;
    const again = {
      ...before,
      ...piece,
      start: to,
      at: at + moved,
      endsAt: endsAt + moved / 8,
      decayingAt: before.decaying === before.ends ? decayingAt + moved / 8 : decayingAt,
      decaying: before.decaying === before.ends ? piece.ends : before.decaying,
    };
    add(hash, again);
    return again;
  }

  function drop(hash: number, { watch }: Entry): void {
    young.delete(hash);
    old.delete(hash);
    watch.end();
  }

  const takes = (body: Uint8Array): boolean => body.length <= longestBody && mostBytes > 0;

  return {
    takes,

    get(body) {
      if (!takes(body)) return undefined;
      const hash = hashOf(body);
      const entry = find(hash, body);
      if (entry === undefined) return undefined;
      const now = clock.now();
      const { name, entities, watch, ends, endsAt } = entry;
      if (!watch.hasChanged && now >= ends[endsAt - 2]! && now < ends[endsAt - 1]!) {
        const text = writer.fill(entry, now);
        if (text !== null) return { name, entities, body: text };
      }
      drop(hash, entry);
      return undefined;
    },

    keep(body, { name, entities }, { layout, isAscii, text, ends }, { watch, times, decaying }) {
      const hash = hashOf(body);
      const known = young.get(hash) ?? old.get(hash);
      if (known !== undefined) drop(hash, known);
      if (!takes(body) || text.length > mostBytes / 4) {
        watch.end();
        return;
      }
      const isNumeric = decaying.every(part => typeof part === 'number');
      const numbers = [times.from, times.until, ...ends, ...(isNumeric ? (decaying as number[]) : [])];
      const size = 8 * numbers.length + body.length + text.length;
      const start = take(size);
      const bodyAt = start + 8 * numbers.length;
      piece.ends.set(numbers, start / 8);
      piece.text.set(body, bodyAt);
      piece.text.set(text, bodyAt + body.length);
      const endsAt = start / 8 + 2;
      add(hash, {
        name,
        entities,
        layout,
        isAscii,
        watch,
        ...piece,
        start,
        size,
        at: bodyAt + body.length,
        bodyLength: body.length,
        endsAt,
        decaying: isNumeric ? piece.ends : decaying,
        decayingAt: isNumeric ? endsAt + ends.length : 0,
      });
    },
  };
}

/**
 * What is kept of an answer: one object, and `size` bytes from `start` on, which are the times from and until when it is
 * good, where its text ends, what decays (an array of its own, where that is more than numbers), the request's body, the text.
 */
interface Entry extends About, PlacedTemplate {
  readonly watch: RowWatch;
  readonly start: number;
  readonly size: number;
  readonly bodyLength: number;
}

/** The same memory as bytes and as numbers. */
function pieceOf(bytes: number): Pick<PlacedTemplate, 'text' | 'ends'> {
  const memory = new ArrayBuffer(Math.ceil(bytes / 8) * 8);
  return { text: new Uint8Array(memory), ends: new Float64Array(memory) };
}

function isFor({ text, at, bodyLength }: Entry, body: Uint8Array): boolean {
  if (bodyLength !== body.length) return false;
  const from = at - bodyLength;
  for (let i = 0; i < bodyLength; i++) if (text[from + i] !== body[i]) return false;
  return true;
}

/** FNV-1a of 32 bits (Fowler, Noll, Vo), as a signed number, which Maps find quickest. */
function hashOf(body: Uint8Array): number {
  let hash = 0x811c_9dc5 | 0;
  for (let i = 0; i < body.length; i++) hash = Math.imul(hash ^ body[i]!, 0x0100_0193);
  return hash;
}

const longestBody = 1024;
/** Of memory that is taken at once. */
const pieceBytes = 1 << 20;
/** What is kept of an answer beside its piece of memory: the entry, its place in the map, and the watch with its own. */
const entryBytes = 600;
