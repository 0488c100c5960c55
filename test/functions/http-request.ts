import type { HttpApiEvent } from '../../functions/http-api.ts';

/** A request as an HTTP API hands it to a function; what is given replaces what stands here. */
export const httpRequest = (
  path: string,
  body: string | Buffer,
  { headers = {}, ...rest }: Partial<HttpApiEvent> = {},
): HttpApiEvent => ({
  rawPath: path,
  rawQueryString: '',
  headers: { 'content-type': 'application/json', ...headers },
  body: typeof body === 'string' ? body : body.toString('base64'),
  isBase64Encoded: typeof body !== 'string',
  requestContext: { requestId: 'request-1', http: { method: 'POST' } },
  ...rest,
});
