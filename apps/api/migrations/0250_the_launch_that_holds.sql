-- The launch by which its client holds a session. A later one takes it over when it is shown, not when it is made: until then whoever
-- holds it may ask again. Sessions that run already have none: theirs is void when a later one is made, as it was.
alter table sessions add column held_jti text;
grant update (held_jti) on sessions to tm_app, tm_batch;
