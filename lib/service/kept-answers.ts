import type { LastingEntity } from '../runtime/lasting-entity.ts';
import type { FoundEntity } from '../runtime/read.ts';
import type { AnswerTemplate, AnswerWriter } from './feature-answer.ts';

/**
 * Answers that stay as they are but for what decays, by the body of their request: a user is asked for more often than the
 * user acts, in the same words each time. Neither the request is read again, nor a row looked up.
 *
 * Bounded by bytes, and what was asked for lately stays, as in runtime/kept-rows.ts: there is a young and an old generation,
 * each with memory of its own for the texts. One after the other they take less of the processor's caches, and of its
 * tables of pages, than each by itself.
 */
export interface KeptAnswers {
  /** Undefined where none is kept, or it is another one by now. */
  get(body: Buffer): KeptAnswer | undefined;
  /** Whether answers to this body are worth keeping. */
  takes(body: Buffer): boolean;
  /** Takes `lasting`, to end it. */
  keep(body: Buffer, about: About, template: AnswerTemplate, lasting: LastingEntity): void;
}

export interface KeptAnswer extends About {
  readonly body: string | Buffer;
}

/** What it answers. */
export interface About {
  /** Of the service or group. */
  readonly name: string;
  readonly entities: readonly Pick<FoundEntity, 'status'>[];
}

export function createKeptAnswers(writer: Pick<AnswerWriter, 'fill'>, mostBytes: number): KeptAnswers {
  let young = new Map<string, Entry>();
  let old = new Map<string, Entry>();
  let youngBytes = 0;
  let memory = Buffer.alloc(0);
  let used = 0;

  function turn(): void {
    for (const { lasting } of old.values()) lasting.end();
    old = young;
    young = new Map();
    youngBytes = 0;
    memory = Buffer.alloc(0);
    used = 0;
  }

  /** Puts it among the young, with its text in their memory. */
  function add(key: string, about: About, template: AnswerTemplate, lasting: LastingEntity): Entry {
    const { text, at, ends } = template;
    const length = ends.at(-1)!;
    if (used + length > memory.length) {
      memory = Buffer.allocUnsafeSlow(Math.max(pieceBytes, length));
      used = 0;
    }
    memory.set(text.subarray(at, at + length), used);
    const entry = { ...about, ...template, lasting, text: memory, at: used };
    used += length;
    young.set(key, entry);
    youngBytes += entryBytes + key.length + length;
    if (youngBytes > mostBytes / 2) turn();
    return entry;
  }

  function find(key: string): Entry | undefined {
    const entry = young.get(key);
    if (entry !== undefined) return entry;
    const before = old.get(key);
    if (before === undefined) return undefined;
    old.delete(key);
    return add(key, before, before, before.lasting);
  }

  function drop(key: string, { lasting }: Entry): void {
    young.delete(key);
    old.delete(key);
    lasting.end();
  }

  const takes = (body: Buffer): boolean => body.length <= longestBody && mostBytes > 0;

  return {
    takes,

    get(body) {
      if (!takes(body)) return undefined;
      const key = body.toString('latin1');
      const entry = find(key);
      if (entry === undefined) return undefined;
      const { name, entities, lasting } = entry;
      const asOf = lasting.asOf();
      const text = asOf === null ? null : writer.fill(entry, lasting.decaying, asOf);
      if (text !== null) return { name, entities, body: text };
      drop(key, entry);
      return undefined;
    },

    keep(body, about, template, lasting) {
      const key = body.toString('latin1');
      const known = young.get(key) ?? old.get(key);
      if (known !== undefined) drop(key, known);
      if (!takes(body) || template.text.length > mostBytes / 4) lasting.end();
      else add(key, about, template, lasting);
    },
  };
}

/** One object for all: each further one would be another place in memory. */
interface Entry extends About, AnswerTemplate {
  readonly lasting: LastingEntity;
}

const longestBody = 1024;
/** Of memory for texts that is taken at once. */
const pieceBytes = 1 << 20;
/** What is kept of an answer beside its text and its request's: objects, and the numbers that decay. */
const entryBytes = 1_500;
