// TS2345: Argument of type 'StringExpression<string>' is not assignable to parameter of type 'Numeric'
import { featureGroup, sum } from '../../../lib/define/index.ts';
import { interactions, user } from '../../define/example.ts';

featureGroup('bad', {
  entity: user,
  from: interactions,
  features: e => ({
    // error
    odd: sum(e.item_id),
  }),
});
