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

/**
 * Turns records of one stream into events. Plain events are read straight from the batch's text; the others are
 * parsed as JSON and then checked, with the same outcome.
 */
export function createRecordDecoder(stream: StreamPlan): (batch: readonly LogRecord[]) => DecodedBatch {
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

  return batch => {
    const records = unpackRecords(batch);
    const bytes = joined(records);
    if (bytes.length > constants.MAX_STRING_LENGTH) return { records, outcomes: decodeSlowly(records) };
    // One odd byte must not slow down the events beside it: only whose own it is takes the long way.
    const areAscii = isAscii(bytes);
    const text = bytes.toString('latin1');
    const outcomes: (StreamEvent | BadEvent)[] = [];
    const slow: number[] = [];
    let from = 0;
    for (let i = 0; i < records.length; i++) {
      const record = records[i] as EventRecord;
      const to = from + record.data.length;
      const event =
        record.data.length > largestEvent || !(areAscii || isAscii(record.data))
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

/** The records' bytes, a newline after each: no event's text has one, so none can reach into the next. */
function joined(records: readonly EventRecord[]): Buffer {
  let length = 0;
  for (const { data } of records) length += data.length + 1;
  const all = Buffer.allocUnsafe(length);
  let at = 0;
  for (const { data } of records) {
    all.set(data, at);
    at += data.length;
    all[at++] = newline;
  }
  return all;
}

const newline = 10;
