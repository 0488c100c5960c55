/**
 * How near a feature must be to its SQL. What is not listed is exact: equal numbers, text, lists and maps.
 *
 * - float: within 1e-9 of Σ|x|, the mean |x| of an average, the mean square of a variance: the SQL's `__abs` column, or,
 *   where values cannot cancel, of the value itself;
 * - approxDistinct: within five standard errors of the true count (1.625 % of it at precision 12), while the sketch
 *   is sparse within 0.5 %;
 * - quantile: within `accuracy` of the true lower quantile;
 * - heavyHitters: exact while there are no more events than the sample holds; beyond, within five deviations of it;
 * - ofQuantile: a quotient by such a quantile.
 */
export type Rule =
  | { readonly kind: 'exact' | 'float' | 'approxDistinct' }
  | { readonly kind: 'quantile' | 'ofQuantile'; readonly accuracy: number }
  | { readonly kind: 'heavyHitters'; readonly sample: number; readonly top: number };

const float: Rule = { kind: 'float' };
const approxDistinct: Rule = { kind: 'approxDistinct' };

export const rules: Readonly<Record<string, Readonly<Record<string, Rule>>>> = {
  customer_activity: {
    momentum: float,
    spend_momentum_90d: float,
    units_per_line_30d: float,
    units_per_line_lifetime: float,
    price_30d: float,
    price_median_90d: { kind: 'quantile', accuracy: 0.01 },
    price_p90_90d: { kind: 'quantile', accuracy: 0.01 },
    price_variance_30d: float,
    price_variance_90d: float,
    units_stddev_7d: float,
    units_stddev_90d: float,
    units_stddev_sample_90d: float,
    item_count_90d: approxDistinct,
    item_count_lifetime: approxDistinct,
    return_rate_90d: float,
    order_value_90d: float,
    weekly_share: float,
  },
  item_popularity: {
    trend: float,
    buyers_24h: approxDistinct,
    buyers_30d: approxDistinct,
    buyers_lifetime: approxDistinct,
    loyal_buyers_90d: { kind: 'heavyHitters', sample: 1024, top: 5 },
    price_avg_30d: float,
    price_stddev_90d: float,
    price_p10_90d: { kind: 'quantile', accuracy: 0.01 },
    price_median_90d: { kind: 'quantile', accuracy: 0.01 },
    price_median_lifetime: { kind: 'quantile', accuracy: 0.01 },
    cancel_rate_30d: float,
    acceleration: float,
    price_against_median: { kind: 'ofQuantile', accuracy: 0.01 },
  },
  country_sales: {
    revenue_momentum: float,
    customers_7d: approxDistinct,
    customers_30d: approxDistinct,
    customers_lifetime: approxDistinct,
    invoices_24h: approxDistinct,
    invoices_30d: approxDistinct,
    top_items_24h: { kind: 'heavyHitters', sample: 1024, top: 10 },
    top_items_30d: { kind: 'heavyHitters', sample: 1024, top: 10 },
    line_value_7d: float,
    line_value_90d: float,
    line_value_p99_30d: { kind: 'quantile', accuracy: 0.02 },
    line_value_variance_30d: float,
    week_against_month: float,
  },
  customer_item: {
    habit: float,
  },
};
