import {
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { StoreError } from '../../runtime/errors.ts';

/** Where objects are: every key here is one behind `prefix` (`quarantine/`) in the bucket. */
export interface ObjectPlace {
  readonly client: S3Client;
  readonly bucket: string;
  readonly prefix: string;
}

/** Small objects under keys that sort. */
export interface Objects {
  put(key: string, json: string): Promise<void>;
  /** null where there is none. */
  get(key: string): Promise<string | null>;
  /** The first `limit` objects whose keys begin with `under`, in the order of their keys. */
  list(under: string, limit: number): Promise<readonly ListedObject[]>;
  /** The names between `under` and the next slash, in order. */
  folders(under: string): Promise<readonly string[]>;
  /** Keys of no object are passed over. */
  remove(keys: readonly string[]): Promise<void>;
}

export interface ListedObject {
  readonly key: string;
  /** In whole seconds (ms since 1970), as S3 has it. */
  readonly modified: number;
}

/** The objects of a bucket. All methods reject with StoreErrors. */
export function openObjects({ client, bucket, prefix }: ObjectPlace): Objects {
  const where = `s3://${bucket}/${prefix}`;

  async function* pages(under: string, options: { readonly limit?: number; readonly delimiter?: string }) {
    let token: string | undefined;
    let left = options.limit ?? Number.POSITIVE_INFINITY;
    do {
      const command = new ListObjectsV2Command({
        Bucket: bucket,
        Prefix: prefix + under,
        MaxKeys: Math.min(left, 1_000),
        ...(options.delimiter === undefined ? {} : { Delimiter: options.delimiter }),
        ...(token === undefined ? {} : { ContinuationToken: token }),
      });
      const page = await client.send(command).catch(storeError(`list ${where}${under}`));
      yield page;
      left -= page.Contents?.length ?? 0;
      token = page.NextContinuationToken;
    } while (token !== undefined && left > 0);
  }

  return {
    async put(key, json) {
      const command = new PutObjectCommand({
        Bucket: bucket,
        Key: prefix + key,
        Body: json,
        ContentType: 'application/json',
      });
      await client.send(command).catch(storeError(`put ${where}${key}`));
    },

    async get(key) {
      try {
        const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: prefix + key }));
        return (await Body?.transformToString('utf8')) ?? '';
      } catch (error) {
        if (error instanceof S3ServiceException && error.name === 'NoSuchKey') return null;
        return storeError(`get ${where}${key}`)(error);
      }
    },

    async list(under, limit) {
      const found: ListedObject[] = [];
      if (limit <= 0) return found;
      for await (const { Contents = [] } of pages(under, { limit })) {
        for (const { Key = '', LastModified } of Contents) {
          found.push({ key: Key.slice(prefix.length), modified: LastModified?.getTime() ?? 0 });
        }
      }
      return found;
    },

    async folders(under) {
      const found: string[] = [];
      for await (const { CommonPrefixes = [] } of pages(under, { delimiter: '/' })) {
        for (const { Prefix = '' } of CommonPrefixes)
          found.push(Prefix.slice(prefix.length + under.length, -1));
      }
      return found;
    },

    async remove(keys) {
      for (let from = 0; from < keys.length; from += 1_000) {
        const batch = keys.slice(from, from + 1_000).map(key => ({ Key: prefix + key }));
        const command = new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: batch, Quiet: true } });
        const { Errors = [] } = await client.send(command).catch(storeError(`delete in ${where}`));
        const [first] = Errors;
        if (first === undefined) continue;
        throw new StoreError(
          'unavailable',
          `S3 did not delete ${Errors.length} objects in ${where}: ${first.Key}: ${first.Message}`,
        );
      }
    },
  };
}

/** Throws what the SDK has thrown as a StoreError. */
function storeError(attempt: string): (error: unknown) => never {
  return error => {
    const { name, message } = error as Error;
    const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
    const isThrottled = name === 'SlowDown' || status === 429 || status === 503;
    throw new StoreError(isThrottled ? 'throttled' : 'unavailable', `S3: ${attempt}: ${name}: ${message}`, {
      cause: error,
    });
  };
}
