/**
 * How long functions take, in seconds: estimates, made of what benchmarks measured on one core and of what a request to
 * DynamoDB or Kinesis takes within a region. They decide a few per cent of the bill; Lambda's own metrics say them better
 * once there is an environment.
 */
export const functionTime = {
  /** A request of so many events, answered when Kinesis has them. */
  ingest: (events: number): number => 0.012 + 0.000_02 * events,
  /** A batch: four rounds to the tables one after another, its events, and its rows, of which each is a request. */
  transform: (events: number, rows: number): number => 0.04 + 0.000_06 * events + 0.000_25 * rows,
  /** A request for so many rows: a hundred of them are one request to a table. */
  serve: (rows: number): number => 0.01 + 0.000_1 * rows,
  /** A MB of records, on their way to the lake. */
  archive: (megabytes: number): number => 0.02 + 0.03 * megabytes,
} as const;
