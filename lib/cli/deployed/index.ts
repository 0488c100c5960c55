export { locateEnvironment, openEnvironment } from './environment.ts';
export { openQuarantine, producerOf } from './events.ts';
export { describeEnvironment, environmentStatus } from './status.ts';
export { openUnapplied, redriveDeployedRows } from './unapplied.ts';
