-- The SHA-256 of the launch JWT that a session was opened with, until it is spent. An instance that did not sign it knows it by its
-- very bytes, and need not verify its signature. A session that was relaunched has none, nor has one that was opened before this.
alter table sessions add column launch_digest bytea;
grant update (launch_digest) on sessions to tm_app, tm_batch;
