export {
  type CompiledDefinitions,
  type LiveStream,
  type Local,
  type LocalIngestOptions,
  type LocalOptions,
  openLocal,
  UnknownStreamError,
} from './open-local.ts';
export { type FoundStream, ListenError, type Served, type ServeOptions, serve } from './serve.ts';
export { GroupRemovedError, storedPlanAt } from './stored-plan.ts';
export { type Timeline, TimelineError } from './timeline.ts';
