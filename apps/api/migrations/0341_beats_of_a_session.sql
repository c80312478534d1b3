-- A receipt or a timeline read all beats that were not folded yet, of everybody: 50 ms where 33,000 sessions are live, 600 where 200,000
-- are. Whoever comes back from an app is shown a receipt, so what that took rose with the square of what is live.

-- One of 65,536 for each session, because an index of arrays never forgets a key: made of the ids, it would keep one of each session.
create function beat_keys(p_session_ids text[]) returns integer[]
language sql immutable strict parallel safe
as $$ select array_agg(hashtext(id) & 65535) from unnest(p_session_ids) id $$;

-- What is still to be sorted in is short: each look reads it, and the beat that fills it sorts.
create index beat_batches_by_session on beat_batches using gin (beat_keys(session_ids)) with (gin_pending_list_limit = 128);
-- No plan asks for them.
alter index beat_batches_by_session alter column 1 set statistics 0;

-- The beats of a session that are not folded yet; of the tenant the caller is bound to. Row level security lets no array be compared
-- before it has seen the row, so this works as the role that sees all, and names the tenant itself.
create function unfolded_beats(p_session_id text)
returns table (
  kind text, at timestamptz, sequence bigint, active_ms integer, counted_ms integer, unbilled_ms integer, final boolean, origin integer
)
language sql stable security definer rows 50
set search_path = pg_catalog, public, pg_temp
set enable_seqscan = off
as $$
  select b.kind, t.at, t.sequence, t.active_ms, t.counted_ms, t.unbilled_ms, t.final, t.origin
  from beat_batches b
  cross join lateral unnest(
      b.session_ids, b.ats, b.sequences, b.active_ms, b.counted_ms, b.unbilled_ms, b.finals, b.origins)
    as t (session_id, at, sequence, active_ms, counted_ms, unbilled_ms, final, origin)
  where beat_keys(b.session_ids) @> beat_keys(array[p_session_id]) and t.session_id = p_session_id
    and b.tenant_id = current_tenant()
$$;
revoke execute on function unfolded_beats from public;
grant create on schema public to tm_batch;
alter function unfolded_beats owner to tm_batch;
revoke create on schema public from tm_batch;
grant execute on function unfolded_beats to tm_app;
