/** What of an environment's settings decides its cost. */
export interface CostSettings {
  readonly name: string;
  readonly region: string;
  readonly stream:
    | { readonly capacity: 'on-demand' }
    | { readonly capacity: 'provisioned'; readonly shards: number };
  /** For how long the stream keeps its records. */
  readonly retentionHours: number;
  /** For how long the mapping gathers records before it calls the transform. */
  readonly windowSeconds: number;
  /** The most records that it hands over at once. */
  readonly batchRecords: number;
  readonly memoryMb: { readonly ingest: number; readonly transform: number; readonly serve: number };
  readonly pointInTimeRecovery: boolean;
  /** Whether Firehose writes the events to the lake, and for how many days they stay there. */
  readonly archive: null | { readonly days: number };
  readonly cache:
    | { readonly kind: 'none' }
    | { readonly kind: 'serverless' }
    | { readonly kind: 'nodes'; readonly type: string; readonly nodes: number };
  readonly logDays: number;
  readonly keys: number;
  /** Interface endpoints, times the zones that each stands in. Gateway endpoints cost nothing. */
  readonly endpointZones: number;
  readonly alarms: number;
  readonly dashboards: number;
  readonly tracing: boolean;
}
