// TS2345: Argument of type 'string' is not assignable to parameter of type 'number'
import { featureGroup, sum } from '../../../lib/define/index.ts';
import { interactions, user } from '../../define/example.ts';

featureGroup('bad', {
  entity: user,
  from: interactions,
  features: e => ({
    // error
    watched: sum(e.watch_ms).default('none'),
  }),
});
