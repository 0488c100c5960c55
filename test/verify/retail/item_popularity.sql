-- The features of item_popularity at query time $q, one row an item, those without any event included.
-- Aggregates skip nulls. Without events: counts and decayed sums 0, lists and maps empty, all else null.
-- Order is (time, line); of equal ranks the later goes first. Beside the features, __events counts the
-- events that some feature takes (no adjustment is one), and name__n, name__counts and name__abs serve a feature's tolerance.

with e as (
  select
    i.item as id, v.* exclude (item), $q::bigint as q,
    v.type = 'purchase' as bought,
    v.type = 'cancel' as cancelled,
    v.time >= tail($q, hours(1)) as h1,
    v.time >= tail($q, hours(6)) as h6,
    v.time >= tail($q, hours(24)) as h24,
    v.time >= tail($q, days(7)) as d7,
    v.time >= tail($q, days(30)) as d30,
    v.time >= tail($q, days(90)) as d90,
    (v.price * 1000)::bigint as mills
  from items i left join events v on v.item = i.item and v.time < $q
),
buyers as (
  select
    id,
    sum(n)::bigint as loyal_buyers_90d__n,
    map_from_entries(list((u, n) order by n desc, u)[1:5]) as loyal_buyers_90d,
    case when sum(n) > 1024 then map_from_entries(list((u, n))) end as loyal_buyers_90d__counts
  from (select id, "user" as u, count(*) as n from e where bought and d90 and "user" is not null group by all)
  group by id
),
weekdays as (
  select id, map_from_entries(list((day, s))) as units_by_weekday_90d
  from (select id, isodow(ts) as day, sum(qty)::bigint as s from e where bought and d90 group by all)
  group by id
),
prices as (
  select id, map_from_entries(list((price, n) order by n desc, price)[1:5]) as price_points_90d
  from (select id, price, count(*) as n from e where bought and d90 group by all)
  group by id
),
quantities as (
  select id, map_from_entries(list((qty, n) order by n desc, qty)[1:3]) as usual_qty_30d
  from (select id, qty, count(*) as n from e where bought and d30 group by all)
  group by id
),
aggregates as (
  select
    id,
    count(*) filter (bought or cancelled) as __events,
    count(*) filter (bought and h1) as lines_1h,
    count(*) filter (bought and h6) as lines_6h,
    count(*) filter (bought and h24) as lines_24h,
    count(*) filter (bought and d7) as lines_7d,
    count(*) filter (bought and d30) as lines_30d,
    count(*) filter (cancelled and d30) as cancels_30d,
    sum(qty) filter (bought and h1) as units_1h,
    sum(qty) filter (bought and h24) as units_24h,
    sum(qty) filter (bought and d7) as units_7d,
    sum(qty) filter (bought and d30) as units_30d,
    sum(qty) filter (bought) as units_lifetime,
    sum(amount) filter (bought and d7) as revenue_7d,
    sum(amount) filter (bought and d30) as revenue_30d,
    coalesce(sum(decay(q, time, hours(24))) filter (bought), 0) as trend,

    count(distinct "user") filter (bought and h24) as buyers_24h,
    count(distinct "user") filter (bought and d30) as buyers_30d,
    count(distinct "user") filter (bought) as buyers_lifetime,
    count(distinct "user") filter (bought and d7) as buyers_exact_7d,
    count(distinct "user") filter (bought and d30) as buyers_exact_30d,
    coalesce(list("user" order by time desc, line desc) filter (bought and d30 and "user" is not null), [])[1:10]
      as recent_buyers_30d,
    coalesce(list_sort(list(distinct country) filter (bought and d30)), []) as countries_30d,
    coalesce(list_sort(list(distinct country) filter (bought and d90)), []) as countries_90d,
    coalesce(histogram(country) filter (bought and d7), map {}) as lines_by_country_7d,

    arg_max(price, line) filter (bought) as price,
    arg_min(price, line) filter (bought and price > 0) as launch_price,
    min(price) filter (bought and d30) as price_min_30d,
    max(price) filter (bought and d30) as price_max_30d,
    sum(price) filter (bought and d30)::double / nullif(count(price) filter (bought and d30), 0) as price_avg_30d,
    sqrt(exact_variance(count(mills) filter (bought and d90), sum(mills) filter (bought and d90),
      sum(mills::hugeint * mills) filter (bought and d90))) / 1e3 as price_stddev_90d,
    sqrt(avg(price::double * price) filter (bought and d90)) as price_stddev_90d__abs,
    lower_quantile(list(price order by price) filter (bought and d90), 0.1) as price_p10_90d,
    lower_quantile(list(price order by price) filter (bought and d90), 0.5) as price_median_90d,
    lower_quantile(list(price order by price) filter (bought), 0.5) as price_median_lifetime,
    coalesce(list({invoice: invoice, qty: qty} order by qty desc, time desc, line desc) filter (bought and d90), [])[1:3]
      as largest_sales_90d,

    min(time) filter (bought) as first_sold,
    max(time) filter (bought) as last_sold,
    max(time) filter (cancelled and d90) as last_cancel_90d,
    count(*) filter (bought and hour(ts) < 12 and d7) as sold_before_noon_7d
  from e
  group by id
)
select
  id as item,
  a.* exclude (id),
  coalesce(loyal_buyers_90d, map {}) as loyal_buyers_90d,
  coalesce(loyal_buyers_90d__n, 0) as loyal_buyers_90d__n,
  loyal_buyers_90d__counts,
  coalesce(units_by_weekday_90d, map {}) as units_by_weekday_90d,
  coalesce(price_points_90d, map {}) as price_points_90d,
  coalesce(usual_qty_30d, map {}) as usual_qty_30d,
  cancels_30d::double / nullif(lines_30d, 0) as cancel_rate_30d,
  lines_24h::double * 7 / nullif(lines_7d, 0) as acceleration,
  price::double / nullif(price_median_90d::double, 0) as price_against_median
from aggregates a
left join buyers using (id)
left join weekdays using (id)
left join prices using (id)
left join quantities using (id)
