import { setTimeout } from 'node:timers/promises';
import { MillraceError } from '../runtime/errors.ts';

/** The running service could not be reached, or answered with an error. */
export class ServiceError extends MillraceError {
  override readonly name = 'ServiceError';
}

export interface ServiceRequest {
  readonly method: 'GET' | 'POST';
  readonly body?: Uint8Array<ArrayBuffer> | string;
  readonly type?: string;
  readonly signal?: AbortSignal;
  /** Told before a request that the service could not take is sent again. */
  readonly onWait?: (seconds: number) => void;
}

/**
 * Asks the service for JSON. What it cannot take now (429, 503) is sent again after the time it asks for, until the
 * signal ends it. Throws ServiceError.
 */
export async function askService(base: string, path: string, request: ServiceRequest): Promise<unknown> {
  const { method, body, type = 'application/json', signal, onWait } = request;
  for (;;) {
    const response = await fetch(urlOf(base, path), {
      method,
      ...(body === undefined ? {} : { body, headers: { 'content-type': type } }),
      ...(signal === undefined ? {} : { signal }),
    }).catch(cause => {
      if (signal?.aborted === true) throw cause;
      throw new ServiceError(
        `no service answers at ${base}: start it with millrace dev, or name it with --url`,
        {
          cause,
        },
      );
    });
    const text = await response.text();
    if (response.ok) return JSON.parse(text);
    const seconds = Number(response.headers.get('retry-after') ?? 0);
    if (seconds > 0 && (response.status === 429 || response.status === 503)) {
      onWait?.(seconds);
      await setTimeout(seconds * 1000, undefined, signal === undefined ? {} : { signal });
      continue;
    }
    throw new ServiceError(`${base} answers ${response.status}: ${messageOf(text)}`);
  }
}

function urlOf(base: string, path: string): URL {
  try {
    return new URL(path, base);
  } catch {
    throw new ServiceError(`--url ${base} is no URL: write http://127.0.0.1:4600`);
  }
}

function messageOf(text: string): string {
  try {
    return (JSON.parse(text) as { error: { message: string } }).error.message;
  } catch {
    return 'is this a Millrace service?';
  }
}
