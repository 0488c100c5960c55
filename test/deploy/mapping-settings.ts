import { MillraceError } from '../../lib/kernel/errors.ts';

/** An event source mapping of a Kinesis stream as Lambda's API describes it, as far as it says what is done. */
export interface MappingConfiguration {
  readonly BatchSize?: number;
  readonly MaximumBatchingWindowInSeconds?: number;
  readonly ParallelizationFactor?: number;
  readonly BisectBatchOnFunctionError?: boolean;
  readonly MaximumRetryAttempts?: number;
  readonly MaximumRecordAgeInSeconds?: number;
  readonly StartingPosition?: string;
  readonly DestinationConfig?: { readonly OnFailure?: { readonly Destination?: string } };
  readonly FunctionResponseTypes?: readonly string[];
  readonly TumblingWindowInSeconds?: number;
  readonly FilterCriteria?: { readonly Filters?: readonly unknown[] };
}

/** The same, with what Lambda takes where a setting is missing. */
export interface MappingSettings {
  readonly batchSize: number;
  readonly batchingWindowMs: number;
  readonly bisects: boolean;
  /** After the first attempt; null: until the records leave the stream. */
  readonly retries: number | null;
  readonly maxAgeMs: number | null;
  readonly reportsFailures: boolean;
  /** Where what was given up goes; null: nowhere. */
  readonly destination: string | null;
}

/** The mapping asks for what the poller does not do: what it showed would not be what Lambda does. */
export class MappingSettingsError extends MillraceError {
  override readonly name = 'MappingSettingsError';
}

/**
 * Reads a deployed mapping. Throws MappingSettingsError where it filters, aggregates by tumbling windows, takes more
 * than one batch of a shard at a time, or does not begin at the oldest record.
 */
export function settingsOf(mapping: MappingConfiguration): MappingSettings {
  const refuse = (setting: string, value: unknown): never => {
    throw new MappingSettingsError(
      `the mapping's ${setting} is ${JSON.stringify(value)}: the poller has no such thing`,
    );
  };
  const { ParallelizationFactor = 1, TumblingWindowInSeconds = 0, StartingPosition } = mapping;
  if (ParallelizationFactor !== 1) refuse('ParallelizationFactor', ParallelizationFactor);
  if (TumblingWindowInSeconds !== 0) refuse('TumblingWindowInSeconds', TumblingWindowInSeconds);
  if (StartingPosition !== 'TRIM_HORIZON') refuse('StartingPosition', StartingPosition);
  if ((mapping.FilterCriteria?.Filters ?? []).length > 0) refuse('FilterCriteria', mapping.FilterCriteria);
  const unlessEndless = (value = -1, unit = 1) => (value === -1 ? null : value * unit);
  return {
    batchSize: mapping.BatchSize ?? 100,
    batchingWindowMs: (mapping.MaximumBatchingWindowInSeconds ?? 0) * 1000,
    bisects: mapping.BisectBatchOnFunctionError ?? false,
    retries: unlessEndless(mapping.MaximumRetryAttempts),
    maxAgeMs: unlessEndless(mapping.MaximumRecordAgeInSeconds, 1000),
    reportsFailures: (mapping.FunctionResponseTypes ?? []).includes('ReportBatchItemFailures'),
    destination: mapping.DestinationConfig?.OnFailure?.Destination ?? null,
  };
}
