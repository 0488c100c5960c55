// TS2820: Type '"clik"' is not assignable to type '"click" | "finish" | "impression" | "like"'
import { count, featureGroup } from '../../../lib/define/index.ts';
import { interactions, user } from '../../define/example.ts';

featureGroup('bad', {
  entity: user,
  from: interactions,
  features: e => ({
    // error
    clicks: count().where(e.action.in(['like', 'clik'])),
  }),
});
