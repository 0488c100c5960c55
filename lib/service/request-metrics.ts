import { Counter, type Registry } from 'prom-client';
import type { FoundEntity } from '../runtime/read.ts';
import { QuickHistogram } from './quick-histogram.ts';

/** Names of the metrics, and bounds of the histogram's buckets in seconds. */
export interface RequestMetricsOptions {
  readonly registers: Registry[];
  readonly names: { readonly read: string; readonly entities: string; readonly requests: string };
  readonly buckets: number[];
}

/**
 * What is counted at every request. Counts are noted, and told to prom-client when that is asked for its figures: putting
 * labels together takes as long as reading the features of a known row.
 */
export function createRequestMetrics({ registers, names, buckets }: RequestMetricsOptions) {
  const reads = new Map<string, Record<FoundEntity['status'], number>>();
  const requests = new Map<string, Map<string, Map<number, number>>>();
  const seconds = new QuickHistogram({
    name: names.read,
    help: 'Reading of feature values, from the parsed request to the answer.',
    labelName: 'name',
    buckets,
    registers,
  });
  const entities = new Counter({
    name: names.entities,
    help: 'Entities read, by what was found.',
    labelNames: ['name', 'status'],
    registers,
    collect: tellReads,
  });
  const answered = new Counter({
    name: names.requests,
    help: 'HTTP requests answered.',
    labelNames: ['route', 'method', 'status'],
    registers,
    collect: tellRequests,
  });

  function tellReads(): void {
    for (const [name, statuses] of reads) {
      for (const [status, count] of Object.entries(statuses)) {
        if (count > 0) entities.inc({ name, status }, count);
      }
    }
    reads.clear();
  }

  function tellRequests(): void {
    for (const [route, methods] of requests) {
      for (const [method, statuses] of methods) {
        for (const [status, count] of statuses) answered.inc({ route, method, status }, count);
      }
    }
    requests.clear();
  }

  return {
    observeRead(name: string, found: readonly Pick<FoundEntity, 'status'>[], duration: number): void {
      seconds.add(name, duration);
      let statuses = reads.get(name);
      if (statuses === undefined) {
        statuses = { known: 0, unknown: 0, failed: 0 };
        reads.set(name, statuses);
      }
      for (const { status } of found) statuses[status]++;
    },

    countRequest(route: string, method: string, status: number): void {
      const methods = requests.get(route) ?? new Map<string, Map<number, number>>();
      const statuses = methods.get(method) ?? new Map<number, number>();
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      methods.set(method, statuses);
      requests.set(route, methods);
    },
  };
}
