import { ClientOptionsError, ConnectionError, RequestRefusedError } from './errors.ts';
import type { ClientTarget, HttpTarget, LocalService } from './target.ts';

/** A way to post requests to the service. */
export interface Connection {
  /** The service, for messages. */
  readonly service: string;
  /** Whether bodies travel, so that packing them is worth it. */
  readonly isRemote: boolean;
  /**
   * The answer's text. Throws RequestRefusedError for every status but 2xx, ConnectionError where no answer came, and
   * what `signal` is aborted with.
   */
  post(path: string, request: PostRequest, signal: AbortSignal): Promise<string>;
}

export interface PostRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer<ArrayBuffer>;
}

/** Throws ClientOptionsError for a URL that is none. */
export const connect = (target: ClientTarget): Connection =>
  'url' in target ? overHttp(target) : inProcess(target.service);

function overHttp({ url, fetch: send = fetch }: HttpTarget): Connection {
  if (!URL.canParse(url) || !/^https?:/.test(url))
    throw new ClientOptionsError(`${url} is no URL of a service: write one such as http://127.0.0.1:4600`);
  const base = url.replace(/\/+$/, '');
  const service = `the service at ${base}`;
  return {
    service,
    isRemote: true,
    async post(path, request, signal) {
      const { status, retryAfter, text } = await send(base + path, { method: 'POST', ...request, signal })
        .then(async reply => ({
          status: reply.status,
          retryAfter: reply.headers.get('retry-after'),
          text: await reply.text(),
        }))
        .catch(cause => {
          throw signal.aborted ? signal.reason : new ConnectionError(`${service} gave no answer`, { cause });
        });
      return textOf(service, status, retryAfter, text);
    },
  };
}

function inProcess(local: LocalService): Connection {
  const service = 'the service in this process';
  return {
    service,
    isRemote: false,
    async post(path, request, signal) {
      const answered = local.request({ path, ...request }).catch(cause => {
        throw new ConnectionError(`${service} gave no answer`, { cause });
      });
      const { status, headers, body } = await untilAborted(answered, signal);
      return textOf(service, status, headers['retry-after'], body);
    },
  };
}

/** What listens to no signal is left behind when it comes. */
export function untilAborted<T>(result: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    result.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

function textOf(service: string, status: number, retryAfter: unknown, text: string): string {
  if (status >= 200 && status < 300) return text;
  const seconds = Number(retryAfter ?? Number.NaN);
  const { code, message } = errorIn(text) ?? { code: 'unknown', message: 'is this a Millrace service?' };
  throw new RequestRefusedError(`${service} answers ${status} ${code}: ${message}`, {
    code,
    status,
    ...(seconds >= 0 ? { retryAfterMs: seconds * 1_000 } : {}),
  });
}

/** `{ error: { code, message } }`, which every error of the service is. */
function errorIn(text: string): { readonly code: string; readonly message: string } | null {
  try {
    const { code, message } = JSON.parse(text).error;
    return typeof code === 'string' && typeof message === 'string' ? { code, message } : null;
  } catch {
    return null;
  }
}
