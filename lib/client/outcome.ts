/** What became of an event. */
export type EventOutcome<E = unknown> =
  /** It is durable. Should it turn out to be bad, it is found in quarantine under its position. */
  | { readonly status: 'accepted'; readonly position: string }
  /** It cannot be an event of any stream, and sending it again would not help. */
  | { readonly status: 'rejected'; readonly reason: string; readonly message: string }
  /** No acknowledgement came; the error says whether it may have arrived. `event` has the id that was made for it. */
  | { readonly status: 'unacknowledged'; readonly error: Error; readonly event: E };
