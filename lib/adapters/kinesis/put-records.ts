import { type KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';

export interface RecordToPut {
  readonly partitionKey: string;
  readonly data: Uint8Array;
}

/** Where a record was stored, or why it was not. */
export type PutResult = { readonly shard: string; readonly sequence: bigint } | PutFailure;

export interface PutFailure {
  /** `refused` will not pass by trying again. */
  readonly failed: 'throttled' | 'unavailable' | 'refused';
  readonly message: string;
  /** The record may be stored all the same. */
  readonly uncertain: boolean;
}

export const isFailure = (result: PutResult): result is PutFailure => 'failed' in result;

/** One request, one attempt: the result of each record, in their order. Never rejects. */
export async function putRecords(
  client: KinesisClient,
  { streamName, records, timeoutMs }: PutRequest,
): Promise<readonly PutResult[]> {
  const command = new PutRecordsCommand({
    StreamName: streamName,
    Records: records.map(({ partitionKey, data }) => ({ PartitionKey: partitionKey, Data: data })),
  });
  try {
    const response = await client.send(command, { abortSignal: AbortSignal.timeout(timeoutMs) });
    const results = response.Records ?? [];
    return records.map((_, i): PutResult => {
      const { ErrorCode, ErrorMessage, ShardId, SequenceNumber } = results[i] ?? {};
      if (ErrorCode !== undefined) {
        const failed = throttlingErrors.has(ErrorCode) ? 'throttled' : 'unavailable';
        const message = `Kinesis: ${ErrorCode}: ${ErrorMessage ?? ''}`;
        return { failed, message, uncertain: failed !== 'throttled' };
      }
      if (ShardId === undefined || SequenceNumber === undefined) {
        return { failed: 'unavailable', message: 'Kinesis: a record without an answer', uncertain: true };
      }
      return { shard: ShardId, sequence: BigInt(SequenceNumber) };
    });
  } catch (error) {
    const failure = failureOf(error as AwsError);
    return records.map(() => failure);
  }
}

export interface PutRequest {
  readonly streamName: string;
  readonly records: readonly RecordToPut[];
  readonly timeoutMs: number;
}

/** As far as the SDK's errors and the network's are used here. */
interface AwsError extends Error {
  readonly $metadata?: { readonly httpStatusCode?: number; readonly attempts?: number };
}

/** What an error of a whole request says of it. */
export function failureOf(error: AwsError): PutFailure {
  const { name, $metadata = {} } = error;
  const status = $metadata.httpStatusCode ?? 0;
  const isThrottled = throttlingErrors.has(name) || status === 429;
  // Kinesis has said no. Of an earlier attempt that the SDK made by itself nothing is known.
  const saidNo = isThrottled || (status >= 400 && status < 500);
  return {
    failed: isThrottled ? 'throttled' : lastingErrors.has(name) ? 'refused' : 'unavailable',
    message: `Kinesis: ${name}: ${error.message}`,
    uncertain: !saidNo || ($metadata.attempts ?? 1) > 1,
  };
}

const throttlingErrors: ReadonlySet<string> = new Set([
  'ProvisionedThroughputExceededException',
  'ThrottlingException',
  'KMSThrottlingException',
  'LimitExceededException',
]);

/** Not among them: what new credentials or a set clock mends. */
const lastingErrors: ReadonlySet<string> = new Set([
  'AccessDeniedException',
  'InvalidArgumentException',
  'KMSAccessDeniedException',
  'KMSDisabledException',
  'KMSInvalidStateException',
  'KMSNotFoundException',
  'KMSOptInRequired',
  'ResourceNotFoundException',
  'SerializationException',
  'UnrecognizedClientException',
  'ValidationException',
]);
