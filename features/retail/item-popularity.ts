import {
  approxDistinct,
  approxQuantile,
  avg,
  count,
  decayedCount,
  distinct,
  distinctCount,
  featureGroup,
  first,
  heavyHitters,
  histogram,
  last,
  lastK,
  max,
  min,
  record,
  stddev,
  sum,
  topK,
} from '../../lib/define/index.ts';
import { item } from './entities.ts';
import { purchases } from './purchases.ts';

/** How an article sells: now, this week, this quarter; to whom, where, and at what price. */
export const itemPopularity = featureGroup('item_popularity', {
  entity: item,
  from: purchases,
  description: 'Demand for an article and what it sells at.',
  owner: 'recommendations',
  features: e => {
    const bought = e.type.eq('purchase');
    const cancelled = e.type.eq('cancel');
    const amount = e.qty.mul(e.price);
    return {
      lines: count().where(bought).over('1h', '6h', '24h', '7d', '30d'),
      cancels: count().where(cancelled).over('30d'),
      units: sum(e.qty).where(bought).over('1h', '24h', '7d', '30d', 'lifetime'),
      revenue: sum(amount).where(bought).over('7d', '30d'),
      trend: decayedCount({ halfLife: '24h' })
        .where(bought)
        .describe('Lines, each half as heavy a day later.'),

      buyers: approxDistinct(e.user).where(bought).over('24h', '30d', 'lifetime'),
      buyers_exact: distinctCount(e.user, { limit: 1024 }).where(bought).over('7d', '30d'),
      recent_buyers: lastK(e.user, 10).where(bought).over('30d').tag('personal'),
      loyal_buyers: heavyHitters(e.user, { top: 5, sample: 1024 }).where(bought).over('90d').tag('personal'),
      countries: distinct(e.country, { limit: 64 }).where(bought).over('30d', '90d'),
      lines_by_country: count().where(bought).by(e.country, { limit: 64 }).over('7d'),
      units_by_weekday: sum(e.qty).where(bought).by(e.ts.part('dayOfWeek'), { limit: 7 }).over('90d'),

      price: last(e.price).where(bought),
      launch_price: first(e.price).where(bought.and(e.price.gt(0))),
      price_min: min(e.price).where(bought).over('30d'),
      price_max: max(e.price).where(bought).over('30d'),
      price_avg: avg(e.price).where(bought).over('30d'),
      price_stddev: stddev(e.price).where(bought).over('90d'),
      price_p10: approxQuantile(e.price, 0.1).where(bought).over('90d'),
      price_median: approxQuantile(e.price, 0.5).where(bought).over('90d', 'lifetime'),
      price_points: histogram(e.price, { top: 5, limit: 1024 }).where(bought).over('90d'),
      usual_qty: histogram(e.qty, { top: 3, limit: 1024 }).where(bought).over('30d'),
      largest_sales: topK(record({ invoice: e.invoice, qty: e.qty }), 3, { orderBy: e.qty })
        .where(bought)
        .over('90d'),

      first_sold: first(e.ts).where(bought),
      last_sold: last(e.ts).where(bought),
      last_cancel: last(e.ts).where(cancelled).over('90d'),
      sold_before_noon: count()
        .where(bought.and(e.ts.part('hour').lt(12)))
        .over('7d'),
    };
  },
  derived: f => ({
    cancel_rate_30d: f.cancels_30d.div(f.lines_30d),
    acceleration: f.lines_24h.mul(7).div(f.lines_7d),
    price_against_median: f.price.toFloat().div(f.price_median_90d),
  }),
});
