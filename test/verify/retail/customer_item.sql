-- The features of customer_item at query time $q, one row a pair of customer and item, those without any event
-- included. Aggregates skip nulls. Without events: counts, decayed sums and the sums that say so 0, all else null.
-- __events counts the events that some feature takes.

with e as (
  select
    p."user" as customer, p.item as article, v.*, $q::bigint as q,
    v.type = 'purchase' as bought,
    v.type = 'cancel' as cancelled,
    v.time >= tail($q, days(30)) as d30,
    v.time >= tail($q, days(90)) as d90
  from customer_items p left join events v on v."user" = p."user" and v.item = p.item and v.time < $q
)
select
  customer as "user",
  article as item,
  count(*) filter (bought or cancelled) as __events,
  count(*) filter (bought and d30) as times_30d,
  count(*) filter (bought) as times_lifetime,
  coalesce(sum(qty) filter (bought and d90), 0) as units_90d,
  coalesce(sum(qty) filter (bought), 0) as units_lifetime,
  count(*) filter (cancelled) as cancels,
  coalesce(sum(decay(q, time, days(30))) filter (bought), 0) as habit,
  min(time) filter (bought) as first_bought,
  max(time) filter (bought) as last_bought,
  arg_max(price, line) filter (bought) as last_price,
  count(*) filter (bought) > 1 as is_repeat
from e
group by customer, article
