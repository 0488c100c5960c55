-- The features of customer_activity at query time $q, one row a customer, those without any event included.
-- Aggregates skip nulls. Without events: counts and decayed sums 0, lists and maps empty, all else null.
-- Order is (time, line); of equal ranks the later goes first. Beside the features, __events counts the entity's
-- events, and name__abs serves a feature's tolerance.

with e as (
  select
    c."user" as id, v.* exclude ("user"), $q::bigint as q,
    v.type = 'purchase' as bought,
    v.type = 'cancel' as cancelled,
    v.time >= tail($q, hours(1)) as h1,
    v.time >= tail($q, hours(6)) as h6,
    v.time >= tail($q, hours(24)) as h24,
    v.time >= tail($q, days(7)) as d7,
    v.time >= tail($q, days(30)) as d30,
    v.time >= tail($q, days(90)) as d90,
    (v.price * 1000)::bigint as mills
  from customers c left join events v on v."user" = c."user" and v.time < $q
),
favourites as (
  select id, map_from_entries(list((item, n) order by n desc, item)[1:5]) as favourites_90d
  from (select id, item, count(*) as n from e where bought and d90 group by all)
  group by id
),
by_country as (
  select id, map_from_entries(list((country, s))) as spend_by_country
  from (select id, country, sum(amount)::double as s from e where bought group by all)
  group by id
),
aggregates as (
  select
    id,
    count(line) as __events,
    count(*) filter (bought and h1) as lines_1h,
    count(*) filter (bought and h24) as lines_24h,
    count(*) filter (bought and d7) as lines_7d,
    count(*) filter (bought and d30) as lines_30d,
    count(*) filter (bought and d90) as lines_90d,
    count(*) filter (cancelled and d7) as cancels_7d,
    count(*) filter (cancelled and d90) as cancels_90d,
    count(distinct invoice) filter (bought and d7) as orders_7d,
    count(distinct invoice) filter (bought and d30) as orders_30d,
    count(distinct invoice) filter (bought and d90) as orders_90d,
    sum(qty) filter (bought and h6) as units_6h,
    sum(qty) filter (bought and d7) as units_7d,
    sum(qty) filter (bought and d90) as units_90d,
    sum(qty) filter (bought) as units_lifetime,
    sum(amount) filter (bought and h24) as spend_24h,
    sum(amount) filter (bought and d7) as spend_7d,
    sum(amount) filter (bought and d30) as spend_30d,
    sum(amount) filter (bought and d90) as spend_90d,
    sum(amount) filter (bought) as spend_lifetime,
    sum(amount) filter (cancelled and d90) as refunded_90d,
    coalesce(sum(decay(q, time, days(7))) filter (bought), 0) as momentum,
    coalesce(sum(amount::double * decay(q, time, days(14))) filter (bought and d90), 0) as spend_momentum_90d,
    coalesce(sum(abs(amount::double) * decay(q, time, days(14))) filter (bought and d90), 0) as spend_momentum_90d__abs,

    avg(qty) filter (bought and d30) as units_per_line_30d,
    avg(abs(qty)) filter (bought and d30) as units_per_line_30d__abs,
    avg(qty) filter (bought) as units_per_line_lifetime,
    avg(abs(qty)) filter (bought) as units_per_line_lifetime__abs,
    sum(price) filter (bought and d30)::double / nullif(count(price) filter (bought and d30), 0) as price_30d,
    min(price) filter (bought and d30) as cheapest_30d,
    min(price) filter (bought) as cheapest_lifetime,
    max(price) filter (bought and d30) as dearest_30d,
    max(price) filter (bought) as dearest_lifetime,
    lower_quantile(list(price order by price) filter (bought and d90), 0.5) as price_median_90d,
    lower_quantile(list(price order by price) filter (bought and d90), 0.9) as price_p90_90d,
    exact_variance(count(mills) filter (bought and d30), sum(mills) filter (bought and d30),
      sum(mills::hugeint * mills) filter (bought and d30)) / 1e6 as price_variance_30d,
    exact_variance(count(mills) filter (bought and d90), sum(mills) filter (bought and d90),
      sum(mills::hugeint * mills) filter (bought and d90)) / 1e6 as price_variance_90d,
    sqrt(exact_variance(count(qty) filter (bought and d7), sum(qty) filter (bought and d7),
      sum(qty::hugeint * qty) filter (bought and d7))) as units_stddev_7d,
    sqrt(exact_variance(count(qty) filter (bought and d90), sum(qty) filter (bought and d90),
      sum(qty::hugeint * qty) filter (bought and d90))) as units_stddev_90d,
    sqrt(exact_sample_variance(count(qty) filter (bought and d90), sum(qty) filter (bought and d90),
      sum(qty::hugeint * qty) filter (bought and d90))) as units_stddev_sample_90d,

    -- What the error of a variance is measured by: the mean square; of a deviation, its root.
    avg(price::double * price) filter (bought and d30) as price_variance_30d__abs,
    avg(price::double * price) filter (bought and d90) as price_variance_90d__abs,
    sqrt(avg(qty::double * qty) filter (bought and d7)) as units_stddev_7d__abs,
    sqrt(avg(qty::double * qty) filter (bought and d90)) as units_stddev_90d__abs,
    sqrt(avg(qty::double * qty) filter (bought and d90)) as units_stddev_sample_90d__abs,

    coalesce(list(item order by time, line) filter (bought), [])[1:5] as first_items,
    coalesce(list(item order by time desc, line desc) filter (bought and d7), [])[1:20] as recent_items_7d,
    coalesce(list(item order by time desc, line desc) filter (bought), [])[1:20] as recent_items_lifetime,
    coalesce(list({item: item, qty: qty, price: price} order by time desc, line desc) filter (d30), [])[1:10]
      as recent_lines_30d,
    coalesce(list(item order by qty desc, time desc, line desc) filter (bought and d30), [])[1:5] as bulk_items_30d,
    coalesce(list(price order by price desc) filter (bought and d90), [])[1:3] as dearest_prices_90d,
    coalesce(list(item order by price, time desc, line desc) filter (bought and price > 0 and d90), [])[1:3]
      as cheapest_items_90d,
    coalesce(list(qty order by qty) filter (bought and d7), [])[1:3] as smallest_lines_7d,
    coalesce(list_sort(list(distinct item) filter (bought and h24)), []) as items_24h,
    coalesce(list_sort(list(distinct item) filter (bought and d7)), []) as items_7d,
    count(distinct item) filter (bought and d90) as item_count_90d,
    count(distinct item) filter (bought) as item_count_lifetime,
    arg_max(item, line) filter (bought) as last_item,

    min(time) as first_seen,
    max(time) as last_seen,
    arg_max(invoice, line) filter (bought and d90) as last_order_90d,
    arg_max(country, line) as home_country,
    coalesce(histogram(hour(ts)) filter (bought and d90), map {}) as by_hour_90d
  from e
  group by id
)
select
  id as "user",
  a.* exclude (id),
  coalesce(favourites_90d, map {}) as favourites_90d,
  coalesce(spend_by_country, map {}) as spend_by_country,
  cancels_90d::double / nullif(lines_90d, 0) as return_rate_90d,
  spend_90d::double / nullif(orders_90d, 0) as order_value_90d,
  spend_7d::double / nullif(spend_90d::double, 0) as weekly_share,
  lines_7d > 0 and lines_90d = lines_7d as is_back
from aggregates a left join favourites using (id) left join by_country using (id)
