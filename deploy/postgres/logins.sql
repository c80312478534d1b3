-- The logins of docs/operations/logins.md, as compose.yml has them made when it makes the database. In another one, as an
-- administrator, with the three passwords in the environment:
--   psql -v ON_ERROR_STOP=1 -d marketplace -f deploy/postgres/logins.sql
\getenv owner_password OWNER_PASSWORD
\getenv web_password WEB_PASSWORD
\getenv batch_password BATCH_PASSWORD
create role tm_app nologin;
create role tm_batch nologin;
create role tm_ledger nologin;
create role tm_catalogue nologin;
create role market_owner login password :'owner_password' in role tm_app, tm_batch, tm_ledger, tm_catalogue;
create role market_web login noinherit password :'web_password' in role tm_app;
create role market_batch login noinherit password :'batch_password' in role tm_batch;
do $$
begin
  execute format('alter database %I owner to market_owner', current_database());
  -- Later versions begin so.
  if current_setting('server_version_num')::integer < 150000 then
    alter schema public owner to market_owner;
    revoke create on schema public from public;
  end if;
end
$$;
