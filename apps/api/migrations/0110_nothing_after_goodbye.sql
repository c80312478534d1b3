-- After a final beat nothing is served. Within 30 s the SDK's next beat says that it was a navigation, and then the gap
-- counts; an ending, a pause or another client says nothing of the kind.
create or replace function unvouched_ms(s sessions, p_at timestamptz) returns bigint
language sql immutable parallel safe
as $$
  select case
    when s.is_final then 0
    when s.is_lease_short or ms_between(s.last_beat_at, p_at) <= 45000 then counted_ms(s, p_at, null)
    else 0
  end
$$;
