import { featureService, float, int, when } from '../../lib/define/index.ts';
import { countrySales } from './country-sales.ts';
import { customerActivity } from './customer-activity.ts';
import { customerItemAffinity } from './customer-item.ts';
import { itemPopularity } from './item-popularity.ts';

/** What a ranking model reads for one customer and one article that is on offer at a price, at an hour of the day. */
export const ranking = featureService(
  'ranking',
  [
    customerActivity
      .pick(
        'lines_7d',
        'spend_30d',
        'price_median_90d',
        'return_rate_90d',
        'order_value_90d',
        'recent_items_7d',
        'by_hour_90d',
      )
      .prefix('customer_'),
    itemPopularity
      .pick('lines_24h', 'lines_7d', 'trend', 'buyers_30d', 'price', 'acceleration')
      .prefix('item_'),
    customerItemAffinity.pick('times_lifetime', 'habit', 'last_bought').prefix('pair_'),
  ],
  {
    context: { price: float(), hour: int().optional() },
    onDemand: (f, context) => ({
      price_against_usual: context.price.div(f.customer_price_median_90d),
      discount: when(context.price.lt(f.item_price.toFloat()), f.item_price.toFloat().sub(context.price), 0),
      is_evening: context.hour.ge(18),
    }),
    description: 'Rank articles for a customer.',
    owner: 'recommendations',
    tags: ['personal'],
  },
);

/** What the buyers of the shop read to reorder an article for a market. */
export const restocking = featureService(
  'restocking',
  [
    itemPopularity
      .pick('units_7d', 'units_30d', 'units_by_weekday_90d', 'cancel_rate_30d', 'price_avg_30d')
      .prefix('item_'),
    countrySales.pick('revenue_7d', 'week_against_month', 'top_items_30d').prefix('country_'),
  ],
  { description: 'Decide what to reorder.', owner: 'planning' },
);
