// TS2345: Argument of type '"clik"' is not assignable to parameter of type '"click" | "finish" | "impression" | "like"
import { count, featureGroup } from '../../../lib/define/index.ts';
import { interactions, user } from '../../define/example.ts';

featureGroup('bad', {
  entity: user,
  from: interactions,
  features: e => ({
    // error
    clicks: count().where(e.action.eq('clik')),
  }),
});
