import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { S3Client } from '@aws-sdk/client-s3';

export interface S3Server {
  readonly endpoint: string;
  readonly client: S3Client;
  /** By bucket and key. */
  readonly objects: ReadonlyMap<string, StoredObject>;
  /** `PUT /bucket/key`, each request's first line. */
  readonly requests: readonly string[];
  /** The status and code that a request fails with; null where it goes through. */
  fault: (request: string) => { readonly status: number; readonly code: string } | null;
  close(): Promise<void>;
}

interface StoredObject {
  readonly body: Buffer;
  readonly type: string;
  readonly modified: number;
}

/** As much of S3 as the adapters use, on the loopback interface. Listings come in pages of `pageSize`. */
export async function startS3Server({ pageSize }: { readonly pageSize: number }): Promise<S3Server> {
  const objects = new Map<string, StoredObject>();
  const requests: string[] = [];

  function list(bucket: string, query: URLSearchParams): string {
    const prefix = query.get('prefix') ?? '';
    const delimiter = query.get('delimiter');
    const after = query.get('continuation-token') ?? '';
    const size = Math.min(pageSize, Number(query.get('max-keys') ?? 1_000));
    const entries = new Map<string, string>();
    let last = '';
    let isTruncated = false;
    const keys = [...objects.keys()]
      .filter(k => k.startsWith(`${bucket}/`))
      .map(k => k.slice(bucket.length + 1));
    for (const key of keys.sort()) {
      const end = delimiter === null ? -1 : key.indexOf(delimiter, prefix.length);
      const name = end < 0 ? key : key.slice(0, end + 1);
      if (!key.startsWith(prefix) || name <= after || entries.has(name)) continue;
      if (entries.size === size) {
        isTruncated = true;
        break;
      }
      const date = new Date(Math.floor(objects.get(`${bucket}/${key}`)!.modified / 1000) * 1000);
      entries.set(
        name,
        end < 0
          ? `<Contents><Key>${escaped(name)}</Key><LastModified>${date.toISOString()}</LastModified></Contents>`
          : `<CommonPrefixes><Prefix>${escaped(name)}</Prefix></CommonPrefixes>`,
      );
      last = name;
    }
    const token = isTruncated ? `<NextContinuationToken>${escaped(last)}</NextContinuationToken>` : '';
    return `<ListBucketResult><IsTruncated>${isTruncated}</IsTruncated>${token}${[...entries.values()].join('')}</ListBucketResult>`;
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const { pathname, searchParams } = new URL(request.url!, 'http://localhost');
    const path = decodeURIComponent(pathname.slice(1));
    const line = `${request.method} /${path}`;
    requests.push(line);
    const send = (status: number, text: string | Buffer, type = 'application/xml'): void => {
      response.writeHead(status, { 'content-type': type }).end(text);
    };
    const fault = self.fault(line);
    if (fault !== null) return send(fault.status, errorOf(fault.code));
    if (request.method === 'PUT') {
      objects.set(path, { body, type: request.headers['content-type'] ?? '', modified: Date.now() });
      return send(200, '');
    }
    if (request.method === 'POST' && searchParams.has('delete')) {
      for (const [, key] of body.toString().matchAll(/<Key>([^<]*)<\/Key>/g)) {
        objects.delete(`${path.replace(/\/$/, '')}/${unescaped(key!)}`);
      }
      return send(200, '<DeleteResult></DeleteResult>');
    }
    if (request.method === 'GET' && searchParams.has('list-type')) {
      return send(200, list(path.replace(/\/$/, ''), searchParams));
    }
    const object = objects.get(path);
    return object === undefined ? send(404, errorOf('NoSuchKey')) : send(200, object.body, object.type);
  }

  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const endpoint = `http://127.0.0.1:${port}`;
  const client = new S3Client({
    endpoint,
    forcePathStyle: true,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  });
  const self: S3Server = {
    endpoint,
    client,
    objects,
    requests,
    fault: () => null,
    close: async () => {
      client.destroy();
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };
  return self;
}

const errorOf = (code: string): string => `<Error><Code>${code}</Code><Message>scripted</Message></Error>`;

const escapes: readonly (readonly [string, string])[] = [
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
];
const escaped = (text: string): string =>
  escapes.reduce((all, [plain, entity]) => all.replaceAll(plain, entity), text);
const unescaped = (text: string): string =>
  escapes.reduceRight((all, [plain, entity]) => all.replaceAll(entity, plain), text);
