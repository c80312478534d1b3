-- Access tokens issued until here are void: set when somebody takes an account back from whoever else may be in it.
-- A sign-out of one's own lets them run out, within fifteen minutes.
alter table users add column signed_out_at timestamptz;
create index users_signed_out on users (signed_out_at) where signed_out_at is not null;
