/** The base of the errors that Millrace throws on purpose: `message` says what happened, where, and what to do. */
export class MillraceError extends Error {
  override readonly name: string = 'MillraceError';
}

/** A store or log could not do what was asked. `throttled` and `unavailable` may pass; `corrupt` and `full` need a person. */
export class StoreError extends MillraceError {
  override readonly name = 'StoreError';
  readonly reason: 'throttled' | 'unavailable' | 'full' | 'corrupt';
  constructor(reason: StoreError['reason'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}
