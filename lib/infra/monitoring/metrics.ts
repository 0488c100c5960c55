import { Duration } from 'aws-cdk-lib';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { metricDimensions, namespaceOf } from '../../runtime/metric-names.ts';
import type { Statistic, WatchedFunction, WatchedMetric } from '../watch/metric.ts';
import type { Watched } from './watched.ts';

export interface MetricOptions {
  readonly statistic: Statistic;
  readonly periodSeconds: number;
  readonly label?: string;
}

/** Makes CloudWatch's metric of a watched one, with the names that the deployment gives to its parts. */
export const metricsOf =
  (environment: string, watched: Watched) =>
  (metric: WatchedMetric, { statistic, periodSeconds, label }: MetricOptions): Metric =>
    new Metric({
      ...placeOf(metric, environment, watched),
      metricName: metric.name,
      statistic,
      period: Duration.seconds(periodSeconds),
      ...(label === undefined ? {} : { label }),
    });

function placeOf(
  metric: WatchedMetric,
  environment: string,
  { stored, processing, serving }: Watched,
): { namespace: string; dimensionsMap: Record<string, string> } {
  const streamOf = (name: string) => stored.streams.get(name)!.stream;
  switch (metric.from) {
    case 'millrace':
      return {
        namespace: namespaceOf(environment),
        dimensionsMap:
          'stream' in metric
            ? { [metricDimensions.stream]: metric.stream }
            : { [metricDimensions.name]: metric.read },
      };
    case 'lambda':
      return {
        namespace: 'AWS/Lambda',
        dimensionsMap: { FunctionName: functionOf(metric.function).functionName },
      };
    case 'kinesis':
      return { namespace: 'AWS/Kinesis', dimensionsMap: { StreamName: streamOf(metric.stream).streamName } };
    case 'firehose':
      return {
        namespace: 'AWS/Firehose',
        dimensionsMap: { DeliveryStreamName: processing.archive.deliveries.get(metric.stream)!.ref },
      };
    case 'dynamodb':
      return {
        namespace: 'AWS/DynamoDB',
        dimensionsMap: { TableName: stored.tables.rows.get(metric.table)!.tableName },
      };
    case 'api':
      return {
        namespace: 'AWS/ApiGateway',
        dimensionsMap: {
          ApiId: serving.api.apiId,
          Stage: '$default',
          Method: 'POST',
          Resource: `/v1/${metric.route}`,
        },
      };
  }

  function functionOf(name: WatchedFunction) {
    if (name === 'ingest') return serving.ingest.function;
    if (name === 'serve') return serving.serve.function;
    return processing.transforms.get(name.transform)!.function;
  }
}
