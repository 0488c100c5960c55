// TS2339: Property 'add' does not exist on type 'StringExpression<string>'
import { featureGroup, last } from '../../../lib/define/index.ts';
import { interactions, user } from '../../define/example.ts';

featureGroup('bad', {
  entity: user,
  from: interactions,
  features: e => ({
    // error
    odd: last(e.item_id.add(1)),
  }),
});
