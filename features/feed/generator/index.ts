/** Seeded events of the feed, for demonstrations, tests and benchmarks. */
export { arrivalBytes } from './bytes.ts';
export * from './event.ts';
export { createFeed, type FeedOptions } from './feed.ts';
export { type FaultRates, faultRates, noFaults, type PartialRates, usualRates } from './rates.ts';
export { actionsPerImpression } from './sessions.ts';
