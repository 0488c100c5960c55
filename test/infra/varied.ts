import type { EnvironmentSettings } from '../../lib/infra/environment/index.ts';
import { type Resource, type Synthesised, settingsOf, synthesise } from './support.ts';

export const prodSettings = settingsOf('prod');

/** Prod, but for what is given. */
export const prodBut = (change: Partial<EnvironmentSettings>): Synthesised =>
  synthesise({ ...prodSettings, ...change });

/** Of prod, with values that differ from each other wherever two could be swapped. */
export const oddSettings: Partial<EnvironmentSettings> = {
  streams: {
    interactions: {
      source: { kind: 'provisioned', shards: 3 },
      retention: { hours: 48 },
      batch: { window: { seconds: 7 }, records: 1_234 },
    },
  },
  tables: {
    pointInTimeRecovery: { days: 11 },
    warmThroughput: { 'item_popularity@1': { writeUnitsPerSecond: 5_001, readUnitsPerSecond: 15_002 } },
    retired: ['user_engagement@0'],
  },
  archive: { every: { minutes: 3 }, mebibytes: 77, infrequentAfter: { days: 31 }, keepFor: { days: 401 } },
  setAside: { keepFor: { days: 66 } },
  functions: {
    ingest: { memoryMebibytes: 601, timeout: { seconds: 16 }, reserved: 5 },
    transform: { memoryMebibytes: 602, timeout: { seconds: 78 }, reserved: 6 },
    serve: { memoryMebibytes: 603, timeout: { seconds: 9 }, reserved: null },
  },
  api: {
    events: { requestsPerSecond: 101, burst: 202 },
    features: { requestsPerSecond: 303, burst: 404 },
    maxBehind: { minutes: 25 },
  },
  logs: { keepFor: { days: 14 } },
};

export function variablesOf({ Properties }: Pick<Resource, 'Properties'>): Readonly<Record<string, unknown>> {
  return (Properties.Environment as { Variables: Record<string, unknown> }).Variables;
}
