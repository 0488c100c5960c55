import { MillraceError } from '../kernel/errors.ts';
import type { Plan } from '../kernel/plan.ts';
import type { EntityKey, ReadResult } from '../runtime/read.ts';
import { createAnswerDecoder } from './answer.ts';
import { type Connection, untilAborted } from './connection.ts';
import { RequestRefusedError } from './errors.ts';
import { NotJsonError, toJson } from './json.ts';
import { type Deadline, withRetries } from './retry.ts';
import type { LocalService } from './target.ts';

/** A request for features, as the service takes it. */
export interface FeatureRead {
  readonly kind: 'group' | 'service';
  readonly name: string;
  readonly entities: readonly EntityKey[];
  /** Parts of the key that all entities have in common. */
  readonly shared?: EntityKey;
  readonly context?: Readonly<Record<string, unknown>>;
  readonly asOf?: number;
  /** How long the service waits for rows, in ms; entities whose rows have not come by then fail. */
  readonly deadlineMs?: number;
}

export type FeatureReader = (read: FeatureRead, deadline: Deadline) => Promise<ReadResult>;

/** Reads over HTTP. Connections that fail are tried again, for to read twice does no harm. */
export function createRemoteReader(plan: Plan, connection: Connection): FeatureReader {
  const { service } = connection;
  const decode = createAnswerDecoder(plan, service);
  const headers = { 'content-type': 'application/json' };

  return async ({ kind, name, ...read }, deadline) => {
    const body = Buffer.from(textOf({ [kind]: name, ...read }));
    const text = await withRetries({ service, deadline }, signal =>
      connection.post('/v1/features', { headers, body }, signal),
    );
    return decode(kind, name, text);
  };
}

/** Reads in this process: no text in between. */
export function createLocalReader({ local }: LocalService): FeatureReader {
  return ({ kind, name, entities, shared, ...options }, deadline) => {
    const keys = shared === undefined ? entities : entities.map(entity => ({ ...shared, ...entity }));
    return withRetries({ service: 'the service in this process', deadline }, signal => {
      const result =
        kind === 'group' ? local.readGroup(name, keys, options) : local.readService(name, keys, options);
      return untilAborted(result, signal).catch(error => {
        throw asRefusal(error) ?? error;
      });
    });
  };
}

/** What the reader refuses, as the service would answer it. */
function asRefusal(cause: unknown): RequestRefusedError | null {
  if (!(cause instanceof MillraceError) || cause.name !== 'ReadRequestError') return null;
  const { code = 'bad-request' } = cause as { readonly code?: string };
  return new RequestRefusedError(
    cause.message,
    { code, status: code === 'not-found' ? 404 : 400 },
    { cause },
  );
}

function textOf(request: object): string {
  try {
    return toJson(request);
  } catch (cause) {
    if (!(cause instanceof NotJsonError)) throw cause;
    const message = `the request cannot be sent: ${cause.message}`;
    throw new RequestRefusedError(message, { code: 'bad-request', status: 400 }, { cause });
  }
}
