import type { Socket } from 'node:net';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { MillraceError, StoreError } from '../runtime/errors.ts';
import { ReadRequestError } from '../runtime/read.ts';
import { type ErrorCode, errorBody, errorStatuses, HttpError } from './errors.ts';
import { retrySeconds, type ServiceLimits } from './limits.ts';
import { createOpenApi } from './openapi/document.ts';
import { type Answer, createRoutes, type Route } from './routes.ts';
import type { Service } from './service.ts';

export interface ServerOptions {
  readonly service: Service;
  /** Told of errors that are ours. */
  readonly onError: (error: unknown) => void;
}

/**
 * The HTTP server of a service, not listening yet. Whatever is wrong with a request is answered with a 4xx and
 * `{ error: { code, message } }`.
 */
export function createServer({ service, onError }: ServerOptions): FastifyInstance {
  const { limits, metrics } = service;
  const openApi = JSON.stringify(createOpenApi(service.plan, limits));
  const routes = createRoutes(service, openApi);
  const app = fastify({
    bodyLimit: limits.bodyBytes,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: 65_000,
    forceCloseConnections: 'idle',
    // A request on a connection that was open before the stop is still served.
    return503OnClosing: false,
    exposeHeadRoutes: false,
    http: {
      headersTimeout: Math.min(limits.requestMs, 10_000),
      // How often the two timeouts are looked after.
      connectionsCheckingInterval: Math.min(limits.requestMs, 1_000),
    },
    clientErrorHandler: (error, socket) => refuseConnection(error, socket),
    frameworkErrors: (error, _, reply) => void sendError(reply, asHttpError(error, limits)),
  });

  app.removeAllContentTypeParsers();
  app.addContentTypeParser(bodyTypes, { parseAs: 'buffer' }, (request, body, done) => {
    if (request.headers['content-encoding'] === undefined) done(null, body);
    else unpacked(request, body as Buffer, limits.bodyBytes).then(whole => done(null, whole), done);
  });
  for (const route of routes) {
    app.route({
      method: route.method,
      url: route.path,
      handler(request, reply) {
        const send = ({ status = 200, type = 'application/json; charset=utf-8', body }: Answer) =>
          reply.code(status).header('content-type', type).send(body);
        const answered = answer(route, request);
        return answered instanceof Promise ? answered.then(send) : send(answered);
      },
    });
  }
  // Before a body is looked at: of a request to nowhere it does not matter.
  app.addHook('onRequest', (request, _, done) => {
    if (!request.is404) {
      done();
      return;
    }
    const path = request.url.split('?', 1)[0];
    const here = routes.filter(route => route.path === path).map(route => route.method);
    const known = routes.map(r => r.path).join(', ');
    done(
      here.length === 0
        ? new HttpError('not-found', `there is no ${path}; there is ${known}`)
        : new HttpError('wrong-method', `${path} takes ${here.join(', ')}, not ${request.method}`, {
            allow: here.join(', '),
          }),
    );
  });
  app.setErrorHandler((error, _, reply) => {
    const known = asHttpError(error, limits);
    if (errorStatuses[known.code] >= 500) onError(error);
    return sendError(reply, known);
  });
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown';
    metrics.countRequest(route, request.method, reply.statusCode);
    done();
  });
  return app;
}

function answer(route: Route, request: FastifyRequest): Answer | Promise<Answer> {
  const given = request.query as Readonly<Record<string, string | readonly string[]>>;
  const query: Record<string, string> = {};
  for (const name in given) {
    const value = given[name];
    if (!route.query.includes(name)) {
      const known = route.query.join(', ') || 'none';
      throw new HttpError('bad-request', `${route.path} takes no parameter ${name}; it takes ${known}`);
    }
    if (typeof value !== 'string') throw new HttpError('bad-request', `parameter ${name} may be given once`);
    query[name] = value;
  }
  if (route.types === undefined) return route.answer({ query, body: Buffer.alloc(0), type: '' });
  const type = mediaType(request);
  if (request.body === undefined) {
    throw new HttpError('bad-request', `the body is missing: send ${route.types.join(' or ')}`);
  }
  if (!route.types.includes(type)) {
    throw new HttpError('wrong-type', `${route.path} takes ${route.types.join(' or ')}, not ${type}`);
  }
  return route.answer({ query, body: request.body as Buffer, type });
}

const bodyTypes = ['application/json', 'application/x-ndjson'];
function mediaType({ headers }: FastifyRequest): string {
  const type = headers['content-type'] ?? '';
  return bodyTypes.includes(type) ? type : type.split(';', 1)[0]!.trim().toLowerCase();
}

const gunzipped = promisify(gunzip);

async function unpacked(request: FastifyRequest, body: Buffer, limit: number): Promise<Buffer> {
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (encoding === 'identity') return body;
  if (encoding !== 'gzip') {
    throw new HttpError('wrong-type', `content-encoding ${encoding}: send gzip, or leave it out`);
  }
  try {
    return await gunzipped(body, { maxOutputLength: limit });
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE') throw bodyTooLarge(limit);
    throw new HttpError('bad-encoding', `the body is not gzip: ${(error as Error).message}`);
  }
}

const bodyTooLarge = (limit: number): HttpError =>
  new HttpError('too-large', `the body has more than ${limit} bytes: send it in several requests`);

function sendError(reply: FastifyReply, { code, message, headers }: HttpError): FastifyReply {
  return reply
    .code(errorStatuses[code])
    .headers(headers)
    .header('content-type', 'application/json; charset=utf-8')
    .send(errorBody(code, message));
}

/** What went wrong, in terms of the request. Of errors that are nobody's fault but ours no detail goes out. */
function asHttpError(error: unknown, limits: ServiceLimits): HttpError {
  if (error instanceof HttpError) return error;
  if (error instanceof ReadRequestError) return new HttpError(error.code, error.message);
  if (error instanceof StoreError) {
    return new HttpError('unavailable', `the store cannot do this now (${error.reason}): try again later`, {
      'retry-after': String(retrySeconds),
    });
  }
  const { code, statusCode } = error as { readonly code?: string; readonly statusCode?: number };
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return bodyTooLarge(limits.bodyBytes);
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new HttpError('wrong-type', `send a body with content-type ${bodyTypes.join(' or ')}`);
    case 'FST_ERR_BAD_URL':
      return new HttpError('bad-request', 'the path cannot be decoded: check its % signs');
  }
  if (
    !(error instanceof MillraceError) &&
    statusCode !== undefined &&
    statusCode >= 400 &&
    statusCode < 500
  ) {
    return new HttpError('bad-request', (error as Error).message);
  }
  return new HttpError('internal', 'an error of the service itself: its log says more');
}

/** Answers what is no HTTP, or comes too slowly, as well as can be. */
function refuseConnection({ code }: { readonly code?: string }, socket: Socket): void {
  const refusal: [ErrorCode, string] =
    code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? ['timeout', 'the request came too slowly: send it in smaller parts']
      : code === 'HPE_HEADER_OVERFLOW'
        ? ['headers-too-large', 'the headers are too large: send fewer']
        : ['bad-request', 'this is not HTTP/1.1: check the client'];
  if (code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const body = errorBody(...refusal);
  socket.end(
    `HTTP/1.1 ${errorStatuses[refusal[0]]} Error\r\nconnection: close\r\ncontent-type: application/json; charset=utf-8\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
