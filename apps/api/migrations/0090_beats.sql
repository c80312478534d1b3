-- Every stretch of time that was counted or served, as it was applied: beats, and what pauses, takeovers and endings
-- counted. Written by the very statement that changes the session, so there is never one without the other.

-- As it happens: one row per statement and tenant, arrays beside one another, because a row per beat would cost several
-- times as much. No index leads to a session; within minutes a job moves the rows to session_beats.
create table beat_batches (
  tenant_id text not null default current_tenant(),
  -- Of the earliest of them; what the job takes them by.
  at timestamptz not null,
  kind text not null,
  session_ids text[] not null,
  ats timestamptz[] not null,
  -- Null where the kind has none.
  sequences bigint[] not null,
  active_ms integer[] not null,
  counted_ms integer[] not null,
  unbilled_ms integer[] not null,
  finals boolean[] not null,
  -- Two halves of 16 bits of a keyed hash, over session and address and over session and browser: enough to see that they
  -- changed within a session, too little to tell which they were.
  origins integer[] not null,
  constraint beat_kind_is_known check (kind in ('beat', 'pause', 'resume', 'takeover', 'return', 'again', 'end'))
-- Kept in the row as far as a page goes: compressing and storing elsewhere what lives for minutes is wasted.
) with (toast_tuple_target = 8160, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
create index beat_batches_by_age on beat_batches (at);

-- The same by session: a row per session, kind and run of the job.
create table session_beats (
  tenant_id text not null default current_tenant(),
  session_id text not null,
  kind text not null,
  last_at timestamptz not null,
  ats timestamptz[] not null,
  sequences bigint[] not null,
  active_ms integer[] not null,
  counted_ms integer[] not null,
  unbilled_ms integer[] not null,
  finals boolean[] not null,
  origins integer[] not null
);
create index session_beats_by_session on session_beats (tenant_id, session_id);
-- Written in the order of time, so a summary per range of pages is enough to forget by.
create index session_beats_by_age on session_beats using brin (last_at);

alter table beat_batches enable row level security;
alter table session_beats enable row level security;
create policy tenant_sees_its_own on beat_batches to tm_app
  using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
create policy batches_see_all on beat_batches to tm_batch using (true) with check (true);
create policy tenant_sees_its_own on session_beats to tm_app
  using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
create policy batches_see_all on session_beats to tm_batch using (true) with check (true);
-- Nobody changes what was written; the job moves and forgets.
grant select, insert on beat_batches to tm_app;
grant select, insert, delete on beat_batches to tm_batch;
grant select on session_beats to tm_app;
grant select, insert, delete on session_beats to tm_batch;
