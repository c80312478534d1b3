-- Whose first session with a provider began when: people who come back are those who began one before.
alter table activity_people add column first_quarter timestamptz, add column first_test_quarter timestamptz;
grant update (first_quarter, first_test_quarter) on activity_people to tm_batch;
alter table activity_quarters
  add column new_users integer not null default 0,
  add column refunded bigint not null default 0;
-- All quarters are written again.
update activity_progress set rolled_until = null;
-- What was booked back out of a provider's earnings. Refunds of purchases debit a wallet and are not in it.
create index transfers_taken_back on transfers (tenant_id, id)
  where kind in ('refund', 'dispute', 'correction') and debit_sequence is null;

-- How often a provider's page was seen, per quarter of an hour. Counted in memory and added up here.
create table listing_views (
  tenant_id text not null default current_tenant(),
  provider_id text not null,
  quarter timestamptz not null,
  views integer not null,
  primary key (tenant_id, provider_id, quarter),
  constraint views_are_positive check (views > 0)
);

-- What became of the sessions that were opened in a quarter. Written when all of them have ended.
create table outcome_quarters (
  tenant_id text not null default current_tenant(),
  provider_id text not null,
  is_test boolean not null,
  quarter timestamptz not null,
  opened integer not null,
  validated integer not null,
  first_beat integer not null,
  completed integer not null,
  expired integer not null,
  abandoned integer not null,
  cancelled integer not null,
  revoked integer not null,
  never_validated integer not null,
  never_used integer not null,
  while_used integer not null,
  instantly_completed integer not null,
  primary key (tenant_id, provider_id, is_test, quarter)
);

-- The same of the sessions that were shown a variant.
create table experiment_quarters (
  tenant_id text not null default current_tenant(),
  provider_id text not null,
  is_test boolean not null,
  quarter timestamptz not null,
  experiment text not null,
  variant text not null,
  exposed integer not null,
  completed integer not null,
  used_ms bigint not null,
  gross bigint not null,
  primary key (tenant_id, provider_id, is_test, quarter, experiment, variant)
);

-- Of the people who came first in one week or month, how many came in another. Weeks begin on Monday, in UTC.
create table retention_cells (
  tenant_id text not null default current_tenant(),
  provider_id text not null,
  is_test boolean not null,
  span text not null,
  cohort date not null,
  period date not null,
  users integer not null,
  primary key (tenant_id, provider_id, is_test, span, cohort, period),
  constraint retention_span_is_known check (span in ('week', 'month')),
  constraint nobody_returns_before_coming check (period >= cohort)
);

-- Providers whose sessions complete at once more often than others' do; written anew by each look.
create table unusual_providers (
  tenant_id text not null,
  provider_id text not null,
  ended integer not null,
  instantly_completed integer not null,
  usual_share double precision not null,
  noticed_at timestamptz not null,
  primary key (tenant_id, provider_id)
);

-- Up to where each of them is written, of all tenants at once.
create table analytics_progress (
  what text primary key,
  written_until timestamptz
);
insert into analytics_progress (what) values ('outcomes'), ('retention'), ('unusual_providers');

do $$
declare
  t text;
begin
  foreach t in array array[
    'listing_views', 'outcome_quarters', 'experiment_quarters', 'retention_cells', 'unusual_providers'
  ] loop
    execute format('alter table %I enable row level security', t);
    execute format(
      'create policy tenant_sees_its_own on %I to tm_app using (tenant_id = current_tenant()) with check (tenant_id = current_tenant())', t);
    execute format('create policy batches_see_all on %I to tm_batch using (true) with check (true)', t);
  end loop;
end
$$;
grant select on
  listing_views, outcome_quarters, experiment_quarters, retention_cells, unusual_providers, analytics_progress to tm_app;
grant select, insert, update on listing_views to tm_batch;
grant select, insert, update, delete on outcome_quarters, experiment_quarters, retention_cells, unusual_providers to tm_batch;
grant select, update on analytics_progress to tm_batch;
