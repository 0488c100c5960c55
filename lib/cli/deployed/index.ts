export { locateEnvironment, openEnvironment } from './environment.ts';
export { openBucket, producerOf } from './events.ts';
export { describeEnvironment, environmentStatus } from './status.ts';
export { redriveDeployedRows } from './unapplied.ts';
