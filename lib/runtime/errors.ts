import { MillraceError } from '../kernel/errors.ts';

export { MillraceError };

/** A store or log could not do what was asked. `throttled` and `unavailable` may pass; `corrupt` and `full` need a person. */
export class StoreError extends MillraceError {
  override readonly name = 'StoreError';
  readonly reason: 'throttled' | 'unavailable' | 'full' | 'corrupt';
  constructor(reason: StoreError['reason'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}
