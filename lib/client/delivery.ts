import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import type { Connection } from './connection.ts';
import { AnswerMismatchError } from './errors.ts';
import type { EventOutcome } from './outcome.ts';
import { type Deadline, withRetries } from './retry.ts';

export interface DeliveryOptions {
  readonly stream: string;
  readonly connection: Connection;
  /** Bodies of more bytes are packed, where they travel. */
  readonly gzipBytes: number;
}

/**
 * Posts lines of events until the service has answered for each. The same bytes every time: a copy that arrives twice
 * is the same event twice. Throws as withRetries does, and AnswerMismatchError for an answer that cannot be read.
 */
export function createDelivery({ stream, connection, gzipBytes }: DeliveryOptions) {
  const path = `/v1/events?stream=${encodeURIComponent(stream)}`;
  const { service } = connection;

  return async (lines: readonly string[], deadline: Deadline): Promise<readonly EventOutcome[]> => {
    const text = Buffer.from(lines.join('\n'));
    const isPacked = connection.isRemote && text.length > gzipBytes;
    const body = isPacked ? await packed(text, { level: constants.Z_BEST_SPEED }) : text;
    const headers = {
      'content-type': 'application/x-ndjson',
      ...(isPacked ? { 'content-encoding': 'gzip' } : {}),
    };
    const answer = await withRetries({ service, deadline }, signal =>
      connection.post(path, { headers, body }, signal),
    );
    return outcomesOf(answer, lines.length, service);
  };
}

const packed = promisify(gzip) as (
  text: Buffer,
  options: { readonly level: number },
) => Promise<Buffer<ArrayBuffer>>;

function outcomesOf(answer: string, count: number, service: string): readonly EventOutcome[] {
  let events: unknown;
  try {
    events = JSON.parse(answer).events;
  } catch {}
  if (Array.isArray(events) && events.length === count) return events;
  throw new AnswerMismatchError(
    `${service} did not answer for each of ${count} events: is this a Millrace service, of this version?`,
  );
}
