import type { Duration } from './duration.ts';

/** All that one environment may differ in from another. Definitions, code and permissions are the same everywhere. */
export interface EnvironmentSettings {
  /** Names the stage, its stacks (`Millrace-dev-Data`) and what the command line calls it. */
  readonly name: string;
  /** `ministack`: a local AWS, which refuses some parts. */
  readonly platform: 'aws' | 'ministack';
  /** Twelve digits, or the account of whoever deploys. */
  readonly account: string | 'of-caller';
  readonly region: string;
  /** The module of definitions, from the repository's root. */
  readonly features: string;
  readonly data: DataSettings;
  /** One for each stream of the definitions. */
  readonly streams: Readonly<Record<string, StreamSettings>>;
  readonly tables: TableSettings;
  readonly archive: ArchiveSettings;
  /** How long bad and unapplied events are kept, and batches that no retry could save. */
  readonly setAside: { readonly keepFor: Duration };
  readonly cache: CacheSettings;
  readonly network: NetworkSettings;
  readonly key: KeySettings;
  readonly functions: Readonly<Record<'ingest' | 'transform' | 'serve', FunctionSettings>>;
  readonly api: {
    readonly events: Throttle;
    readonly features: Throttle;
    /** How late the transform may be before events are refused, for another try. */
    readonly maxBehind: Duration | 'any';
  };
  readonly rollout: RolloutSettings;
  readonly alarms: AlarmSettings;
  readonly logs: { readonly keepFor: Duration };
  /** Traces requests and batches with X-Ray. */
  readonly tracing: boolean;
  /** On every resource that takes tags, beside `millrace:environment`. */
  readonly tags: Readonly<Record<string, string>>;
}

export interface DataSettings {
  /** Streams, tables, buckets and the key cannot be deleted, nor can their stack. */
  readonly protected: boolean;
  /**
   * What becomes of them when they leave the app. To delete what is protected two keys are turned: `delete` here, and
   * `-c delete-protected-data=NAME` on the command line.
   */
  readonly whenRemoved: 'keep' | 'delete';
}

export interface StreamSettings {
  readonly source: StreamSource;
  /** How long Kinesis keeps events, and so how long a batch is retried: 24 hours to 365 days. */
  readonly retention: Duration;
  /** One window for all groups of the stream: they are folded in one invocation (decision 0050). */
  readonly batch: {
    /** How long a batch is collected, up to 5 minutes: longer costs freshness and saves write units. */
    readonly window: Duration;
    readonly records: number;
  };
}

export type StreamSource =
  | { readonly kind: 'on-demand' }
  | { readonly kind: 'provisioned'; readonly shards: number }
  | {
      readonly kind: 'existing';
      readonly arn: string;
      /** The key that encrypts it, where it is not Kinesis's own. */
      readonly keyArn: string | null;
      /** Names this life of the stream: another when it is recreated under the same name. */
      readonly incarnation: string;
    };

export interface TableSettings {
  /** How far back a table can be restored. */
  readonly pointInTimeRecovery: { readonly days: number } | 'off';
  /** What tables can take at once from the first moment, by group version (`user_engagement@1`). */
  readonly warmThroughput: Readonly<
    Record<string, { readonly writeUnitsPerSecond: number; readonly readUnitsPerSecond: number }>
  >;
  /**
   * Group versions that have left the definitions, whose tables stay as long as the Plan before may be active: list a
   * version when you take it out of the definitions, and strike it a deployment later.
   */
  readonly retired: readonly string[];
}

export interface ArchiveSettings {
  /** A file is written when either is reached: 1 to 15 minutes, 64 to 128 MiB. */
  readonly every: Duration;
  readonly mebibytes: number;
  /** When files move to a cheaper class of storage. */
  readonly infrequentAfter: Duration | 'never';
  readonly keepFor: Duration | 'ever';
}

export type CacheSettings =
  | { readonly kind: 'none' }
  | { readonly kind: 'serverless'; readonly mostGigabytes: number; readonly mostUnitsPerSecond: number }
  | { readonly kind: 'nodes'; readonly nodeType: string; readonly replicas: number };

export type NetworkSettings =
  | { readonly kind: 'none' }
  /** Isolated subnets, endpoints for S3 and DynamoDB, no way to the internet. */
  | { readonly kind: 'new'; readonly zones: readonly string[] }
  /** Its subnets must reach S3 and DynamoDB. */
  | {
      readonly kind: 'existing';
      readonly vpcId: string;
      readonly zones: readonly string[];
      readonly subnetIds: readonly string[];
    };

export type KeySettings = { readonly kind: 'new' } | { readonly kind: 'existing'; readonly arn: string };

export interface FunctionSettings {
  /** 128 to 10,240; processors come with it, one for each 1,769. */
  readonly memoryMebibytes: number;
  readonly timeout: Duration;
  /** The most that run at once, kept for this function; null takes from the account's. */
  readonly reserved: number | null;
}

export interface Throttle {
  readonly requestsPerSecond: number;
  readonly burst: number;
}

export type RolloutSettings =
  | { readonly kind: 'at-once' }
  /** New code gets more and more of the work, and none again when an alarm says so. */
  | { readonly kind: 'canary'; readonly percent: number; readonly wait: Duration }
  | { readonly kind: 'linear'; readonly percent: number; readonly every: Duration };

export interface AlarmSettings {
  readonly emails: readonly string[];
  /** SNS topics that get every alarm: chat, paging. */
  readonly topicArns: readonly string[];
}
