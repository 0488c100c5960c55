/** An interaction as apps send it. */
export interface FeedEvent {
  readonly event_id: string;
  readonly user: string;
  readonly item: string;
  readonly author: string;
  readonly category: string;
  readonly action: Action;
  readonly watch_ms?: number;
  readonly duration_ms: number;
  readonly position: number;
  readonly os: string;
  readonly country: string;
  /** Epoch ms. */
  readonly ts: number;
}

export type Action = 'impression' | 'click' | 'watch' | 'finish' | 'like' | 'share' | 'follow';

/** What can be wrong with an event so that it is set aside: the reasons of the quarantine. */
export const badReasons = [
  'not-json',
  'bad-encoding',
  'too-large',
  'schema',
  'no-key',
  'too-old',
  'late',
  'future',
] as const;
export type BadReason = (typeof badReasons)[number];

/**
 * How an event arrives.
 *
 * | kind       | what arrives                                                                         |
 * | ---------- | ------------------------------------------------------------------------------------ |
 * | fresh      | within a second or so of its time                                                    |
 * | reordered  | seconds to a minute after it, behind what the user did next                          |
 * | late       | minutes to days after it: the phone was offline                                      |
 * | ahead      | with a time up to five minutes past its arrival: the phone's clock is fast           |
 * | copy       | an event that arrived before, within the hour                                        |
 * | stale-copy | the same, later than that: it counts again                                           |
 * | bad        | what is to be set aside, for `reason`                                                |
 */
export type ArrivalKind = 'fresh' | 'reordered' | 'late' | 'ahead' | 'copy' | 'stale-copy' | 'bad';

export interface Arrival {
  /** Epoch ms; never less than that of the arrival before. */
  readonly arrivalTime: number;
  readonly kind: ArrivalKind;
  /** Of bad ones. */
  readonly reason: BadReason | null;
  /** What was meant; of a bad one `arrivalBytes` says what arrives. */
  readonly event: FeedEvent;
}
