import type { Plan } from '../../lib/kernel/index.ts';
import { StoreError } from '../../lib/runtime/errors.ts';
import { readableMs } from '../../lib/runtime/plan-tables.ts';
import type { Clock } from '../../lib/runtime/ports.ts';
import type { Reader } from '../../lib/runtime/read.ts';
import { ReadRequestError } from '../../lib/runtime/read-request.ts';
import { HttpError } from '../../lib/service/errors.ts';
import { createAnswerWriter } from '../../lib/service/feature-answer.ts';
import { createFeatureRequestReader } from '../../lib/service/feature-request.ts';
import { retrySeconds } from '../../lib/service/limits.ts';
import type { Route } from '../../lib/service/routes.ts';

/** What answers requests by one Plan. */
export interface Reads {
  readonly reader: Pick<Reader, 'find'>;
  readonly readRequest: ReturnType<typeof createFeatureRequestReader>;
}

export interface ReadsOptions {
  readonly plan: Plan;
  readonly reader: Pick<Reader, 'find'>;
  readonly maxEntities: number;
  /** For the rows of a read to come (ms); a request may ask for less. */
  readonly readMs: number;
}

export const compileReads = ({ plan, reader, maxEntities, readMs }: ReadsOptions): Reads => ({
  reader,
  readRequest: createFeatureRequestReader({ plan, maxEntities, readMs }),
});

export interface ServeRouteOptions {
  /** Those by the Plan that is active. */
  readonly reads: () => Promise<Reads>;
  readonly clock: Clock;
  /** Told of each read: of which group or service, how many entities had which status, and how long it took. */
  readonly observe: (name: string, counts: StatusCounts, milliseconds: number) => void;
}

export interface StatusCounts {
  readonly known: number;
  readonly unknown: number;
  readonly failed: number;
}

/** `POST /v1/features` in front of a store that others write, and whose rows expire. */
export function createServeRoute({ reads, clock, observe }: ServeRouteOptions): Route {
  const { write } = createAnswerWriter();

  return {
    method: 'POST',
    path: '/v1/features',
    query: [],
    types: ['application/json'],
    async answer({ body }) {
      const started = performance.now();
      const { reader, readRequest } = await reads().catch(throwKnown);
      const { kind, name, entities, ...options } = readRequest(body);
      checkReadable(options.asOf, clock);
      const found = await (async () => reader.find(kind, name, entities, options))().catch(throwKnown);
      const counts = { known: 0, unknown: 0, failed: 0 };
      for (const { status } of found.entities) counts[status]++;
      const answer = { body: write(found, options.shared) };
      observe(name, counts, performance.now() - started);
      return answer;
    },
  };
}

/** A row that has expired would look like one that never was. */
function checkReadable(asOf: number | undefined, clock: Clock): void {
  if (asOf === undefined || asOf >= clock.now() - readableMs) return;
  const hours = readableMs / 3_600_000;
  throw new HttpError(
    'past-time',
    `asOf is more than ${hours} hours ago: rows answer for now; past times are answered from the archive`,
  );
}

function throwKnown(error: unknown): never {
  if (error instanceof ReadRequestError) throw new HttpError(error.code, error.message);
  if (!(error instanceof StoreError)) throw error;
  const message = `the store cannot do this now (${error.reason}): try again later`;
  throw new HttpError('unavailable', message, { 'retry-after': String(retrySeconds) });
}
