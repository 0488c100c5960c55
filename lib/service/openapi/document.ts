import type { Plan } from '../../kernel/plan.ts';
import { quarantineReasons, unappliedReasons } from '../../runtime/ports.ts';
import type { ServiceLimits } from '../limits.ts';
import { errorSchema, errors } from './errors.ts';
import { eventAnswers, postEvents } from './events.ts';
import { postFeatures } from './features.ts';
import { counts, json, object, ref } from './parts.ts';
import { postRedrive, redriveUnapplied } from './redrive.ts';
import { nullable, type Schema } from './value-schemas.ts';

/** The OpenAPI 3.1 document of the service: of every route each answer, with the groups and services of the Plan. */
export function createOpenApi(plan: Plan, limits: ServiceLimits): Schema {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Millrace',
      version: '1',
      description: 'Events in, feature values out. Every error is `{ error: { code, message } }`.',
    },
    paths: {
      '/v1/events': { post: postEvents(plan, limits) },
      '/v1/features': { post: postFeatures(plan, limits) },
      '/v1/quarantine/redrive': { post: postRedrive(plan) },
      '/v1/unapplied/redrive': { post: redriveUnapplied },
      '/v1/status': { get: get('getStatus', 'Rates, lag and freshness', ref('Status')) },
      '/health': {
        get: get('getHealth', 'Whether the process answers', object({ status: { const: 'ok' } })),
      },
      '/ready': {
        get: {
          ...get('getReady', 'Whether events are taken and processed', readiness),
          responses: { 200: json(readiness, 'It is.'), 503: json(readiness, 'It is not.') },
        },
      },
      '/metrics': {
        get: {
          ...get('getMetrics', 'What the service counts of itself, for Prometheus', {}),
          responses: {
            200: { description: 'Metrics.', content: { 'text/plain': { schema: { type: 'string' } } } },
            ...errors(['bad-request']),
          },
        },
      },
      '/openapi.json': { get: get('getOpenApi', 'This document', { type: 'object' }) },
    },
    components: { schemas: { Error: errorSchema, EventAnswers: eventAnswers, Status: statusSchema } },
  };
}

const get = (operationId: string, summary: string, schema: Schema) => ({
  operationId,
  summary,
  responses: { 200: json(schema, summary), ...errors(['bad-request']) },
});

const readiness = object({ ready: { type: 'boolean' } });

const statusSchema = object({
  ready: { type: 'boolean' },
  plan: { type: 'string' },
  streams: {
    type: 'array',
    items: object({
      stream: { type: 'string' },
      received: counts('accepted', 'rejected'),
      processed: counts('counted', 'skipped', 'late', 'bad'),
      behind: { type: 'integer', minimum: 0 },
      freshness: nullable(object({ p50: { type: 'number' }, p99: { type: 'number' } })),
      error: nullable({ type: 'string' }),
    }),
  },
  quarantined: {
    type: 'object',
    propertyNames: { enum: quarantineReasons },
    additionalProperties: { type: 'integer', minimum: 1 },
  },
  unapplied: {
    type: 'object',
    propertyNames: { enum: unappliedReasons },
    additionalProperties: { type: 'integer', minimum: 1 },
  },
});
