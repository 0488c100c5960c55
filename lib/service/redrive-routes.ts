import { type QuarantineReason, quarantineReasons } from '../runtime/ports.ts';
import { HttpError } from './errors.ts';
import { parseJson } from './feature-request.ts';
import type { Route } from './routes.ts';
import type { RowChoice, Service } from './service.ts';

/** Puts quarantined events into their stream anew. */
export function createRedriveRoute({ streams, redrive }: Service): Route {
  return {
    method: 'POST',
    path: '/v1/quarantine/redrive',
    query: [],
    types: ['application/json'],
    async answer({ body }) {
      const { stream, reason, ids, ...rest } = objectIn(body, '{"stream":"purchases","reason":"schema"}');
      const [unknown] = Object.keys(rest);
      if (unknown !== undefined) throw bad('a redrive has stream, reason and ids, and nothing else');
      if (typeof stream !== 'string') throw bad('stream must be the name of a stream');
      if (!streams.has(stream)) {
        throw new HttpError(
          'not-found',
          `there is no such stream; there is ${[...streams.keys()].join(', ')}`,
        );
      }
      if (reason !== undefined && !isReason(reason))
        throw bad(`reason must be one of ${quarantineReasons.join(', ')}`);
      if (ids !== undefined && !(Array.isArray(ids) && ids.every(id => typeof id === 'string')))
        throw bad('ids must be a list of ids, as the quarantine lists them');
      const which = { ...(ids === undefined ? {} : { ids }), ...(reason === undefined ? {} : { reason }) };
      return { body: JSON.stringify({ redriven: await redrive(stream, which) }) };
    },
  };
}

/** Folds unapplied events into the rows that lack them. */
export function createRedriveUnappliedRoute({ redriveUnapplied }: Service): Route {
  return {
    method: 'POST',
    path: '/v1/unapplied/redrive',
    query: [],
    types: ['application/json'],
    async answer({ body }) {
      const { table, key, startAnew, ...rest } = objectIn(body, '{"table":"user_engagement@1","key":"u1"}');
      const [unknown] = Object.keys(rest);
      if (unknown !== undefined) throw bad('a redrive has table, key and startAnew, and nothing else');
      for (const [name, value] of Object.entries({ table, key }))
        if (value !== undefined && typeof value !== 'string') throw bad(`${name} must be text`);
      if (startAnew !== undefined && typeof startAnew !== 'boolean') throw bad('startAnew must be a boolean');
      if (table === undefined && key !== undefined) throw bad('key names a row of a table: say which table');
      if (table === undefined && startAnew === true)
        throw bad('startAnew gives up what rows held: say which with table');
      const which = { table, key, startAnew };
      const given = Object.fromEntries(Object.entries(which).filter(([, value]) => value !== undefined));
      return { body: JSON.stringify(await redriveUnapplied(given as RowChoice)) };
    },
  };
}

function objectIn(body: Buffer, example: string): Readonly<Record<string, unknown>> {
  const request = parseJson(body);
  if (typeof request !== 'object' || request === null || Array.isArray(request))
    throw bad(`the body must be an object, such as ${example}`);
  return request as Record<string, unknown>;
}

const bad = (message: string): HttpError => new HttpError('bad-request', message);
const isReason = (reason: unknown): reason is QuarantineReason =>
  (quarantineReasons as readonly unknown[]).includes(reason);
