-- An extension, a pause and a resumption in the marketplace reach the app with its next beat. Until then it does as it was told
-- last, and that is what counts: `told_ms` is up to which `used_ms` the app may serve for all it knows, counted from the last beat;
-- from the pause where the marketplace paused, for the app shows it until it hears of that. Null where the app knows all there is:
-- it may serve until the paid time ends, or it knows that it is paused. Every answer to the app makes it null.
--
-- Where the marketplace resumed before the app had heard of the pause, what the app says of its use goes back to before that:
-- `is_resumed_there`, which means nothing without `told_ms`.
alter table sessions add column told_ms bigint, add column is_resumed_there boolean not null default false;

grant update (told_ms, is_resumed_there) on sessions to tm_app, tm_batch;

create or replace function counted_ms(s sessions, p_at timestamptz, p_active_ms bigint) returns bigint
language sql immutable parallel safe
as $$
  select case when s.status <> 'active' then 0 else greatest(0, least(
    coalesce(s.told_ms, s.duration_ms) - s.used_ms,
    case
      -- A page that said goodbye and is back within 30 s navigated; else it was away.
      when s.is_final then
        case when ms_between(s.last_beat_at, p_at) <= 30000 then ms_between(s.last_beat_at, p_at) else 0 end
      when s.is_lease_short then least(ms_between(s.last_beat_at, p_at), 45000)
      when ms_between(s.last_beat_at, p_at) <= 45000 then ms_between(s.last_beat_at, p_at)
      when s.told_ms is not null and s.is_resumed_there then 0
      else least(
        lease_ms(s),
        case when ms_between(s.last_beat_at, p_at) <= 130000
          then least(ms_between(s.last_beat_at, p_at), coalesce(p_active_ms, ms_between(s.last_beat_at, p_at)))
          else coalesce(p_active_ms, 0) end)
    end)) end
$$;

create or replace function served_ms(s sessions, p_at timestamptz) returns bigint
language sql immutable parallel safe
as $$
  select case when s.status not in ('active', 'paused') or s.is_final then 0
    else greatest(0, least(
      ms_between(s.last_beat_at, p_at),
      lease_ms(s),
      coalesce(s.told_ms, case when s.status = 'active' then s.duration_ms else s.used_ms end) - s.used_ms)) end
$$;

-- Time of which the app does not know does not run out.
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
        when p_at - s.created_at >= interval '24 hours' then 'expired'
        when s.paused_ms + ms_between(s.paused_at, p_at) > 1800000 then 'abandoned'
      end
  end
$$;

create or replace function next_sweep_at(s sessions, p_at timestamptz) returns timestamptz
language sql stable parallel safe
as $$
  select least(
    s.created_at + interval '24 hours',
    case s.status
      when 'pending' then s.launch_expires_at + interval '5 minutes'
      when 'active' then least(
        s.last_beat_at + 1800001 * interval '1 millisecond',
        case when not s.is_final and s.told_ms is null and s.duration_ms - s.used_ms <= lease_ms(s)
          then s.last_beat_at + (lease_ms(s) + 1) * interval '1 millisecond'
          else p_at + greatest(s.duration_ms - s.used_ms - 130000, 45001) * interval '1 millisecond' end)
      when 'paused' then s.paused_at + (1800001 - s.paused_ms) * interval '1 millisecond'
    end)
$$;
