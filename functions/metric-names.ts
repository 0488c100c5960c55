/**
 * The names that functions emit metrics under, and that dashboards and alarms read. Their dimension is `stream`; that of
 * entities is `name`, the group or service that was read; units have both.
 */
export const metricNames = {
  eventsAccepted: 'EventsAccepted',
  /** Refused at the door: no JSON at all. */
  eventsRejected: 'EventsRejected',
  /** Not stored by Kinesis within their time. */
  eventsFailed: 'EventsFailed',
  recordsPut: 'RecordsPut',
  recordsThrottled: 'RecordsThrottled',
  eventsFolded: 'EventsFolded',
  /** Applied before, or copies. */
  eventsSkipped: 'EventsSkipped',
  eventsLate: 'EventsLate',
  eventsBad: 'EventsBad',
  /** Of batches that are to be given again. */
  eventsUnsettled: 'EventsUnsettled',
  entitiesKnown: 'EntitiesKnown',
  entitiesUnknown: 'EntitiesUnknown',
  entitiesFailed: 'EntitiesFailed',
  /** What DynamoDB says that it took. */
  readUnits: 'ReadUnits',
  writeUnits: 'WriteUnits',
} as const;

export const metricNamespace = 'Millrace';
