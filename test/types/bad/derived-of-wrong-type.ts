// TS2339: Property 'div' does not exist on type 'ListExpression<StringExpression<string>
import { featureGroup, lastK } from '../../../lib/define/index.ts';
import { interactions, user } from '../../define/example.ts';

featureGroup('bad', {
  entity: user,
  from: interactions,
  features: e => ({ items: lastK(e.item_id, 5) }),
  derived: f => ({
    // error
    half: f.items.div(2),
  }),
});
