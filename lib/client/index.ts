/** A typed client of a service: events in, feature values out, over HTTP or in one process. */
export { type ClientOptions, createClient } from './client.ts';
export {
  AnswerMismatchError,
  BufferFullError,
  ClientClosedError,
  ClientOptionsError,
  DeadlineError,
  RequestRefusedError,
  ServiceUnreachableError,
  UnacknowledgedEventsError,
} from './errors.ts';
export type { EventOutcome } from './outcome.ts';
export type { ClientTarget, LocalService } from './target.ts';
export type { Answer, Client, EntityAnswer, OneAnswer, ReadOptions } from './types.ts';
