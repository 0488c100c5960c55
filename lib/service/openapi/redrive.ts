import type { Plan } from '../../kernel/plan.ts';
import { quarantineReasons } from '../../runtime/ports.ts';
import { bodyErrors, errors } from './errors.ts';
import { anyOf, counts, json, object } from './parts.ts';

/** `POST /v1/quarantine/redrive` */
export function postRedrive({ streams }: Plan) {
  const request = object(
    {
      stream: { enum: streams.map(s => s.name) },
      reason: { enum: quarantineReasons },
      ids: { type: 'array', items: { type: 'string' }, description: 'As the quarantine lists them.' },
    },
    ['reason', 'ids'],
  );
  return {
    operationId: 'redrive',
    summary: 'Put quarantined events into their stream anew',
    requestBody: { required: true, content: { 'application/json': { schema: request } } },
    responses: { 200: json(counts('redriven'), 'How many events.'), ...errors(bodyErrors) },
  };
}

/** `POST /v1/unapplied/redrive` */
export const redriveUnapplied = {
  operationId: 'redriveUnapplied',
  summary: 'Fold unapplied events into the rows that lack them',
  requestBody: {
    required: true,
    content: {
      'application/json': {
        schema: anyOf([
          object({}),
          object(
            {
              table: { type: 'string', description: 'Of this table only, such as user_engagement@1.' },
              key: { type: 'string', description: 'Of this row only.' },
              startAnew: {
                type: 'boolean',
                description: 'Lets rows that stay unreadable begin anew: what they held is given up.',
              },
            },
            ['key', 'startAnew'],
          ),
        ]),
      },
    },
  },
  responses: {
    200: json(
      object({
        applied: { type: 'integer', minimum: 0 },
        settled: { type: 'integer', minimum: 0 },
        waiting: {
          type: 'array',
          items: object({ table: { type: 'string' }, key: { type: 'string' }, error: { type: 'string' } }),
        },
      }),
      'How many events, and which rows still wait.',
    ),
    ...errors(bodyErrors),
  },
};
