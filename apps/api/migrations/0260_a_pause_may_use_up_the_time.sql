-- A pause that came when the paid time was used up is over like what runs.
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
        when not s.is_final and s.told_ms is null and s.duration_ms - s.used_ms <= lease_ms(s)
          and ms_between(s.last_beat_at, p_at) > lease_ms(s) then 'expired'
        when p_at - s.created_at >= interval '24 hours' then 'expired'
        when ms_between(s.last_beat_at, p_at) > 1800000 then 'abandoned'
      end
    when 'paused' then
      case
        when s.used_ms >= s.duration_ms or p_at - s.created_at >= interval '24 hours' then 'expired'
        when s.paused_ms + ms_between(s.paused_at, p_at) > 1800000 then 'abandoned'
      end
  end
$$;
