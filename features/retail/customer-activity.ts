import {
  approxDistinct,
  approxQuantile,
  avg,
  bottomK,
  count,
  decayedCount,
  decayedSum,
  distinct,
  distinctCount,
  featureGroup,
  first,
  firstK,
  histogram,
  last,
  lastK,
  max,
  min,
  record,
  stddev,
  sum,
  topK,
  variance,
} from '../../lib/define/index.ts';
import { customer } from './entities.ts';
import { purchases } from './purchases.ts';

/** What a customer buys, how much, how often, and how it is changing. Lines without an account feed nobody. */
export const customerActivity = featureGroup('customer_activity', {
  entity: customer,
  from: purchases,
  description: 'Buying habits of a customer, from the last hour to the last quarter.',
  owner: 'recommendations',
  tags: ['personal'],
  features: e => {
    const bought = e.type.eq('purchase');
    const cancelled = e.type.eq('cancel');
    const amount = e.qty.mul(e.price);
    return {
      // How much and how often.
      lines: count().where(bought).over('1h', '24h', '7d', '30d', '90d').describe('Invoice lines bought.'),
      cancels: count().where(cancelled).over('7d', '90d').describe('Invoice lines cancelled.'),
      orders: distinctCount(e.invoice, { limit: 512 }).where(bought).over('7d', '30d', '90d'),
      units: sum(e.qty).where(bought).over('6h', '7d', '90d', 'lifetime'),
      spend: sum(amount)
        .where(bought)
        .over('24h', '7d', '30d', '90d', 'lifetime')
        .describe('GBP before cancellations.'),
      refunded: sum(amount).where(cancelled).over('90d').describe('GBP of cancelled lines, negative.'),
      momentum: decayedCount({ halfLife: '7d' })
        .where(bought)
        .describe('Lines, each half as heavy a week later.'),
      spend_momentum: decayedSum(amount, { halfLife: '14d' }).where(bought).over('90d'),

      // What kind of buyer: cheap or dear, few or many.
      units_per_line: avg(e.qty).where(bought).over('30d', 'lifetime'),
      price: avg(e.price).where(bought).over('30d'),
      cheapest: min(e.price).where(bought).over('30d', 'lifetime'),
      dearest: max(e.price).where(bought).over('30d', 'lifetime'),
      price_median: approxQuantile(e.price, 0.5).where(bought).over('90d'),
      price_p90: approxQuantile(e.price, 0.9).where(bought).over('90d'),
      price_variance: variance(e.price).where(bought).over('30d', '90d'),
      units_stddev: stddev(e.qty).where(bought).over('7d', '90d'),
      units_stddev_sample: stddev(e.qty, { sample: true }).where(bought).over('90d'),

      // Which articles.
      first_items: firstK(e.item, 5).where(bought).describe('The articles it began with.'),
      recent_items: lastK(e.item, 20).where(bought).over('7d', 'lifetime'),
      recent_lines: lastK(record({ item: e.item, qty: e.qty, price: e.price }), 10).over('30d'),
      bulk_items: topK(e.item, 5, { orderBy: e.qty }).where(bought).over('30d'),
      dearest_prices: topK(e.price, 3).where(bought).over('90d'),
      cheapest_items: bottomK(e.item, 3, { orderBy: e.price })
        .where(bought.and(e.price.gt(0)))
        .over('90d'),
      smallest_lines: bottomK(e.qty, 3).where(bought).over('7d'),
      items: distinct(e.item, { limit: 1024 })
        .where(bought)
        .over('24h', '7d')
        .describe('Articles bought, each once.'),
      item_count: approxDistinct(e.item).where(bought).over('90d', 'lifetime'),
      favourites: histogram(e.item, { top: 5, limit: 2048 }).where(bought).over('90d'),
      last_item: last(e.item).where(bought),

      // When and where.
      first_seen: first(e.ts),
      last_seen: max(e.ts),
      last_order: last(e.invoice).where(bought).over('90d'),
      home_country: last(e.country),
      by_hour: count()
        .where(bought)
        .by(e.ts.part('hour'), { limit: 24 })
        .over('90d')
        .describe('Lines by hour of the day.'),
      spend_by_country: sum(amount).where(bought).by(e.country, { limit: 64 }),
    };
  },
  derived: f => ({
    return_rate_90d: f.cancels_90d.div(f.lines_90d),
    order_value_90d: f.spend_90d.div(f.orders_90d),
    weekly_share: f.spend_7d.div(f.spend_90d),
    is_back: f.lines_7d.gt(0).and(f.lines_90d.eq(f.lines_7d)),
  }),
});
