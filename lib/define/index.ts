/** Typed definitions of features, and the Plan they compile to. */
export type { AnyAggregation } from './aggregation.ts';
export { Aggregation } from './aggregation.ts';
export * from './aggregators.ts';
export { type Definitions, definitions } from './definitions.ts';
export { type Entity, entity } from './entity.ts';
export { DefinitionError } from './errors.ts';
export type {
  BoolExpression,
  ExpressionOf,
  External,
  ListExpression,
  MapExpression,
  NumberExpression,
  StringExpression,
  StructExpression,
  TimestampExpression,
} from './expression/expressions.ts';
export { and, literal, not, or, record, when } from './expression/functions.ts';
export { type FeatureGroup, featureGroup } from './feature-group.ts';
export { type FeatureService, featureService } from './feature-service.ts';
export { bool, decimal, float, int, int64, list, oneOf, string, struct, timestamp } from './field.ts';
export { defineFunction, type FunctionTable, type RegisteredFunction } from './function.ts';
export { type Stream, stream } from './stream.ts';
export type { EntityKeys, EventOf, FeatureValues, ServiceContext, ServiceValues } from './values.ts';
