-- What is left of a lease when its session is ended in the marketplace, or held by another browser from then on: the page shows the
-- app until it hears of that or the lease is over. `shown_ms` is how long it did, null until it was heard. Counts towards the
-- allowance like `unbilled_time`, and stands beside the session, which no longer changes once it has ended.
create table left_leases (
  tenant_id text not null default current_tenant(),
  session_id text not null,
  client_id text not null,
  left_at timestamptz not null,
  user_id text not null,
  provider_id text not null,
  lease_ms bigint not null,
  shown_ms bigint,
  primary key (tenant_id, session_id, client_id, left_at),
  constraint left_lease_is_a_lease check (lease_ms > 0 and lease_ms <= 130000),
  constraint shown_within_lease check (shown_ms >= 0 and shown_ms <= lease_ms)
);
create index left_leases_by_user on left_leases (tenant_id, user_id, provider_id, left_at);
create index left_leases_by_age on left_leases using brin (left_at);

alter table left_leases enable row level security;
create policy tenant_sees_its_own on left_leases to tm_app
  using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
create policy batches_see_all on left_leases to tm_batch using (true) with check (true);
grant select, insert on left_leases to tm_app, tm_batch;
grant update (shown_ms), delete on left_leases to tm_batch;

-- The mirror of `serveUntil`: how long the app may show on from that instant, for all it was told.
create function left_ms(s sessions, p_at timestamptz) returns bigint
language sql immutable parallel safe
as $$
  select case when s.status not in ('active', 'paused') or s.is_final then 0
    else greatest(0, least(
      least(lease_ms(s), coalesce(s.told_ms, case when s.status = 'active' then s.duration_ms else s.used_ms end) - s.used_ms)
        - greatest(0, ms_between(s.last_beat_at, p_at)),
      86400000 - ms_between(s.created_at, p_at))) end
$$;

-- How long it was shown, for all that is known at that instant.
create function shown_ms(l left_leases, p_at timestamptz) returns bigint
language sql immutable parallel safe
as $$ select coalesce(l.shown_ms, least(l.lease_ms, greatest(0, ms_between(l.left_at, p_at)))) $$;
