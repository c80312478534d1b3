-- The rules of time are written into the plan of each statement that asks for them, instead of being called per row. PostgreSQL
-- does that only where a function is no less stable than it says: `timestamptz + interval` depends on the time zone, a
-- difference of two instants does not. What they say stays the same; instants are whole milliseconds.
create or replace function over_reason(s sessions, p_at timestamptz) returns text
language sql immutable parallel safe
as $$
  select case s.status
    when 'pending' then
      case when p_at - s.launch_expires_at >= interval '5 minutes' or p_at - s.created_at >= interval '24 hours'
        then 'cancelled' end
    when 'active' then
      case
        when s.used_ms >= s.duration_ms then 'expired'
        -- Paid time ran out within the lease, and the beat at zero did not come.
        when not s.is_final and s.duration_ms - s.used_ms <= lease_ms(s)
          and ms_between(s.last_beat_at, p_at) > lease_ms(s) then 'expired'
        when p_at - s.created_at >= interval '24 hours' then 'expired'
        when ms_between(s.last_beat_at, p_at) > 1800000 then 'abandoned'
      end
    when 'paused' then
      case
        when p_at - s.created_at >= interval '24 hours' then 'expired'
        when s.paused_ms + ms_between(s.paused_at, p_at) > 1800000 then 'abandoned'
      end
  end
$$;

-- Without `numeric`, which `extract` would make of it.
create or replace function ms_between(p_from timestamptz, p_to timestamptz) returns bigint
language sql immutable parallel safe
as $$ select (date_part('epoch', p_to - p_from) * 1000)::bigint $$;

create or replace function running_sweep_at(p_at timestamptz, p_remaining_ms bigint) returns timestamptz
language sql stable parallel safe
as $$ select p_at + least(1800001, greatest(p_remaining_ms, 45001)) * interval '1 millisecond' $$;
alter function next_sweep_at(sessions, timestamptz) stable;
