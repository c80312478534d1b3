-- What providers' figures are read from: sums per quarter of an hour, because every time zone of today begins its hours
-- and days on one. A quarter is written when nothing can happen in it any more.
create table activity_quarters (
  tenant_id text not null default current_tenant(),
  provider_id text not null,
  is_test boolean not null,
  quarter timestamptz not null,
  opened integer not null,
  validated integer not null,
  completed integer not null,
  expired integer not null,
  abandoned integer not null,
  cancelled integer not null,
  revoked integer not null,
  used_ms bigint not null,
  gross bigint not null,
  fee bigint not null,
  primary key (tenant_id, provider_id, is_test, quarter)
);

-- Who began a session in a quarter, once each: people cannot be added up, so ranges count them anew.
create table activity_users (
  tenant_id text not null default current_tenant(),
  provider_id text not null,
  is_test boolean not null,
  quarter timestamptz not null,
  user_id text not null,
  primary key (tenant_id, provider_id, is_test, quarter, user_id)
);

-- Up to where the quarters are written, of all tenants at once. Later ones are summed on read.
create table activity_progress (
  is_only_row boolean primary key default true,
  rolled_until timestamptz,
  constraint one_row check (is_only_row)
);
insert into activity_progress default values;

do $$
declare
  t text;
begin
  foreach t in array array['activity_quarters', 'activity_users'] loop
    execute format('alter table %I enable row level security', t);
    execute format(
      'create policy tenant_sees_its_own on %I to tm_app using (tenant_id = current_tenant()) with check (tenant_id = current_tenant())', t);
    execute format('create policy batches_see_all on %I to tm_batch using (true) with check (true)', t);
  end loop;
end
$$;
grant select on activity_quarters, activity_users, activity_progress to tm_app;
grant select, insert, update on activity_quarters, activity_users to tm_batch;
grant select, update on activity_progress to tm_batch;
