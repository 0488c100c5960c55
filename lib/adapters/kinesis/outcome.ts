/** What became of an event. An accepted one is stored by Kinesis, at this position. */
export type EventOutcome = AcceptedEvent | FailedEvent;

export interface AcceptedEvent {
  readonly status: 'accepted';
  readonly shard: string;
  readonly sequence: bigint;
  readonly index: number;
}

export interface FailedEvent {
  readonly status: 'failed';
  /** `throttled` and `unavailable` may pass; the others will not. */
  readonly reason: 'throttled' | 'unavailable' | 'refused' | 'too-large';
  readonly message: string;
  /** It may be stored all the same: sent again, it may be there twice. */
  readonly uncertain: boolean;
}
