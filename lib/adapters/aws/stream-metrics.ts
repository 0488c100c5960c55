import { CloudWatchClient, GetMetricDataCommand, type MetricDataQuery } from '@aws-sdk/client-cloudwatch';
import { metricDimensions, metricNames } from '../../runtime/metric-names.ts';

/** What CloudWatch has of a stream over some time; null where nothing was reported. */
export interface StreamMetrics {
  readonly accepted: number | null;
  readonly folded: number | null;
  /** Applied before, or copies. */
  readonly skipped: number | null;
  readonly late: number | null;
  readonly bad: number | null;
  readonly unapplied: number | null;
  /** How long (ms) the oldest record waited at most that was not yet read. */
  readonly iteratorAgeMs: number | null;
  /** The longest time (ms) from an event's arrival until its rows could be read. */
  readonly freshnessMs: number | null;
}

export interface StreamMetricsOptions {
  readonly namespace: string;
  /** The Plan's name, and Kinesis's. */
  readonly stream: string;
  readonly streamName: string;
  readonly from: Date;
  readonly to: Date;
  readonly client?: CloudWatchClient;
}

/** Sums and maxima over the time. Rejects as the SDK does. */
export async function readStreamMetrics(options: StreamMetricsOptions): Promise<StreamMetrics> {
  const { namespace, stream, streamName, from, to, client = new CloudWatchClient() } = options;
  const seconds = Math.max(60, Math.ceil((to.getTime() - from.getTime()) / 60_000) * 60);
  const ours = (Id: keyof StreamMetrics, MetricName: string, Stat: 'Sum' | 'Maximum'): MetricDataQuery => ({
    Id,
    MetricStat: {
      Metric: {
        Namespace: namespace,
        MetricName,
        Dimensions: [{ Name: metricDimensions.stream, Value: stream }],
      },
      Period: seconds,
      Stat,
    },
  });
  const answer = await client.send(
    new GetMetricDataCommand({
      StartTime: from,
      EndTime: to,
      MetricDataQueries: [
        ours('accepted', metricNames.eventsAccepted, 'Sum'),
        ours('folded', metricNames.eventsFolded, 'Sum'),
        ours('skipped', metricNames.eventsSkipped, 'Sum'),
        ours('late', metricNames.eventsLate, 'Sum'),
        ours('bad', metricNames.eventsBad, 'Sum'),
        ours('unapplied', metricNames.eventsUnapplied, 'Sum'),
        ours('freshnessMs', metricNames.freshnessOldest, 'Maximum'),
        {
          Id: 'iteratorAgeMs',
          MetricStat: {
            Metric: {
              Namespace: 'AWS/Kinesis',
              MetricName: 'GetRecords.IteratorAgeMilliseconds',
              Dimensions: [{ Name: 'StreamName', Value: streamName }],
            },
            Period: seconds,
            Stat: 'Maximum',
          },
        },
      ],
    }),
  );
  /** The time may touch two periods. */
  const of = (id: keyof StreamMetrics, join: (...values: number[]) => number): number | null => {
    const values = answer.MetricDataResults?.find(result => result.Id === id)?.Values ?? [];
    return values.length === 0 ? null : join(...values);
  };
  const sum = (...values: number[]): number => values.reduce((total, value) => total + value, 0);
  return {
    accepted: of('accepted', sum),
    folded: of('folded', sum),
    skipped: of('skipped', sum),
    late: of('late', sum),
    bad: of('bad', sum),
    unapplied: of('unapplied', sum),
    iteratorAgeMs: of('iteratorAgeMs', Math.max),
    freshnessMs: of('freshnessMs', Math.max),
  };
}
