/** What can go wrong in a simulated world, and what merely does not happen every day. */
export const faults = {
  packedRecord: 'several events in one record',
  copyWithin: 'producer sent a copy within `within`',
  copyAtEdge: 'producer sent a copy exactly `within` later',
  copyBeyond: 'producer sent a copy beyond `within`',
  reordered: 'event older than the one before it in its shard',
  lateForSome: 'event too late for some groups',
  lateForAll: 'event too late for every group',
  future: 'event from the future',
  bad: 'bad event',
  split: 'shard split',
  merge: 'two shards merged',
  recreated: 'stream made anew, its positions counted from the start again',
  keyMoved: 'copy of an event in another shard than the event',
  replay: 'mapping started again at the horizon',
  retry: 'batch given again',
  repolled: 'batch given again with another end',
  bisected: 'batch cut in two',
  partialFailure: 'batch that failed from some record on',
  erred: 'attempt that failed as a whole',
  timedOut: 'attempt given up while it ran on',
  zombieBeside: 'zombie that worked beside a later attempt on its shard',
  zombieAfter: 'zombie that woke after its batch was settled',
  crashed: 'attempt that died',
  crashedBetweenWrites: 'attempt that died with some rows of a write written',
  conflict: 'write that met a row changed since',
  throttled: 'write throttled',
  failedWrite: 'write failed',
  lostResponse: 'write took effect, its response was lost',
  landedLate: 'write reported failed that took effect later',
  outage: 'partition that took no writes for a while',
  readFailed: 'read of rows failed',
  runsFailed: 'write or read of runs failed',
  progressReadFailed: 'read of progress failed',
  progressTorn: 'progress of shards read at different moments',
  advanceFailed: 'move of progress failed',
  advanceLost: 'progress moved, the response was lost',
  quarantineFailed: 'put to the quarantine failed',
  quarantineLost: 'put to the quarantine took effect, the response was lost',
  corrupted: 'row whose bytes went bad',
  faultyRow: 'event set aside for a row that could not take it',
  endsProcess: 'record that kills its attempts',
  endedProcess: 'event set aside because its record killed its attempts',
  unappliedFailed: 'put of unapplied events failed',
  redrive: 'redrive of unapplied events',
  redriveDied: 'redrive that died',
  redriven: 'unapplied event folded by a redrive while events are under way',
  spilled: 'head spilled to runs',
  idsSpilled: 'ids of a home row spilled to a run',
  idsRead: 'run of ids read back',
  settledRuns: 'runs merged and replaced',
  clockBehind: 'process whose clock is behind others',
  readInBetween: 'read while events were under way',
} as const;

export type Fault = keyof typeof faults;
export const faultNames = Object.keys(faults) as readonly Fault[];

export type FaultCounts = Record<Fault, number>;
export const noFaults = (): FaultCounts =>
  Object.fromEntries(faultNames.map(name => [name, 0])) as FaultCounts;

export function addFaults(into: FaultCounts, from: FaultCounts): void {
  for (const name of faultNames) into[name] += from[name];
}
