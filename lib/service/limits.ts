/** What one client may ask of the service; every limit is named in the error that it gives. */
export interface ServiceLimits {
  /** Of a body, also once unpacked. */
  readonly bodyBytes: number;
  readonly eventsPerRequest: number;
  readonly entitiesPerRequest: number;
  /** Events that wait for the transform, by stream; past them new ones are refused with 429. */
  readonly eventsBehind: number;
  /** For the rows of a read to come; a request may ask for less. */
  readonly readMs: number;
  /** For a whole request to arrive. */
  readonly requestMs: number;
  /** For what is in hand to be finished at a stop; then connections are cut. */
  readonly stopMs: number;
}

/** How long clients are told to wait when the store cannot do its part. */
export const retrySeconds = 5;

export const defaultLimits: ServiceLimits = {
  bodyBytes: 8 << 20,
  eventsPerRequest: 10_000,
  entitiesPerRequest: 1_000,
  eventsBehind: 100_000,
  readMs: 5_000,
  requestMs: 30_000,
  stopMs: 10_000,
};
