import { count, decayedCount, featureGroup, first, last, max, sum } from '../../lib/define/index.ts';
import { customerItem } from './entities.ts';
import { purchases } from './purchases.ts';

/** Whether this customer knows this article: 267,615 small rows in the full log. */
export const customerItemAffinity = featureGroup('customer_item', {
  entity: customerItem,
  from: purchases,
  description: 'What a customer did with one article.',
  owner: 'recommendations',
  tags: ['personal'],
  features: e => {
    const bought = e.type.eq('purchase');
    return {
      times: count().where(bought).over('30d', 'lifetime'),
      units: sum(e.qty).where(bought).over('90d', 'lifetime').default(0),
      cancels: count().where(e.type.eq('cancel')),
      habit: decayedCount({ halfLife: '30d' }).where(bought),
      first_bought: first(e.ts).where(bought),
      last_bought: max(e.ts).where(bought),
      last_price: last(e.price).where(bought),
    };
  },
  derived: f => ({
    is_repeat: f.times_lifetime.gt(1),
  }),
});
