-- Since PostgreSQL 16 whoever makes a role without being a superuser may grant it, and not work as it: migrations went through,
-- and then every call was refused `set role tm_app`. Where logins of their own work as these two, and this one may not grant
-- them, nothing is missing.
do $$
declare
  r text;
begin
  foreach r in array array['tm_app', 'tm_batch'] loop
    if current_setting('server_version_num')::integer >= 160000 then
      if not pg_has_role(current_user, r, 'set') then
        begin
          execute format('grant %I to %I', r, current_user);
        exception when insufficient_privilege then null;
        end;
      end if;
    end if;
  end loop;
end
$$;
