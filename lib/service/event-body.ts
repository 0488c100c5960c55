import { isAscii, isUtf8 } from 'node:buffer';
import { compileTextReader, isRejection, type StreamPlan } from '../kernel/index.ts';
import { largestEvent, parseRecords } from '../runtime/parse-records.ts';
import { partitionKeyOf, partitionKeyOfValues } from '../runtime/partition-key.ts';
import type { LogAppend, QuarantineReason } from '../runtime/ports.ts';
import { HttpError } from './errors.ts';
import { splitArray } from './split-array.ts';

/** One event of a request: to be appended, or refused, because no stream could take it. */
export type BodyEvent = LogAppend | { readonly rejected: QuarantineReason; readonly message: string };

export const isRefused = (event: BodyEvent): event is Exclude<BodyEvent, LogAppend> => 'rejected' in event;

export interface BodyReaderOptions {
  readonly stream: StreamPlan;
  readonly maxEvents: number;
}

/**
 * The events of a request's body, byte for byte as they came: `json` is one object or an array of events, `ndjson` one
 * event a line. Only what is no JSON at all is refused, so that its sender learns of it; the rest is for the transform
 * to judge. Throws HttpError where the body as a whole cannot be read, or has too many events.
 */
export function createBodyReader({ stream, maxEvents }: BodyReaderOptions) {
  const keyOf = partitionKeyOf(stream);
  const plainKeys = createPlainKeys(stream);

  return (body: Buffer, format: 'json' | 'ndjson'): readonly BodyEvent[] => {
    const texts = format === 'json' ? eventsOfJson(body) : linesOf(body);
    if (texts.length > maxEvents) {
      throw new HttpError('too-many', `${texts.length} events: send at most ${maxEvents} in one request`);
    }
    const keys = plainKeys(body, texts);
    const others = texts.filter((_, i) => keys[i] === null);
    const { json, failures } = parseRecords(
      others.map((data, sequence) => ({ shard: '', sequence, arrivalTime: 0, data })),
    );
    let next = 0;
    return texts.map((data, i): BodyEvent => {
      const partitionKey = keys[i] as string | null;
      if (partitionKey !== null) return { data, partitionKey };
      const n = next++;
      const failure = failures.get(n);
      if (failure !== undefined) return { rejected: failure.reason, message: failure.detail };
      const value = json[n];
      const isObject = typeof value === 'object' && value !== null;
      return { data, partitionKey: isObject ? keyOf(value as Record<string, unknown>) : '' };
    });
  };
}

/**
 * The partition keys of a body's plain events, read from its text as the transform reads them, which takes half the
 * time of parsing them as JSON; null for the others.
 */
function createPlainKeys(stream: StreamPlan) {
  const readText = compileTextReader(stream);
  const keyOf = partitionKeyOfValues(stream);
  const position = { shard: '', sequence: 0, index: 0 };

  return (body: Buffer, texts: readonly Buffer[]): readonly (string | null)[] => {
    if (keyOf === null || !isAscii(body)) return texts.map(() => null);
    const all = body.toString('latin1');
    return texts.map(text => {
      // Rewritten ones lie elsewhere.
      const from = text.buffer === body.buffer ? text.byteOffset - body.byteOffset : -1;
      const to = from + text.length;
      if (from < 0 || to > body.length || text.length > largestEvent) return null;
      const event = readText(body, all, from, to, Number.MAX_SAFE_INTEGER, position);
      return event === null || isRejection(event) ? null : keyOf(event.values);
    });
  };
}

function eventsOfJson(body: Buffer): readonly Buffer[] {
  if (!isUtf8(body)) throw new HttpError('bad-encoding', 'the body is not UTF-8 text: send JSON in UTF-8');
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch (error) {
    throw new HttpError('not-json', `the body is not JSON: ${(error as Error).message}`);
  }
  if (typeof value !== 'object' || value === null) {
    throw new HttpError(
      'bad-request',
      'the body is neither an object nor an array: send an event, or an array of them',
    );
  }
  return (Array.isArray(value) ? splitArray(body) : [body]).map(onOneLine);
}

const newline = 10;
const carriageReturn = 13;
const space = 32;

/** A record with line breaks would be taken for several events. JSON has them between its tokens only. */
function onOneLine(text: Buffer): Buffer {
  if (!text.includes(newline)) return text;
  return Buffer.from(text.map(byte => (byte === newline || byte === carriageReturn ? space : byte)));
}

function linesOf(body: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let from = 0; from < body.length; ) {
    const found = body.indexOf(newline, from);
    const end = found < 0 ? body.length : found;
    const line = body.subarray(from, body[end - 1] === carriageReturn && end > from ? end - 1 : end);
    if (!isBlank(line)) lines.push(line);
    from = end + 1;
  }
  return lines;
}

function isBlank(line: Buffer): boolean {
  for (const byte of line) if (byte !== space && byte !== 9) return false;
  return true;
}
