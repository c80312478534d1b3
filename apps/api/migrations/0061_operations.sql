-- When the books were last proven, and with what result: an alert asks for it.
create table ledger_checks (
  id text primary key,
  findings integer not null,
  transfers bigint not null,
  created_at timestamptz not null
);
create index ledger_checks_clean on ledger_checks (created_at) where findings = 0;
grant select, insert, delete on ledger_checks to tm_batch;

-- The queue's tables stay closed; these figures are all that leaves them.
create function job_figures(p_now timestamptz, out due bigint, out oldest_due_at timestamptz, out failed bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select
    count(*) filter (where j.attempts < j.max_attempts and j.run_at <= p_now and j.locked_at is null),
    min(j.run_at) filter (where j.attempts < j.max_attempts and j.run_at <= p_now and j.locked_at is null),
    count(*) filter (where j.attempts >= j.max_attempts)
  from graphile_worker.jobs j;
$$;
revoke all on function job_figures(timestamptz) from public;
grant execute on function job_figures(timestamptz) to tm_batch;

-- What is rare and looked at often.
create index wallets_in_debt on wallets (tenant_id, id) where debt > 0;
create index stripe_events_refused on stripe_events (received_at) where outcome = 'refused';
