/**
 * The names of CloudWatch's metrics: functions emit under them, dashboards and alarms read them. Each has one dimension:
 * the Plan's `stream`, or the `name` of the group or service that was read. Counts, but for times, which are ms.
 */
export const metricNames = {
  // Ingest, by stream.
  eventsAccepted: 'EventsAccepted',
  /** Refused at the door: no JSON at all. */
  eventsRejected: 'EventsRejected',
  /** Not stored by Kinesis within their time. */
  eventsFailed: 'EventsFailed',
  /** Requests answered with 429, because the transform is further behind than it may be. */
  requestsRefused: 'RequestsRefused',
  recordsPut: 'RecordsPut',
  recordsThrottled: 'RecordsThrottled',

  // Transform, by stream.
  eventsFolded: 'EventsFolded',
  /** Applied before, or duplicates. */
  eventsSkipped: 'EventsSkipped',
  /** Copies of events that counted, by their id. */
  eventsDuplicate: 'EventsDuplicate',
  eventsLate: 'EventsLate',
  eventsBad: 'EventsBad',
  /** Set aside as late or bad; of a batch that is given again, again. */
  eventsQuarantined: 'EventsQuarantined',
  /** Counted in all rows but one, which could not take them. */
  eventsUnapplied: 'EventsUnapplied',
  /** Of batches that are to be given again. */
  eventsUnsettled: 'EventsUnsettled',
  /** Batches of which nothing could be done: a store was not there, or no Plan that this code has is active. */
  batchesFailed: 'BatchesFailed',
  /** From the arrival of a settled batch's first event until all its rows can be read. */
  freshnessOldest: 'FreshnessOldest',
  /** The same of its last event. */
  freshnessNewest: 'FreshnessNewest',
  batchDuration: 'BatchDuration',
  rowsWritten: 'RowsWritten',
  /** Rows that another shard wrote in between; they are folded again. */
  rowConflicts: 'RowConflicts',
  rowsThrottled: 'RowsThrottled',
  rowsFailed: 'RowsFailed',
  cachePublished: 'CachePublished',
  /** Rows that the cache did not take; readers see them when the older entry ends. */
  cacheUnpublished: 'CacheUnpublished',

  // Serve, by name of what was read.
  entitiesKnown: 'EntitiesKnown',
  entitiesUnknown: 'EntitiesUnknown',
  entitiesFailed: 'EntitiesFailed',
  /** From the parsed request to the values. */
  readLatency: 'ReadLatency',
  cacheHits: 'CacheHits',
  cacheMisses: 'CacheMisses',
  /** Rows that the cache did not give in time, or at all. */
  cacheUnanswered: 'CacheUnanswered',

  // Transform and serve: what DynamoDB says that it took.
  readUnits: 'ReadUnits',
  writeUnits: 'WriteUnits',
} as const;

export type MetricName = (typeof metricNames)[keyof typeof metricNames];

export const metricNamespace = 'Millrace';

/** Of a deployed environment, so that several in one account stay apart. */
export const namespaceOf = (environment: string): string => `${metricNamespace}/${environment}`;

/** The dimension of what ingest and transform emit, and of what serve emits. */
export const metricDimensions = { stream: 'stream', name: 'name' } as const;
