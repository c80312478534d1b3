-- Time that a single call counts, as a batch of one.
create function log_time(
  p_tenant_id text, p_kind text, p_session_id text, p_at timestamptz, p_sequence bigint, p_active_ms bigint,
  p_counted_ms bigint, p_unbilled_ms bigint
) returns void
language sql volatile
as $$
  insert into beat_batches (tenant_id, at, kind, session_ids, ats, sequences, active_ms, counted_ms, unbilled_ms, finals,
    origins)
  values (p_tenant_id, p_at, p_kind, array[p_session_id], array[p_at], array[p_sequence], array[p_active_ms::integer],
    array[p_counted_ms::integer], array[p_unbilled_ms::integer], array[false], array[null::integer]);
$$;

-- As before, and takeovers are on record with what they counted.
create or replace function spend_launch(
  p_tenant_id text, p_session_id text, p_provider_id text, p_jti text, p_client_id text, p_origin text,
  p_now timestamptz, p_unbilled_ms_allowed bigint
) returns text
language plpgsql
as $$
declare
  s sessions;
  provider_status text;
  origins text[];
  counted bigint := 0;
  unbilled bigint := 0;
  is_over_allowance boolean;
begin
  select * into s from sessions x where x.tenant_id = p_tenant_id and x.id = p_session_id for update;
  if s.id is null or s.provider_id <> p_provider_id then
    return 'launch_invalid';
  end if;
  select p.status, p.allowed_origins into provider_status, origins
  from providers p where p.tenant_id = p_tenant_id and p.id = p_provider_id;
  if p_origin is not null and not p_origin = any (origins) then
    return 'origin_not_allowed';
  end if;
  if s.status = 'ended' then
    return 'session_ended';
  end if;
  if over_reason(s, p_now) is not null then
    return 'over';
  end if;
  if s.launch_jti <> p_jti then
    return 'launch_invalid';
  end if;
  if provider_status = 'suspended' then
    return 'suspended';
  end if;
  if s.launch_spent_by <> p_client_id then
    return 'launch_already_used';
  end if;
  if s.launch_spent_by = p_client_id and (s.status <> 'active' or not s.is_first_beat_due or s.is_lease_short) then
    return 'again';
  end if;
  if s.status = 'active' then
    -- Taking a running session over counts what the client before was surely served. A client that asks again before its
    -- first beat never got the answer: its clock starts now, and what it may have been served goes on the allowance.
    counted := case when s.launch_spent_by = p_client_id then 0 else unvouched_ms(s, p_now) end;
    unbilled := greatest(0, served_ms(s, p_now) - counted);
  end if;
  if unbilled > 0 then
    insert into unbilled_time as u (tenant_id, user_id, provider_id, hour, unbilled_ms)
    values (p_tenant_id, s.user_id, s.provider_id, date_trunc('hour', p_now, 'UTC'), unbilled)
    on conflict (tenant_id, user_id, provider_id, hour) do update set unbilled_ms = u.unbilled_ms + excluded.unbilled_ms;
  end if;
  if s.status <> 'pending' and (s.launch_spent_by is distinct from p_client_id or unbilled > 0) then
    perform log_time(
      p_tenant_id,
      case when s.client_id is distinct from p_client_id then 'takeover'
        when s.launch_spent_by = p_client_id then 'again' else 'return' end,
      p_session_id, p_now, null, null, counted, unbilled);
  end if;
  -- Also what silent sessions of theirs were served: they are written down only when they end, half an hour later.
  select coalesce(sum(u.unbilled_ms), 0) + coalesce((
      select sum(served_ms(x, p_now)) from sessions x
      where x.tenant_id = p_tenant_id and x.user_id = s.user_id and x.provider_id = s.provider_id
        and x.status = 'active' and x.id <> s.id and ms_between(x.last_beat_at, p_now) > 45000
    ), 0) > p_unbilled_ms_allowed into is_over_allowance
  from unbilled_time u
  where u.tenant_id = p_tenant_id and u.user_id = s.user_id and u.provider_id = s.provider_id
    and u.hour > p_now - interval '24 hours';
  -- A client that comes back goes on with its own sequence. A paused session stays paused.
  update sessions x set
    launch_spent_by = p_client_id,
    sequence = case when s.client_id = p_client_id then s.sequence else 0 end,
    client_id = p_client_id,
    status = case when s.status = 'pending' then 'active' else s.status end,
    started_at = coalesce(s.started_at, p_now),
    used_ms = s.used_ms + counted,
    unbilled_ms = s.unbilled_ms + unbilled,
    last_beat_at = case when s.status = 'paused' then s.last_beat_at else p_now end,
    is_first_beat_due = s.status <> 'paused',
    is_final = false,
    is_lease_short = s.is_lease_short or is_over_allowance,
    event_sequence = s.event_sequence + (s.status = 'pending')::int,
    sweep_at = least(s.sweep_at, running_sweep_at(p_now, s.duration_ms - s.used_ms - counted))
  where x.tenant_id = p_tenant_id and x.id = p_session_id;
  return case when s.status = 'pending' then 'started' when s.launch_spent_by = p_client_id then 'again'
    else 'taken_over' end;
end
$$;
