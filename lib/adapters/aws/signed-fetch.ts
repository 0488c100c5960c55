import { defaultProvider } from '@aws-sdk/credential-provider-node';
import { Sha256 } from '@smithy/core/checksum';
import { SignatureV4 } from '@smithy/signature-v4';

export interface SignedFetchOptions {
  readonly region: string;
  /** What the requests are for, by AWS's signing names; an HTTP API unless given. */
  readonly service?: string;
  /** Where they come from otherwise: the environment, the profile, the machine's role, in the SDK's order. */
  readonly credentials?: Credentials | (() => Promise<Credentials>);
}

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** `fetch` for bodies that are there whole, as a signature needs them. */
export type BodyFetch = (url: string, request: BodyRequest) => Promise<Response>;

export interface BodyRequest {
  readonly method: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer> | string;
  readonly signal?: AbortSignal;
}

/**
 * `fetch` that signs each request with AWS's signature, version 4, as an HTTP API with IAM authorisation asks for.
 * Rejects where no credentials are found, with the SDK's CredentialsProviderError.
 */
export function createSignedFetch(options: SignedFetchOptions): BodyFetch {
  const { region, service = 'execute-api', credentials = defaultProvider() } = options;
  const signer = new SignatureV4({ region, service, credentials, sha256: Sha256 });

  return async (url, { method, headers = {}, body, signal }) => {
    const { protocol, hostname, port, host, pathname, searchParams } = new URL(url);
    const signed = await signer.sign({
      method,
      protocol,
      hostname,
      path: pathname,
      query: Object.fromEntries(searchParams),
      headers: { ...headers, host },
      ...(port === '' ? {} : { port: Number(port) }),
      ...(body === undefined ? {} : { body }),
    });
    return fetch(url, {
      method,
      headers: signed.headers,
      ...(body === undefined ? {} : { body }),
      ...(signal === undefined ? {} : { signal }),
    });
  };
}
