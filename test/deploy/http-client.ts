import type { EntityKey } from '../../lib/runtime/read.ts';
import type { FeatureAnswer } from './compare.ts';
import { AwsAnswerError, jsonOf, type SendSigned } from './signed-requests.ts';

export interface EventCounts {
  readonly accepted: number;
  readonly rejected: number;
  readonly failed: number;
}

/** A caller of the deployed HTTP API, whose requests are signed. */
export interface HttpClient {
  /** Events, one a line. Throws AwsAnswerError. */
  send(body: Buffer): Promise<EventCounts>;
  /** The features of a group, of up to 1,000 entities. Throws AwsAnswerError. */
  read(group: string, entities: readonly EntityKey[]): Promise<FeatureAnswer>;
}

export function createHttpClient(send: SendSigned, apiPath: string): HttpClient {
  return {
    async send(body) {
      const answer = await send({
        service: 'execute-api',
        path: `${apiPath}/v1/events`,
        headers: { 'content-type': 'application/x-ndjson' },
        body,
      });
      return jsonOf(answer, 'POST /v1/events') as EventCounts;
    },
    async read(group, entities) {
      const answer = await send({
        service: 'execute-api',
        path: `${apiPath}/v1/features`,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ group, entities }),
      });
      return jsonOf(answer, 'POST /v1/features') as FeatureAnswer;
    },
  };
}

/** That the API answers nobody who does not sign. Throws AwsAnswerError where it does. */
export async function expectSigned(endpoint: string, apiPath: string): Promise<void> {
  for (const path of ['/v1/events', '/v1/features']) {
    const { status } = await fetch(new URL(apiPath + path, endpoint), { method: 'POST', body: '{}' });
    if (status !== 403)
      throw new AwsAnswerError(`POST ${path} without a signature was answered ${status}, not 403`);
  }
}
