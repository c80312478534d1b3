-- Where a provider wants to be told what happens. Secrets are sealed; the previous ones sign, too, until the overlap
-- of a rotation is over.
create table webhook_endpoints (
  tenant_id text not null default current_tenant(),
  id text not null,
  provider_id text not null,
  url text not null,
  -- Names of events, or '*' for all.
  events text[] not null,
  status text not null,
  disabled_because text,
  -- Since when every attempt failed; null after a success.
  failing_since timestamptz,
  secret_sealed bytea not null,
  previous_secret_sealed bytea,
  -- Only where its owner asked for ed25519, which lets a receiver verify without being able to sign.
  signing_key_sealed bytea,
  public_key text,
  previous_signing_key_sealed bytea,
  previous_secret_until timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deleted_at timestamptz,
  primary key (tenant_id, id),
  constraint webhook_endpoint_has_provider foreign key (tenant_id, provider_id) references providers (tenant_id, id),
  constraint webhook_endpoint_status_is_known check (status in ('enabled', 'disabled')),
  constraint disabled_endpoints_say_why check (
    (status = 'disabled') = (disabled_because is not null)
    and disabled_because in ('owner', 'gone', 'failing', 'deleted')
  ),
  constraint previous_secret_says_until_when check ((previous_secret_sealed is null) = (previous_secret_until is null))
);
create index webhook_endpoints_by_provider on webhook_endpoints (tenant_id, provider_id, id) where deleted_at is null;
-- What every event asks: who wants to know. Nearly always nobody, and then this is all it costs.
create index webhook_endpoints_enabled on webhook_endpoints (tenant_id, provider_id) where status = 'enabled';

-- One row per event and endpoint, written in the transaction of the event; at the same time the queue. A claim moves
-- next_attempt_at to where its lease ends, so whoever crashes with it leaves it to the others.
-- No foreign keys: events are written by every session, and each key would lock the endpoint's row for it.
create table webhook_deliveries (
  tenant_id text not null default current_tenant(),
  id text not null,
  endpoint_id text not null,
  event_id text not null,
  status text not null default 'pending',
  -- Of this run of the schedule; a replay begins again.
  tries integer not null default 0,
  attempts integer not null default 0,
  next_attempt_at timestamptz not null,
  claimed_until timestamptz,
  created_at timestamptz not null,
  delivered_at timestamptz,
  primary key (tenant_id, id),
  constraint delivery_status_is_known check (status in ('pending', 'delivered', 'failed')),
  constraint delivered_ones_say_when check (status <> 'delivered' or delivered_at is not null)
) with (fillfactor = 80);
create index webhook_deliveries_by_endpoint on webhook_deliveries (tenant_id, endpoint_id, id);
create index webhook_deliveries_due on webhook_deliveries (tenant_id, endpoint_id, next_attempt_at)
  where status = 'pending';
create index webhook_deliveries_under_way on webhook_deliveries (tenant_id, endpoint_id)
  where claimed_until is not null;
create index webhook_deliveries_failed on webhook_deliveries (tenant_id, endpoint_id, id) where status = 'failed';
-- A replay of a range asks whether an event was ever meant for this endpoint.
create index webhook_deliveries_by_event on webhook_deliveries (tenant_id, event_id, endpoint_id);

create table webhook_attempts (
  tenant_id text not null default current_tenant(),
  delivery_id text not null,
  number integer not null,
  at timestamptz not null,
  -- Null where there was no answer; then error says why.
  http_status integer,
  latency_ms integer not null,
  error text,
  answer_excerpt text,
  primary key (tenant_id, delivery_id, number),
  constraint attempt_has_answer_or_error check ((http_status is null) = (error is not null))
);

do $$
declare
  t text;
begin
  foreach t in array array['webhook_endpoints', 'webhook_deliveries', 'webhook_attempts'] loop
    execute format('alter table %I enable row level security', t);
    execute format(
      'create policy tenant_sees_its_own on %I to tm_app using (tenant_id = current_tenant()) with check (tenant_id = current_tenant())', t);
    execute format('create policy batches_see_all on %I to tm_batch using (true) with check (true)', t);
  end loop;
end
$$;
grant select, insert, update on webhook_endpoints, webhook_deliveries to tm_app, tm_batch;
grant select, insert on webhook_attempts to tm_app, tm_batch;
grant delete on webhook_endpoints, webhook_deliveries, webhook_attempts to tm_batch;
