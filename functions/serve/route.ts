import type { Plan } from '../../lib/kernel/index.ts';
import { StoreError } from '../../lib/runtime/errors.ts';
import type { EntityResult, Reader } from '../../lib/runtime/read.ts';
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
  /** Told how many entities of a read had which status. */
  readonly observe: (statuses: ReadonlyMap<EntityResult['status'], number>) => void;
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
      const statuses = new Map<EntityResult['status'], number>();
      for (const { status } of found.entities) statuses.set(status, (statuses.get(status) ?? 0) + 1);
      observe(statuses);
      return { body: write(found) };
    },
  };
}

function throwKnown(error: unknown): never {
  if (error instanceof ReadRequestError) throw new HttpError('bad-request', error.message);
  if (!(error instanceof StoreError)) throw error;
  const message = `the store cannot do this now (${error.reason}): try again later`;
  throw new HttpError('unavailable', message, { 'retry-after': String(retrySeconds) });
}
