import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { Logger } from '@aws-lambda-powertools/logger';
import { errorBody, errorStatuses, HttpError } from '../lib/service/errors.ts';
import type { Answer, Route } from '../lib/service/routes.ts';

/** What an HTTP API of API Gateway hands to a function (payload format 2.0), as far as it is used here. */
export interface HttpApiEvent {
  readonly rawPath: string;
  readonly rawQueryString: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body?: string;
  readonly isBase64Encoded: boolean;
  readonly requestContext: { readonly requestId: string; readonly http: { readonly method: string } };
}

export interface HttpApiResult {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface HttpHandlerOptions {
  readonly route: Route;
  /** Of a body, also once unpacked. */
  readonly bodyBytes: number;
  /** Gets errors that are ours. */
  readonly logger: Pick<Logger, 'resetKeys' | 'setCorrelationId' | 'error'>;
}

/**
 * A route as a function behind an HTTP API. What is wrong with a request is answered as the service answers it: a 4xx
 * and `{ error: { code, message } }`. The correlation id, the caller's own or that of the request, comes back as a
 * header, and stands in the log.
 */
export function createHttpHandler({ route, bodyBytes, logger }: HttpHandlerOptions) {
  return async (event: HttpApiEvent): Promise<HttpApiResult> => {
    const correlationId = correlationIdOf(event);
    logger.resetKeys();
    logger.setCorrelationId(correlationId);
    const headers = { [correlationHeader]: correlationId };
    try {
      const { status = 200, type = json, body } = await answer(route, event, bodyBytes);
      return { statusCode: status, headers: { ...headers, 'content-type': type }, body: body.toString() };
    } catch (error) {
      const known = error instanceof HttpError ? error : ourError();
      const statusCode = errorStatuses[known.code];
      if (statusCode >= 500) logger.error('a request failed', error as Error);
      return {
        statusCode,
        headers: { ...headers, ...known.headers, 'content-type': json },
        body: errorBody(known.code, known.message),
      };
    }
  };
}

const correlationHeader = 'x-correlation-id';

/** Who asks says under which id; text that is none is not taken over into logs and headers. */
function correlationIdOf({ headers, requestContext }: HttpApiEvent): string {
  const given = headers[correlationHeader] ?? '';
  return /^[\w.:/=+-]{1,128}$/.test(given) ? given : requestContext.requestId;
}

const json = 'application/json; charset=utf-8';
const ourError = () => new HttpError('internal', 'an error of the service itself: its log says more');

async function answer(route: Route, event: HttpApiEvent, bodyBytes: number): Promise<Answer> {
  const { method } = event.requestContext.http;
  if (event.rawPath !== route.path) throw new HttpError('not-found', `there is no ${event.rawPath} here`);
  if (method !== route.method)
    throw new HttpError('wrong-method', `${route.path} takes ${route.method}, not ${method}`);
  const query = queryOf(route, event.rawQueryString);
  const type = (event.headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase();
  const body = await bodyOf(event, bodyBytes);
  if (route.types !== undefined && !route.types.includes(type)) {
    throw new HttpError(
      'wrong-type',
      `${route.path} takes ${route.types.join(' or ')}, not ${type || 'no type'}`,
    );
  }
  return route.answer({ query, body, type });
}

function queryOf(route: Route, text: string): Readonly<Record<string, string>> {
  const query: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(text)) {
    if (!route.query.includes(name)) {
      const known = route.query.join(', ') || 'none';
      throw new HttpError('bad-request', `${route.path} takes no parameter ${name}; it takes ${known}`);
    }
    if (Object.hasOwn(query, name)) throw new HttpError('bad-request', `parameter ${name} may be given once`);
    query[name] = value;
  }
  return query;
}

async function bodyOf(event: HttpApiEvent, limit: number): Promise<Buffer> {
  const body = Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8');
  const encoding = (event.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (encoding === 'identity') {
    if (body.length > limit) throw tooLarge(limit);
    return body;
  }
  if (encoding !== 'gzip') {
    throw new HttpError('wrong-type', `content-encoding ${encoding}: send gzip, or leave it out`);
  }
  try {
    return await gunzipped(body, { maxOutputLength: limit });
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(limit);
    throw new HttpError('bad-encoding', `the body is not gzip: ${(error as Error).message}`);
  }
}

const gunzipped = promisify(gunzip);

const tooLarge = (limit: number): HttpError =>
  new HttpError('too-large', `the body has more than ${limit} bytes: send it in several requests`);
