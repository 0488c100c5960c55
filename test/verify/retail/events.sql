-- The raw log as it was published, and the window rule. Nothing here comes from Millrace's code: the comparison is
-- worth as much as this file is independent. $file is the path of the NDJSON log.

create table events as
select
  row_number() over () as line,           -- the reading keeps the file's order
  epoch_ms(ts) as time,
  ts,
  "user",
  item,
  type,
  invoice,
  qty,
  price::decimal(12, 3) as price,         -- read as text: no detour through a double
  qty * price::decimal(12, 3) as amount,
  country
from read_json(
  $file,
  format = 'newline_delimited',
  columns = {
    ts: 'TIMESTAMP', "user": 'VARCHAR', item: 'VARCHAR', type: 'VARCHAR',
    invoice: 'VARCHAR', qty: 'BIGINT', price: 'VARCHAR', country: 'VARCHAR'
  }
);

-- A window of w ms counts the times in [tail(q, w), q).
create macro hop_ms(w) as
  case when w < 12 * 3600000 then 300000 when w < 12 * 86400000 then 3600000 else 86400000 end;
create macro tail(q, w) as ((q - w) // hop_ms(w)) * hop_ms(w);
create macro hours(n) as n * 3600000::bigint;
create macro days(n) as n * 86400000::bigint;

-- What an event still counts for, when it halves every `half` ms.
create macro decay(q, t, half) as pow(2.0, -(q - t) / half::double);

-- The element of an ascending list at rank floor(p (n - 1)): the lower quantile.
create macro lower_quantile(sorted, p) as sorted[1 + floor(p * (len(sorted) - 1))::bigint];

-- Population variance from exact sums of whole numbers (n, sum, sum of squares).
create macro exact_variance(n, s, s2) as
  case when n > 0 then (n::hugeint * s2 - s::hugeint * s)::double / (n::double * n) end;
create macro exact_sample_variance(n, s, s2) as
  case when n > 1 then (n::hugeint * s2 - s::hugeint * s)::double / (n::double * (n - 1)) end;

create table customers as select distinct "user" from events where "user" is not null;
create table items as select distinct item from events;
create table countries as select distinct country from events;
create table customer_items as select distinct "user", item from events where "user" is not null;
