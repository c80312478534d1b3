-- People without counting them anew: a quarter keeps, for each who began a session in it, in which quarter that person
-- had done so the last time before. Of those in a range, whoever came the last time before the range is in it for the
-- first time, and is counted there. So the people of any range are a search in a sorted list per quarter, where a month
-- of a large provider had to sort a hundred thousand numbers; and cohorts are counted in any time zone from the same
-- lists, where they were counted every hour, in UTC only.
--
-- Quarters are numbered from 1970 on; 0 is never.
alter table activity_people
  add column first_came integer not null default 0,
  add column last_came integer not null default 0,
  add column first_test_came integer not null default 0,
  add column last_test_came integer not null default 0;
alter table activity_quarters
  add column came_before integer[] not null default '{}',
  add column first_came integer[] not null default '{}',
  add column first_came_before integer[] not null default '{}';

create temporary table visits on commit drop as
select tenant_id, provider_id, is_test, number, came,
  lag(came, 1, 0) over w as came_before, first_value(came) over w as first_came
from (
  select tenant_id, provider_id, is_test, quarter, unnest(people) as number,
    (extract(epoch from quarter) / 900)::integer as came
  from activity_quarters
) q
window w as (partition by tenant_id, provider_id, is_test, number order by came);

update activity_quarters q
set people = v.people, came_before = v.came_before, first_came = v.first_came, first_came_before = v.first_came_before
from (
  select tenant_id, provider_id, is_test, came,
    array_agg(number order by came_before, number) as people,
    array_agg(came_before order by came_before, number) as came_before,
    array_agg(first_came order by first_came, came_before) as first_came,
    array_agg(came_before order by first_came, came_before) as first_came_before
  from visits group by 1, 2, 3, 4
) v
where v.tenant_id = q.tenant_id and v.provider_id = q.provider_id and v.is_test = q.is_test
  and v.came = (extract(epoch from q.quarter) / 900)::integer;

update activity_people p
set first_came = v.first_came, last_came = v.last_came, first_test_came = v.first_test_came,
  last_test_came = v.last_test_came
from (
  select tenant_id, provider_id, number,
    coalesce(min(came) filter (where not is_test), 0) as first_came,
    coalesce(max(came) filter (where not is_test), 0) as last_came,
    coalesce(min(came) filter (where is_test), 0) as first_test_came,
    coalesce(max(came) filter (where is_test), 0) as last_test_came
  from visits group by 1, 2, 3
) v
where v.tenant_id = p.tenant_id and v.provider_id = p.provider_id and v.number = p.number;

alter table activity_people drop column first_quarter, drop column first_test_quarter;
alter table activity_quarters drop column new_users;
-- Each roll-up moves the last quarter of who came: in place, where the page has room.
alter table activity_people set (fillfactor = 85);
grant update (first_came, last_came, first_test_came, last_test_came) on activity_people to tm_batch;

drop table retention_cells;
delete from analytics_progress where what = 'retention';
