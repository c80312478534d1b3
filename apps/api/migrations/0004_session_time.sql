-- The rules of time, once: beats, completions, the sweeper and reads all ask these functions.
-- Only the server's clock counts, and serving is a lease.

-- A lower bound of when the session can be over. The sweeper moves it when it looks, beats do not, so its index
-- costs them nothing and the sweeper's work follows what is due.
alter table sessions add column sweep_at timestamptz not null;
drop index sessions_not_ended;
create index sessions_due on sessions (sweep_at) where status <> 'ended';

create function ms_between(p_from timestamptz, p_to timestamptz) returns bigint
language sql immutable parallel safe
as $$ select (extract(epoch from p_to - p_from) * 1000)::bigint $$;

-- How long the app may serve without a further beat: 45 s from validate to the first beat and for those over their
-- unbilled allowance, else 130 s, because browsers throttle hidden tabs to one timer a minute.
create function lease_ms(s sessions) returns bigint
language sql immutable parallel safe
as $$ select case when s.is_first_beat_due or s.is_lease_short then 45000 else 130000 end::bigint $$;

-- What was served since the last beat: at most the lease and the time that was paid for; nothing after a final beat.
create function served_ms(s sessions, p_at timestamptz) returns bigint
language sql immutable parallel safe
as $$
  select case when s.status <> 'active' or s.is_final then 0
    else greatest(0, least(ms_between(s.last_beat_at, p_at), lease_ms(s), s.duration_ms - s.used_ms)) end
$$;

-- What a gap since the last beat counts. `p_active_ms` is what the SDK saw pass, null when nobody says.
create function counted_ms(s sessions, p_at timestamptz, p_active_ms bigint) returns bigint
language sql immutable parallel safe
as $$
  select case when s.status <> 'active' then 0 else greatest(0, least(
    s.duration_ms - s.used_ms,
    case
      -- A page that said goodbye and is back within 30 s navigated; else it was away.
      when s.is_final then
        case when ms_between(s.last_beat_at, p_at) <= 30000 then ms_between(s.last_beat_at, p_at) else 0 end
      when s.is_lease_short then least(ms_between(s.last_beat_at, p_at), 45000)
      when ms_between(s.last_beat_at, p_at) <= 45000 then ms_between(s.last_beat_at, p_at)
      else least(
        lease_ms(s),
        case when ms_between(s.last_beat_at, p_at) <= 130000
          then least(ms_between(s.last_beat_at, p_at), coalesce(p_active_ms, ms_between(s.last_beat_at, p_at)))
          else coalesce(p_active_ms, 0) end)
    end)) end
$$;

-- Why the session is over at that instant, although nobody has settled it yet; null while it is not.
create function over_reason(s sessions, p_at timestamptz) returns text
language sql immutable parallel safe
as $$
  select case s.status
    when 'pending' then
      case when p_at >= s.launch_expires_at + interval '5 minutes' or p_at >= s.created_at + interval '24 hours'
        then 'cancelled' end
    when 'active' then
      case
        when s.used_ms >= s.duration_ms then 'expired'
        -- Paid time ran out within the lease, and the beat at zero did not come.
        when not s.is_final and s.duration_ms - s.used_ms <= lease_ms(s)
          and ms_between(s.last_beat_at, p_at) > lease_ms(s) then 'expired'
        when p_at >= s.created_at + interval '24 hours' then 'expired'
        when ms_between(s.last_beat_at, p_at) > 1800000 then 'abandoned'
      end
    when 'paused' then
      case
        when p_at >= s.created_at + interval '24 hours' then 'expired'
        when s.paused_ms + ms_between(s.paused_at, p_at) > 1800000 then 'abandoned'
      end
  end
$$;

-- The earliest instant after p_at at which over_reason can speak, whatever beats come until then: a beat counts at most
-- 130 s of the past, and after it what is left shrinks no faster than the clock runs.
create function next_sweep_at(s sessions, p_at timestamptz) returns timestamptz
language sql immutable parallel safe
as $$
  select least(
    s.created_at + interval '24 hours',
    case s.status
      when 'pending' then s.launch_expires_at + interval '5 minutes'
      when 'active' then least(
        s.last_beat_at + 1800001 * interval '1 millisecond',
        case when not s.is_final and s.duration_ms - s.used_ms <= lease_ms(s)
          then s.last_beat_at + (lease_ms(s) + 1) * interval '1 millisecond'
          else p_at + greatest(s.duration_ms - s.used_ms - 130000, 45001) * interval '1 millisecond' end)
      when 'paused' then s.paused_at + (1800001 - s.paused_ms) * interval '1 millisecond'
    end)
$$;

-- A lower bound for a session that starts to run: too early costs one look, too late would leave it unsettled.
create function running_sweep_at(p_at timestamptz, p_remaining_ms bigint) returns timestamptz
language sql immutable parallel safe
as $$ select p_at + least(1800001, greatest(p_remaining_ms, 45001)) * interval '1 millisecond' $$;
