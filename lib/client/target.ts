import type { Reader } from '../runtime/read.ts';

/** Where the service is: elsewhere, over HTTP, or in this process. */
export type ClientTarget = HttpTarget | LocalTarget;

export interface HttpTarget {
  /** `http://127.0.0.1:4600`; a path in it stands before those of the service. */
  readonly url: string;
  /** Sends the requests, signed for instance, as a deployed environment's API wants them; Node's own unless given. */
  readonly fetch?: PostFetch;
}

export type PostFetch = (
  url: string,
  request: {
    readonly method: 'POST';
    readonly headers: Readonly<Record<string, string>>;
    readonly body: Buffer<ArrayBuffer>;
    readonly signal: AbortSignal;
  },
) => Promise<Response>;

export interface LocalTarget {
  /** What `serve(…)` of lib/local resolves to. */
  readonly service: LocalService;
}

/** A service in this process: it answers requests without a connection, and reads without text in between. */
export interface LocalService {
  /** As over HTTP; rejects where the service is stopped. */
  request(request: LocalRequest): Promise<LocalReply>;
  readonly local: Pick<Reader, 'readGroup' | 'readService'>;
}

export interface LocalRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface LocalReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}
