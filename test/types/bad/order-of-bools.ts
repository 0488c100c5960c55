// TS2339: Property 'gt' does not exist on type 'BoolExpression'
import { count, featureGroup } from '../../../lib/define/index.ts';
import { interactions, user } from '../../define/example.ts';

featureGroup('bad', {
  entity: user,
  from: interactions,
  features: e => ({
    // error
    odd: count().where(e.price.isNull().gt(false)),
  }),
});
