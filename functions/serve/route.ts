import type { Plan } from '../../lib/kernel/index.ts';
import { StoreError } from '../../lib/runtime/errors.ts';
import type { Reader } from '../../lib/runtime/read.ts';
import { ReadRequestError } from '../../lib/runtime/read-request.ts';
import { HttpError } from '../../lib/service/errors.ts';
import { createAnswerWriter } from '../../lib/service/feature-answer.ts';
import { createFeatureRequestReader } from '../../lib/service/feature-request.ts';
import { retrySeconds } from '../../lib/service/limits.ts';
import type { Route } from '../../lib/service/routes.ts';

export interface ServeRouteOptions {
  readonly plan: Plan;
  readonly reader: Pick<Reader, 'find'>;
  readonly maxEntities: number;
  /** For the rows of a read to come (ms); a request may ask for less. */
  readonly readMs: number;
  /** Told of each read: of which group or service, and how many entities had which status. */
  readonly observe: (name: string, counts: StatusCounts) => void;
}

export interface StatusCounts {
  readonly known: number;
  readonly unknown: number;
  readonly failed: number;
}

/** `POST /v1/features` in front of a store that others write. */
export function createServeRoute({ plan, reader, maxEntities, readMs, observe }: ServeRouteOptions): Route {
  const readRequest = createFeatureRequestReader({ plan, maxEntities, readMs });
  const write = createAnswerWriter();

  return {
    method: 'POST',
    path: '/v1/features',
    query: [],
    types: ['application/json'],
    async answer({ body }) {
      const { kind, name, entities, ...options } = readRequest(body);
      const found = await reader.find(kind, name, entities, options).catch(throwKnown);
      const counts = { known: 0, unknown: 0, failed: 0 };
      for (const { status } of found.entities) counts[status]++;
      observe(name, counts);
      return { body: write(found) };
    },
  };
}

function throwKnown(error: unknown): never {
  if (error instanceof ReadRequestError) throw new HttpError(error.code, error.message);
  if (!(error instanceof StoreError)) throw error;
  const message = `the store cannot do this now (${error.reason}): try again later`;
  throw new HttpError('unavailable', message, { 'retry-after': String(retrySeconds) });
}
