import { constants, isAscii } from 'node:buffer';
import {
  compileDecoder,
  compileTextReader,
  isRejection,
  type Position,
  type StreamEvent,
  type StreamPlan,
} from '../kernel/index.ts';
import { largestEvent, parseRecords } from './parse-records.ts';
import type { LogRecord, QuarantineReason } from './ports.ts';
import { type EventRecord, unpackRecords } from './unpack-records.ts';

/** The events of a batch in order, each with what it came as; `outcomes[i]` is that of `records[i]`. */
export interface DecodedBatch {
  readonly records: readonly EventRecord[];
  readonly outcomes: readonly (StreamEvent | BadEvent)[];
}

/** An event to be set aside. */
export interface BadEvent {
  readonly reason: QuarantineReason;
  readonly detail: string;
}

export const isBad = (outcome: StreamEvent | BadEvent): outcome is BadEvent => 'reason' in outcome;

/** A record for each event of a batch, and the bytes of all, a newline after each. */
export interface JoinedRecords {
  readonly records: readonly EventRecord[];
  readonly bytes: Buffer;
  /** Where in them each record's end. */
  readonly ends: Uint32Array;
}

/** Turns records of one stream into events. */
export function createRecordDecoder(stream: StreamPlan): (batch: readonly LogRecord[]) => DecodedBatch {
  const decode = createJoinedDecoder(stream);
  return batch => decode(joinRecords(batch));
}

/**
 * The same of records that are joined already. Plain events are read straight from the batch's text; the others are
 * parsed as JSON and then checked, with the same outcome.
 */
export function createJoinedDecoder(stream: StreamPlan): (batch: JoinedRecords) => DecodedBatch {
  const readText = compileTextReader(stream);
  const decode = compileDecoder(stream);

  function decodeSlowly(records: readonly EventRecord[]): (StreamEvent | BadEvent)[] {
    const { json, failures } = parseRecords(records);
    return records.map((record, i) => {
      const failure = failures.get(i);
      if (failure !== undefined) return failure;
      const event = decode(json[i], record.arrivalTime, positionOf(record));
      return isRejection(event) ? { reason: event.rejected, detail: event.detail } : event;
    });
  }

  return ({ records, bytes, ends }) => {
    if (bytes.length > constants.MAX_STRING_LENGTH) return { records, outcomes: decodeSlowly(records) };
    // One odd byte must not slow down the events beside it: only whose own it is takes the long way.
    const areAscii = isAscii(bytes);
    const text = bytes.toString('latin1');
    const outcomes: (StreamEvent | BadEvent)[] = [];
    const slow: number[] = [];
    let from = 0;
    for (let i = 0; i < records.length; i++) {
      const record = records[i] as EventRecord;
      const to = ends[i] as number;
      const event =
        to - from > largestEvent || !(areAscii || isAscii(bytes.subarray(from, to)))
          ? null
          : readText(bytes, text, from, to, record.arrivalTime, positionOf(record));
      from = to + 1;
      if (event === null) {
        slow.push(i);
        outcomes.push(pending);
      } else {
        outcomes.push(isRejection(event) ? { reason: event.rejected, detail: event.detail } : event);
      }
    }
    if (slow.length > 0) {
      const others = decodeSlowly(slow.map(i => records[i] as EventRecord));
      for (const [n, i] of slow.entries()) outcomes[i] = others[n] as StreamEvent | BadEvent;
    }
    return { records, outcomes };
  };
}

const pending: BadEvent = { reason: 'not-json', detail: 'not decoded' };

const positionOf = ({ shard, sequence, index = 0 }: EventRecord): Position => ({ shard, sequence, index });

/** `shared` lets other threads read the bytes. No event's text has a newline, so none can reach into the next. */
export function joinRecords(batch: readonly LogRecord[], { shared = false } = {}): JoinedRecords {
  const records = unpackRecords(batch);
  let length = 0;
  for (const { data } of records) length += data.length + 1;
  const bytes = shared ? Buffer.from(new SharedArrayBuffer(length)) : Buffer.allocUnsafe(length);
  const ends = new Uint32Array(records.length);
  let at = 0;
  for (let i = 0; i < records.length; i++) {
    const { data } = records[i] as EventRecord;
    bytes.set(data, at);
    at += data.length;
    ends[i] = at;
    bytes[at++] = newline;
  }
  return { records, bytes, ends };
}

const newline = 10;
