-- The launch by which its client holds a session. A later one takes it over when it is shown, not when it is made: until then whoever
-- holds it may ask again.
alter table sessions add column held_jti text;
update sessions set held_jti = launch_jti where launch_spent_by is not null and ended_at is null;
grant update (held_jti) on sessions to tm_app, tm_batch;
