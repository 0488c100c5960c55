import { Counter, Histogram, type Registry } from 'prom-client';
import type { FoundEntity } from '../runtime/read.ts';

/** Names of the metrics, and bounds of the histogram's buckets in seconds. */
export interface RequestMetricsOptions {
  readonly registers: Registry[];
  readonly names: { readonly read: string; readonly entities: string; readonly requests: string };
  readonly buckets: number[];
}

/**
 * What is counted at every request. It is noted, and told to prom-client when that is asked for its figures: putting labels
 * together takes as long as reading the features of a known row.
 */
export function createRequestMetrics({ registers, names, buckets }: RequestMetricsOptions) {
  const reads = new Map<string, Reads>();
  const requests = new Map<string, Map<string, Map<number, number>>>();
  const seconds = new Histogram({
    name: names.read,
    help: 'Reading of feature values, from the parsed request to the answer.',
    labelNames: ['name'],
    buckets,
    registers,
    collect: tellReads,
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
    for (const [name, { seconds: noted, known, unknown, failed }] of reads) {
      for (const x of noted) seconds.observe({ name }, x);
      for (const [status, count] of Object.entries({ known, unknown, failed })) {
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
      const read = reads.get(name) ?? { seconds: [], known: 0, unknown: 0, failed: 0 };
      read.seconds.push(duration);
      for (const { status } of found) read[status]++;
      reads.set(name, read);
      if (read.seconds.length === mostNoted) tellReads();
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

interface Reads {
  readonly seconds: number[];
  known: number;
  unknown: number;
  failed: number;
}

/** Few enough that telling them, some 0.3 µs each, keeps no request waiting. */
const mostNoted = 100;
