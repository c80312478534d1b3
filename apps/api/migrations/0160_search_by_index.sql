-- A search of the catalogue read every listed provider: `like` may not look at a row before row level security has, so no index
-- helped it. From here on it reads about what it returns.

-- Every run of one, two and three characters of a text, and the category, each behind its tenant: the index is one tenant's.
-- Our own and not `pg_trgm`'s: that has no runs shorter than three, which is a word in Chinese, and knows no letters but ASCII
-- in databases whose character type is C. Nobody searches for a space, or across one. Lower case is the database's, on both sides.
create function catalogue_keys(p_tenant_id text, p_category text, p_text text) returns text[]
language sql immutable strict parallel safe cost 10000
as $$
  select array_agg(distinct p_tenant_id || ':' || substr(word, n, characters)) || (p_tenant_id || '=' || p_category)
  from string_to_table(translate(p_text, E'\n', ' '), ' ') word
  cross join lateral generate_series(1, char_length(word)) n
  cross join generate_series(1, 3) characters
  where n + characters - 1 <= char_length(word)
$$;

-- Without a list of what is still to be sorted in: each search would read it.
create index providers_by_text on providers
  using gin (catalogue_keys(tenant_id, category, lower(name || ' ' || category || ' ' || description)))
  with (fastupdate = off) where status = 'listed';
-- Made for 30,000 rows they would take ten seconds of every `analyze`, and no plan here asks for them.
alter index providers_by_text alter column 1 set statistics 0;

-- Sees all tenants, so that the index may be used, and nothing but providers. Nobody logs in as it; it owns one function.
do $$
begin
  if not exists (select from pg_roles where rolname = 'tm_catalogue') then
    begin
      create role tm_catalogue nologin;
    exception when duplicate_object or unique_violation then null;
    end;
  end if;
  if not pg_has_role(current_user, 'tm_catalogue', 'usage') then
    execute format('grant tm_catalogue to %I', current_user);
  end if;
end
$$;
grant usage on schema public to tm_catalogue;
grant select (tenant_id, id, name, category, description, status) on providers to tm_catalogue;
create policy catalogue_sees_all on providers for select to tm_catalogue using (true);

-- The ids of a page of listed providers in which every word stands, newest first; of the tenant the caller is bound to.
--
-- What many have is found among the newest, so a hundred of them are looked at first. What few have is read from the index, up
-- to a thousand of it, and sorted. What is neither is looked for along the newest again: of N providers more than a
-- thousand match, so a page of 20 is full after about N / 50. Each plan is made for its values, or the category's index
-- would not be used, and none sorts what an index has in order.
create function search_catalogue(p_words text[], p_category text, p_after text, p_limit integer) returns setof text
language plpgsql stable security definer
set search_path = pg_catalog, public, pg_temp
set plan_cache_mode = force_custom_plan
set enable_seqscan = off
set enable_sort = off
as $$
declare
  newest_max constant integer := 100;
  few_max constant integer := 1000;
  tenant text := current_tenant();
  words text[] := array(select lower(word) from unnest(p_words) word);
  patterns text[] := array(select '%' || regexp_replace(word, '([\\%_])', '\\\1', 'g') || '%' from unnest(words) word);
  keys text[];
  looked integer := 0;
  found_so_far integer := 0;
  few text[];
  item record;
begin
  for item in
    select p.id, lower(p.name || ' ' || p.category || ' ' || p.description) like all (patterns) as is_match
    from providers p
    where p.tenant_id = tenant and p.status = 'listed'
      and (p_after is null or p.id < p_after) and (p_category is null or p.category = p_category)
    order by p.id desc limit newest_max
  loop
    looked := looked + 1;
    p_after := item.id;
    if item.is_match then
      found_so_far := found_so_far + 1;
      return next item.id;
      if found_so_far = p_limit then
        return;
      end if;
    end if;
  end loop;
  if looked < newest_max then
    return;
  end if;

  keys := array(
    select tenant || ':' || substr(word, n, 3)
    from unnest(words) word cross join lateral generate_series(1, greatest(1, char_length(word) - 2)) n
    union
    select tenant || '=' || p_category where p_category is not null
  );
  few := array(
    select p.id
    from providers p
    where catalogue_keys(p.tenant_id, p.category, lower(p.name || ' ' || p.category || ' ' || p.description)) @> keys
      and p.status = 'listed' and p.tenant_id = tenant and p.id < p_after
      and lower(p.name || ' ' || p.category || ' ' || p.description) like all (patterns)
    limit few_max + 1
  );
  if cardinality(few) <= few_max then
    return query select id from unnest(few) id order by id desc limit p_limit - found_so_far;
    return;
  end if;

  return query
  select p.id
  from providers p
  where p.tenant_id = tenant and p.status = 'listed' and p.id < p_after
    and (p_category is null or p.category = p_category)
    and lower(p.name || ' ' || p.category || ' ' || p.description) like all (patterns)
  order by p.id desc limit p_limit - found_so_far;
end
$$;
revoke execute on function search_catalogue from public;
grant execute on function current_tenant to tm_catalogue;
grant create on schema public to tm_catalogue;
alter function search_catalogue owner to tm_catalogue;
revoke create on schema public from tm_catalogue;
grant execute on function search_catalogue to tm_app;
