import type { Plan } from '../../kernel/plan.ts';
import type { ServiceLimits } from '../limits.ts';
import { bodyErrors, errors } from './errors.ts';
import { json, object, ref } from './parts.ts';

/** `POST /v1/events` */
export function postEvents({ streams }: Plan, { eventsPerRequest, bodyBytes }: ServiceLimits) {
  return {
    operationId: 'sendEvents',
    summary: 'Send events of a stream',
    description:
      'One event, an array of events, or one event a line. Accepted means durable; an event that does not fit its ' +
      'stream is set aside later, under its position. Sending the same again is safe where the stream has ids.',
    parameters: [
      {
        name: 'stream',
        in: 'query',
        required: streams.length !== 1,
        description: 'The stream; may be left out where there is one only.',
        schema: { enum: streams.map(s => s.name) },
      },
    ],
    requestBody: {
      required: true,
      description: `At most ${eventsPerRequest} events and ${bodyBytes} bytes; may be packed (content-encoding: gzip).`,
      content: {
        'application/json': {
          schema: {
            anyOf: [{ type: 'object' }, { type: 'array', items: {}, maxItems: eventsPerRequest }],
          },
        },
        'application/x-ndjson': { schema: { type: 'string', minLength: 1 } },
      },
    },
    responses: {
      200: json(ref('EventAnswers'), 'An answer for each event, in their order.'),
      ...errors([...bodyErrors, 'behind']),
    },
  };
}

export const eventAnswers = object({
  accepted: { type: 'integer', minimum: 0 },
  rejected: { type: 'integer', minimum: 0 },
  events: {
    type: 'array',
    items: {
      oneOf: [
        object({ status: { const: 'accepted' }, position: { type: 'string' } }),
        object({
          status: { const: 'rejected' },
          reason: { enum: ['not-json', 'bad-encoding', 'too-large'] },
          message: { type: 'string' },
        }),
      ],
    },
  },
});
