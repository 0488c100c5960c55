import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import type { Connection, PostRequest } from './connection.ts';
import { AnswerMismatchError, RequestRefusedError } from './errors.ts';
import type { EventOutcome } from './outcome.ts';
import { type Deadline, withRetries } from './retry.ts';

export interface DeliveryOptions {
  readonly stream: string;
  readonly connection: Connection;
  /** Bodies of more bytes are packed, where they travel. */
  readonly gzipBytes: number;
}

/** What became of a line: its outcome, but for the event, which lines do not know. */
export type Delivered =
  | Exclude<EventOutcome, { readonly status: 'unacknowledged' }>
  | { readonly status: 'unacknowledged'; readonly error: Error };

/**
 * Posts lines of events until the service has answered for each. The same bytes every time: a copy that arrives twice
 * is the same event twice. Events that the service could not store now are sent again, without the others. Throws as
 * withRetries does where it has no outcome at all, and AnswerMismatchError for an answer that cannot be read.
 */
export function createDelivery({ stream, connection, gzipBytes }: DeliveryOptions) {
  const path = `/v1/events?stream=${encodeURIComponent(stream)}`;
  const { service } = connection;

  async function requestOf(lines: readonly string[]): Promise<PostRequest> {
    const text = Buffer.from(lines.join('\n'));
    const isPacked = connection.isRemote && text.length > gzipBytes;
    const headers = {
      'content-type': 'application/x-ndjson',
      ...(isPacked ? { 'content-encoding': 'gzip' } : {}),
    };
    return { headers, body: isPacked ? await packed(text, { level: constants.Z_BEST_SPEED }) : text };
  }

  return async (lines: readonly string[], deadline: Deadline): Promise<readonly Delivered[]> => {
    const outcomes: Delivered[] = [];
    /** Places of the lines that have no outcome yet. */
    let left = lines.map((_, i) => i);
    let request = await requestOf(lines);
    try {
      await withRetries({ service, deadline }, async signal => {
        const answers = answersOf(await connection.post(path, request, signal), left.length, service);
        for (const [i, answer] of answers.entries()) {
          if (!mayPass(answer)) outcomes[left[i]!] = deliveredOf(answer, service);
        }
        const again = answers.find(mayPass);
        if (again === undefined) return;
        left = left.filter(place => outcomes[place] === undefined);
        request = await requestOf(left.map(place => lines[place]!));
        throw notStored(again, service);
      });
    } catch (error) {
      if (left.length === lines.length) throw error;
      for (const place of left) outcomes[place] = { status: 'unacknowledged', error: error as Error };
    }
    return outcomes;
  };
}

/** One event of an answer. What stands in front of Kinesis can fail to store some events of a request. */
type Answered = Exclude<EventOutcome, { readonly status: 'unacknowledged' }> | FailedEvent;

interface FailedEvent {
  readonly status: 'failed';
  readonly reason: 'throttled' | 'unavailable' | 'refused' | 'too-large';
  readonly message: string;
}

const mayPass = (answer: Answered): answer is FailedEvent =>
  answer.status === 'failed' && (answer.reason === 'throttled' || answer.reason === 'unavailable');

function deliveredOf(answer: Answered, service: string): Delivered {
  if (answer.status !== 'failed') return answer;
  const { reason, message } = answer;
  // That one is the event's fault; to be refused is the service's.
  if (reason === 'too-large') return { status: 'rejected', reason, message };
  return { status: 'unacknowledged', error: notStored(answer, service) };
}

/** As if the request had been about this event alone. */
const notStored = ({ reason, message }: FailedEvent, service: string): RequestRefusedError =>
  new RequestRefusedError(`${service} could not store an event: ${message}`, {
    code: reason,
    status: reason === 'throttled' ? 429 : 503,
  });

const packed = promisify(gzip) as (
  text: Buffer,
  options: { readonly level: number },
) => Promise<Buffer<ArrayBuffer>>;

function answersOf(answer: string, count: number, service: string): readonly Answered[] {
  let events: unknown;
  try {
    events = JSON.parse(answer).events;
  } catch {}
  if (Array.isArray(events) && events.length === count) return events;
  throw new AnswerMismatchError(
    `${service} did not answer for each of ${count} events: is this a Millrace service, of this version?`,
  );
}
