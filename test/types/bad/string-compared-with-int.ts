// TS2345: Argument of type 'number' is not assignable to parameter of type 'string | ExpressionOf<"string"
import { count, featureGroup } from '../../../lib/define/index.ts';
import { interactions, user } from '../../define/example.ts';

featureGroup('bad', {
  entity: user,
  from: interactions,
  features: e => ({
    // error
    odd: count().where(e.item_id.eq(5)),
  }),
});
