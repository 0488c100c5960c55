import { StoreError } from '../../runtime/errors.ts';

/**
 * Why DynamoDB did not do what was asked: the condition did not hold; too much was asked at once; it is unknown whether
 * it was done, and trying again may help; or it never will be done so.
 */
export type Failure = 'conflict' | 'throttled' | 'unavailable' | 'refused';

export function failureOf(error: unknown): Failure {
  const { name, $metadata } = error as { name?: string; $metadata?: { httpStatusCode?: number } };
  if (name === 'ConditionalCheckFailedException') return 'conflict';
  if (throttlings.has(name ?? '')) return 'throttled';
  const status = $metadata?.httpStatusCode;
  return status !== undefined && status >= 400 && status < 500 ? 'refused' : 'unavailable';
}

/** The fault of one item, and not of the table or of who asks. */
export const isTooLarge = (error: unknown): boolean =>
  (error as Error).name === 'ValidationException' && /item size/i.test((error as Error).message);

export function storeErrorOf(error: unknown, what: string): StoreError {
  if (error instanceof StoreError) return error;
  const { name, message } = error as Error;
  const said = `DynamoDB, ${what}: ${name}: ${message}`;
  switch (failureOf(error)) {
    case 'throttled':
      return new StoreError(
        'throttled',
        `${said}. It may pass; if it does not, the table needs more capacity.`,
        {
          cause: error,
        },
      );
    case 'refused':
      return new StoreError('unavailable', `${said}. ${advice[name] ?? 'Trying again will not help.'}`, {
        cause: error,
      });
    default:
      return new StoreError('unavailable', said, { cause: error });
  }
}

const throttlings: ReadonlySet<string> = new Set([
  'ProvisionedThroughputExceededException',
  'ThrottlingException',
  'RequestLimitExceeded',
]);

const advice: Readonly<Record<string, string>> = {
  ResourceNotFoundException: 'The table is not there: deploy it, or correct its name or the region.',
  AccessDeniedException: 'The role of this process lacks the permission.',
};
