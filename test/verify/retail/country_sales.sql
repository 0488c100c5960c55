-- The features of country_sales at query time $q, one row a country, those without any event included.
-- Aggregates skip nulls. Without events: counts and decayed sums 0, lists and maps empty, all else null.
-- Order is (time, line); of equal ranks the later goes first. Beside the features, __events counts the entity's
-- events, and name__n, name__counts and name__abs serve a feature's tolerance.

with e as (
  select
    c.country as id, v.* exclude (country), $q::bigint as q,
    v.type = 'purchase' as bought,
    v.time >= tail($q, hours(1)) as h1,
    v.time >= tail($q, hours(24)) as h24,
    v.time >= tail($q, days(7)) as d7,
    v.time >= tail($q, days(30)) as d30,
    v.time >= tail($q, days(90)) as d90,
    (v.amount * 1000)::bigint as mills
  from countries c left join events v on v.country = c.country and v.time < $q
),
items_day as (
  select
    id,
    sum(n)::bigint as top_items_24h__n,
    map_from_entries(list((item, n) order by n desc, item)[1:10]) as top_items_24h,
    case when sum(n) > 1024 then map_from_entries(list((item, n))) end as top_items_24h__counts
  from (select id, item, count(*) as n from e where bought and h24 group by all)
  group by id
),
items_month as (
  select
    id,
    sum(n)::bigint as top_items_30d__n,
    map_from_entries(list((item, n) order by n desc, item)[1:10]) as top_items_30d,
    case when sum(n) > 1024 then map_from_entries(list((item, n))) end as top_items_30d__counts
  from (select id, item, count(*) as n from e where bought and d30 group by all)
  group by id
),
aggregates as (
  select
    id,
    count(line) as __events,
    coalesce(histogram(type) filter (h24), map {}) as lines_24h,
    coalesce(histogram(type) filter (d30), map {}) as lines_30d,
    sum(amount) filter (bought and h1) as revenue_1h,
    sum(amount) filter (bought and h24) as revenue_24h,
    sum(amount) filter (bought and d7) as revenue_7d,
    sum(amount) filter (bought and d30) as revenue_30d,
    sum(amount) filter (bought and d90) as revenue_90d,
    coalesce(sum(amount::double * decay(q, time, days(7))) filter (bought), 0) as revenue_momentum,
    coalesce(sum(abs(amount::double) * decay(q, time, days(7))) filter (bought), 0) as revenue_momentum__abs,
    count(distinct "user") filter (d7) as customers_7d,
    count(distinct "user") filter (d30) as customers_30d,
    count(distinct "user") as customers_lifetime,
    count(distinct invoice) filter (bought and h24) as invoices_24h,
    count(distinct invoice) filter (bought and d30) as invoices_30d,
    sum(amount) filter (bought and d7)::double / nullif(count(amount) filter (bought and d7), 0) as line_value_7d,
    avg(abs(amount::double)) filter (bought and d7) as line_value_7d__abs,
    sum(amount) filter (bought and d90)::double / nullif(count(amount) filter (bought and d90), 0) as line_value_90d,
    avg(abs(amount::double)) filter (bought and d90) as line_value_90d__abs,
    lower_quantile(list(amount order by amount) filter (bought and d30), 0.99) as line_value_p99_30d,
    exact_variance(count(mills) filter (bought and qty < 1000 and d30),
      sum(mills) filter (bought and qty < 1000 and d30),
      sum(mills::hugeint * mills) filter (bought and qty < 1000 and d30)) / 1e6 as line_value_variance_30d,
    avg(amount::double * amount) filter (bought and qty < 1000 and d30) as line_value_variance_30d__abs,
    max(amount) filter (bought and h24) as largest_line_24h,
    max(amount) filter (bought and d90) as largest_line_90d,
    coalesce(list({invoice: invoice, item: item, amount: amount} order by amount desc, time desc, line desc)
      filter (bought and d7), [])[1:3] as largest_lines_7d,
    coalesce(list(invoice order by time, line) filter (invoice is not null), [])[1:3] as first_invoices
  from e
  group by id
)
select
  id as country,
  a.* exclude (id),
  coalesce(top_items_24h, map {}) as top_items_24h,
  coalesce(top_items_24h__n, 0) as top_items_24h__n,
  top_items_24h__counts,
  coalesce(top_items_30d, map {}) as top_items_30d,
  coalesce(top_items_30d__n, 0) as top_items_30d__n,
  top_items_30d__counts,
  revenue_7d::double / nullif(revenue_30d::double, 0) as week_against_month
from aggregates a left join items_day using (id) left join items_month using (id)
