export { type Flag, flags } from './aggregators/aggregator.ts';
export { CorruptBytesError, Reader, Writer } from './codec/bytes.ts';
export {
  emptyRing,
  type Ring,
  remember,
  ringHash,
  type Verdict,
  verdictOf,
} from './codec/ring.ts';
export {
  codecVersion,
  decodeRow,
  encodeIntoSharedMemory,
  encodeRow,
  type IdRunReference,
  NewerCodecError,
  namesIdRuns,
  openRow,
  type Row,
  type RowFault,
  type RowFaultReason,
  type RowOf,
  type RunReference,
  rowFaultReasons,
} from './codec/row.ts';
export {
  cutIds,
  decodeIdRun,
  encodeIdRun,
  forgetBefore,
  holdsId,
  idRunForm,
  indexIds,
  joinIds,
  newestArrival,
  type SettledIds,
  settle,
  settledBytes,
} from './codec/settled-ids.ts';
export { newestOf } from './codec/state.ts';
export { compareTies, type Tie } from './compare.ts';
export { decoded, EncodedList, type FeatureValue } from './encoded-list.ts';
export { compileDecoder, type EventDecoder, isRejection, type Rejection, type StreamEvent } from './event.ts';
export { compileTextReader, type EventTextReader } from './event-text.ts';
export {
  compileExpression,
  compileExpressions,
  contextName,
  type FieldPlace,
} from './expression/compile.ts';
export { ExpressionError, type FunctionRegistry } from './expression/emit.ts';
export type { Expression } from './expression/nodes.ts';
export { fromExternal, toExternal } from './external.ts';
export { type Decaying, decays, type FeatureValues, type Finalize, PastQueryError } from './finalize.ts';
export { compileGroup, type GroupKernel } from './group.ts';
export { hash53, hashPosition, mixHashes } from './hash.ts';
export { JsonText } from './json-text.ts';
export { type KeyEncoder, keyEncoder, keyOf } from './key.ts';
export type * from './plan.ts';
export { compareInShard, type Position } from './position.ts';
export type { State } from './state.ts';
export { furthestTime } from './time.ts';
export { formatTimestamp, parseTimestamp } from './timestamp.ts';
export type { ScalarValue, Value, ValueType } from './value-type.ts';
export { type Times, timesAlike, windowStart } from './window.ts';
