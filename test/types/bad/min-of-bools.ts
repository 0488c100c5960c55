// TS2345: Argument of type 'BoolExpression' is not assignable to parameter of type 'Orderable'
import { featureGroup, min } from '../../../lib/define/index.ts';
import { interactions, user } from '../../define/example.ts';

featureGroup('bad', {
  entity: user,
  from: interactions,
  features: e => ({
    // error
    odd: min(e.price.isNull()),
  }),
});
