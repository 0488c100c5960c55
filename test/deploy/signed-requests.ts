import { Sha256 } from '@smithy/core/checksum';
import { SignatureV4 } from '@smithy/signature-v4';
import { MillraceError } from '../../lib/kernel/errors.ts';

export interface SignedRequest {
  /** What it is signed for: `lambda`, `execute-api`. */
  readonly service: string;
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: Headers;
}

export interface Connection {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** An answer of AWS that is none of success. */
export class AwsAnswerError extends MillraceError {
  override readonly name = 'AwsAnswerError';
}

export type SendSigned = (request: SignedRequest) => Promise<Answer>;

/** Sends requests with AWS's signature (version 4), to one endpoint for all services. */
export function signedRequests({ endpoint, region, credentials }: Connection): SendSigned {
  const { protocol, hostname, port, host } = new URL(endpoint);
  const signers = new Map<string, SignatureV4>();
  const signerOf = (service: string): SignatureV4 => {
    const known = signers.get(service) ?? new SignatureV4({ credentials, region, service, sha256: Sha256 });
    signers.set(service, known);
    return known;
  };

  return async ({ service, method = 'POST', path = '/', query = {}, headers = {}, body }) => {
    const signed = await signerOf(service).sign({
      method,
      protocol,
      hostname,
      port: Number(port),
      path,
      query: { ...query },
      headers: { ...headers, host },
      ...(body === undefined ? {} : { body }),
    });
    const url = new URL(path, endpoint);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const answer = await fetch(url, {
      method,
      headers: signed.headers,
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : Buffer.from(body) }),
    });
    return { status: answer.status, body: await answer.text(), headers: answer.headers };
  };
}

/** The JSON of an answer that was a success. Throws AwsAnswerError. */
export function jsonOf({ status, body }: Pick<Answer, 'status' | 'body'>, what: string): unknown {
  if (status < 200 || status > 299)
    throw new AwsAnswerError(`${what}: answered ${status}: ${body.slice(0, 500)}`);
  return JSON.parse(body);
}
