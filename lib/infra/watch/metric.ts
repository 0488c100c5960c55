import type { MetricName } from '../../runtime/metric-names.ts';

/** A metric of CloudWatch, by the parts of the platform that it is of: what they are called there is known when deployed. */
export type WatchedMetric =
  /** What functions emit of a stream, or of a service that is read. */
  | { readonly from: 'millrace'; readonly name: MetricName; readonly stream: string }
  | { readonly from: 'millrace'; readonly name: MetricName; readonly read: string }
  | { readonly from: 'lambda'; readonly name: LambdaMetric; readonly function: WatchedFunction }
  | { readonly from: 'kinesis'; readonly name: KinesisMetric; readonly stream: string }
  | { readonly from: 'firehose'; readonly name: FirehoseMetric; readonly stream: string }
  | { readonly from: 'dynamodb'; readonly name: DynamoMetric; readonly table: string }
  | { readonly from: 'api'; readonly name: ApiMetric; readonly route: 'events' | 'features' };

export type WatchedFunction = 'ingest' | 'serve' | { readonly transform: string };

type LambdaMetric =
  | 'Invocations'
  | 'Errors'
  | 'Throttles'
  | 'Duration'
  | 'ConcurrentExecutions'
  | 'IteratorAge';
type KinesisMetric = 'IncomingRecords' | 'IncomingBytes' | 'WriteProvisionedThroughputExceeded';
type FirehoseMetric = 'DeliveryToS3.DataFreshness' | 'DeliveryToS3.Records' | 'FailedConversion.Records';
type DynamoMetric =
  | 'ConsumedWriteCapacityUnits'
  | 'ConsumedReadCapacityUnits'
  | 'WriteThrottleEvents'
  | 'ReadThrottleEvents';
type ApiMetric = 'Count' | 'Latency' | '4xx' | '5xx';

export type Statistic = 'Sum' | 'Maximum' | 'Average' | 'SampleCount' | 'p50' | 'p99';
