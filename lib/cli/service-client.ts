import { setTimeout } from 'node:timers/promises';
import type { BodyFetch } from '../adapters/aws/signed-fetch.ts';
import { MillraceError } from '../runtime/errors.ts';

/** The running service could not be reached, or answered with an error. */
export class ServiceError extends MillraceError {
  override readonly name = 'ServiceError';
}

/** A service that takes events and gives features: one that runs on this machine, or a deployed environment's. */
export interface RunningService {
  /** Stands before the paths of requests. */
  readonly url: string;
  readonly fetch: BodyFetch;
  /** What to do where nothing answers. */
  readonly advice: string;
}

/** The service at a URL, or where millrace dev listens. */
export const serviceAt = (url = 'http://127.0.0.1:4600'): RunningService => ({
  url: url.replace(/\/+$/, ''),
  fetch: (to, request) => fetch(to, request),
  advice: 'start it with millrace dev, or name it with --url',
});

export interface ServiceRequest {
  readonly method: 'GET' | 'POST';
  readonly body?: Uint8Array<ArrayBuffer> | string;
  readonly type?: string;
  readonly signal?: AbortSignal;
  /** Told before a request that the service could not take is sent again. */
  readonly onWait?: (seconds: number) => void;
}

/**
 * Asks a service for JSON. What it cannot take now (429, 503) is sent again after the time it asks for, until the
 * signal ends it. Throws ServiceError.
 */
export async function askService(
  service: RunningService,
  path: string,
  request: ServiceRequest,
): Promise<unknown> {
  const { method, body, type = 'application/json', signal, onWait } = request;
  if (!URL.canParse(service.url))
    throw new ServiceError(`--url ${service.url} is no URL: write http://127.0.0.1:4600`);
  for (;;) {
    const response = await service
      .fetch(service.url + path, {
        method,
        ...(body === undefined ? {} : { body, headers: { 'content-type': type } }),
        ...(signal === undefined ? {} : { signal }),
      })
      .catch(cause => {
        if (signal?.aborted === true) throw cause;
        if ((cause as Error).name === 'CredentialsProviderError') throw noCredentials(cause);
        throw new ServiceError(`no service answers at ${service.url}: ${service.advice}`, { cause });
      });
    const text = await response.text();
    if (response.ok) return JSON.parse(text);
    const seconds = Number(response.headers.get('retry-after') ?? (response.status === 429 ? 1 : 0));
    if (seconds > 0 && (response.status === 429 || response.status === 503)) {
      onWait?.(seconds);
      await setTimeout(seconds * 1000, undefined, signal === undefined ? {} : { signal });
      continue;
    }
    throw new ServiceError(`${service.url} answers ${response.status}: ${messageOf(text)}`);
  }
}

/** Of whoever asks AWS for something without credentials. */
export const noCredentials = (cause: Error): ServiceError =>
  new ServiceError(
    `no AWS credentials were found (${cause.message}): choose a profile with --profile, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY`,
    { cause },
  );

/** Of the service's own errors `{ error: { message } }`, of API Gateway's `{ message }`. */
function messageOf(text: string): string {
  try {
    const { error, message } = JSON.parse(text);
    const said: unknown = error?.message ?? message;
    if (typeof said === 'string') return said;
  } catch {}
  return 'is this a Millrace service?';
}
