-- People as small numbers, and a quarter's people in its own row: counting them over a month of a large provider reads
-- some thousand rows where it read a hundred thousand, and compares integers where it compared ids. Measured at
-- 9.9 million sessions, as docs/analytics.md tells.
drop table activity_users;

create table activity_people (
  tenant_id text not null default current_tenant(),
  provider_id text not null,
  user_id text not null,
  number integer not null,
  primary key (tenant_id, provider_id, user_id),
  constraint people_have_numbers_of_their_own unique (tenant_id, provider_id, number)
);
alter table activity_people enable row level security;
create policy tenant_sees_its_own on activity_people to tm_app
  using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
create policy batches_see_all on activity_people to tm_batch using (true) with check (true);
grant select on activity_people to tm_app;
grant select, insert on activity_people to tm_batch;

-- Who began a session in it, each once, in order.
alter table activity_quarters add column people integer[] not null default '{}';
-- All quarters are written again.
update activity_progress set rolled_until = null;
