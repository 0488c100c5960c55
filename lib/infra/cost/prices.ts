/**
 * What AWS charges, in US dollars, before taxes, free tiers and discounts: the only place where a price stands. Taken
 * from AWS's price pages and from those who cite them; before a decision hangs on one, look it up again.
 */
export const prices = {
  region: 'us-east-1',
  asOf: '2026-11-23',

  /** HTTP API: the first 300 million requests of a month, and those after. One request is up to 512 KB. */
  httpRequest: 1.0e-6,
  httpRequestAbove300M: 0.9e-6,

  lambdaRequest: 0.2e-6,
  /** arm64. */
  lambdaGbSecond: 0.0000133334,

  /** On demand: each record is rounded up to 1 KB on its way in; what is read is not. */
  kinesisOnDemandHour: 0.04,
  kinesisOnDemandGbIn: 0.08,
  kinesisOnDemandGbOut: 0.04,
  /** Kept beyond the first day, up to seven. */
  kinesisOnDemandGbMonthExtended: 0.1,
  /** Kept beyond seven days. */
  kinesisGbMonthLong: 0.023,
  kinesisShardHour: 0.015,
  /** A put of up to 25 KB. */
  kinesisPutUnit: 0.014e-6,
  kinesisShardHourExtended: 0.02,

  dynamoWriteUnit: 0.625e-6,
  dynamoReadUnit: 0.125e-6,
  dynamoGbMonth: 0.25,
  /** Point-in-time recovery. */
  dynamoBackupGbMonth: 0.2,

  /** Each record is rounded up to 5 KB. */
  firehoseGb: 0.029,
  firehoseConversionGb: 0.018,

  s3GbMonth: 0.023,
  s3InfrequentGbMonth: 0.0125,
  s3Put: 5e-6,

  logsGbIn: 0.5,
  logsGbMonth: 0.03,
  metricMonth: 0.3,
  alarmMonth: 0.1,
  dashboardMonth: 3,
  trace: 5e-6,

  /** To DynamoDB and S3. */
  gatewayEndpointMonth: 0,

  keyMonth: 1,
  keyRequest: 0.03e-4,

  /** ElastiCache Serverless for Valkey: at least 0.1 GB; a unit is a KB moved. */
  cacheGbHour: 0.084,
  cacheUnit: 0.0023e-6,
  /** A node for Valkey, by type. */
  cacheNodeHour: {
    'cache.t4g.micro': 0.0128,
    'cache.t4g.small': 0.0256,
    'cache.t4g.medium': 0.052,
    'cache.m7g.large': 0.1264,
    'cache.r7g.large': 0.1752,
    'cache.r7g.xlarge': 0.3496,
  } as Readonly<Record<string, number>>,
} as const;

export type Prices = typeof prices;

export const hoursPerMonth = 730;
export const secondsPerMonth = hoursPerMonth * 3600;
