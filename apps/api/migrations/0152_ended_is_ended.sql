-- What a session was opened with is what its user agreed to, and an ended session is what they paid for. No statement of the
-- application writes either; from here on none can.
revoke update on sessions from tm_app, tm_batch;
grant update (status, end_reason, duration_ms, used_ms, unbilled_ms, tokens_held, tokens_charged, launch_jti,
  launch_expires_at, launch_spent_by, client_id, sequence, last_beat_at, is_first_beat_due, is_final, is_lease_short,
  paused_at, paused_ms, is_paused_by_user, event_sequence, started_at, ended_at, sweep_at) on sessions to tm_app, tm_batch;

create function refuse_to_change_what_ended() returns trigger
language plpgsql
as $$
begin
  raise exception '% of % has ended: % refused', old.id, tg_table_name, tg_op using errcode = 'restrict_violation';
end
$$;
-- After, not before: a trigger before an update locks the row once more.
create trigger ended_sessions_stay_as_they_are after update on sessions
  for each row when (old.status = 'ended' and old.* is distinct from new.*) execute function refuse_to_change_what_ended();
-- The ledger's own functions resolve a hold by one conditional update, and could not do otherwise by mistake.
create trigger resolved_holds_stay_as_they_are after update on holds
  for each row when (old.resolution is not null) execute function refuse_to_change_what_ended();
