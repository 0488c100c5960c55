/** The base of the errors that Millrace throws on purpose: `message` says what happened, where, and what to do. */
export class MillraceError extends Error {
  override readonly name: string = 'MillraceError';
}
