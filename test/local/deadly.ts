import {
  count,
  defineFunction,
  definitions,
  entity,
  featureGroup,
  int,
  stream,
  string,
  timestamp,
} from '../../lib/define/index.ts';

/** Definitions under which an event with the number 13 ends the process that folds it. */

const visits = stream('visits', {
  schema: { user: string(), page: string(), n: int(), ts: timestamp() },
  eventTime: 'ts',
  key: 'user',
});

const deadly = defineFunction('deadly', { version: 1, parameters: [int()], returns: int() }, n => {
  if (n === 13 && process.env.SPARE !== 'yes') process.exit(99);
  return n;
});

const user = entity('user', { keys: { user: string() } });
const page = entity('page', { keys: { page: string() } });

export default definitions({
  groups: [
    featureGroup('a_page', { entity: page, from: visits, features: () => ({ visits: count() }) }),
    featureGroup('b_user', {
      entity: user,
      from: visits,
      features: e => ({ visits: count().where(deadly(e.n).gt(0)) }),
    }),
  ],
});
