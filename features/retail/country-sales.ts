import {
  approxDistinct,
  approxQuantile,
  avg,
  count,
  decayedSum,
  featureGroup,
  firstK,
  heavyHitters,
  max,
  record,
  sum,
  topK,
  variance,
} from '../../lib/define/index.ts';
import { country } from './entities.ts';
import { purchases } from './purchases.ts';

/** A market as a whole. One row (United Kingdom) takes nine tenths of the log: the hot row of this example. */
export const countrySales = featureGroup('country_sales', {
  entity: country,
  from: purchases,
  description: 'Sales by country.',
  owner: 'planning',
  features: e => {
    const bought = e.type.eq('purchase');
    const amount = e.qty.mul(e.price);
    return {
      lines: count().by(e.type, { limit: 3 }).over('24h', '30d').describe('Lines of each type.'),
      revenue: sum(amount).where(bought).over('1h', '24h', '7d', '30d', '90d'),
      revenue_momentum: decayedSum(amount, { halfLife: '7d' }).where(bought),
      customers: approxDistinct(e.user).over('7d', '30d', 'lifetime'),
      invoices: approxDistinct(e.invoice).where(bought).over('24h', '30d'),
      top_items: heavyHitters(e.item, { top: 10, sample: 1024 }).where(bought).over('24h', '30d'),
      line_value: avg(amount.toFloat()).where(bought).over('7d', '90d'),
      line_value_p99: approxQuantile(amount.toFloat(), 0.99, { accuracy: 0.02 }).where(bought).over('30d'),
      line_value_variance: variance(amount.toFloat())
        .where(bought.and(e.qty.lt(1000)))
        .over('30d'),
      largest_line: max(amount).where(bought).over('24h', '90d'),
      largest_lines: topK(record({ invoice: e.invoice, item: e.item, amount }), 3, { orderBy: amount })
        .where(bought)
        .over('7d'),
      first_invoices: firstK(e.invoice, 3),
    };
  },
  derived: f => ({
    week_against_month: f.revenue_7d.div(f.revenue_30d),
  }),
});
