-- Who did what: everything an operator, an owner or a key does, written in the transaction that does it.
create table audit_entries (
  tenant_id text not null default current_tenant(),
  id text not null,
  actor_kind text not null,
  -- usr_…, key_…, or the name of a command.
  actor_id text not null,
  action text not null,
  -- What it was done to; null where it is a search.
  subject_id text,
  before jsonb,
  after jsonb,
  reason text,
  request_id text,
  address text,
  created_at timestamptz not null,
  primary key (tenant_id, id),
  constraint audit_actor_is_known check (actor_kind in ('operator', 'owner', 'key', 'system'))
);
create index audit_entries_by_subject on audit_entries (tenant_id, subject_id, id) where subject_id is not null;
create index audit_entries_by_actor on audit_entries (tenant_id, actor_id, id);

-- What waits to be chained. Chaining inside the causing transaction would make all of them queue for one lock.
create table audit_unchained (
  tenant_id text not null default current_tenant(),
  entry_id text not null,
  primary key (tenant_id, entry_id)
);

-- One chain for the platform: each link's hash covers its entry and the hash before. Keyed, so that whoever can write
-- to the database and to nothing else cannot forge one.
create table audit_links (
  sequence bigint primary key,
  tenant_id text not null,
  entry_id text not null,
  hash bytea not null,
  chained_at timestamptz not null,
  constraint audit_entry_is_linked_once unique (tenant_id, entry_id),
  constraint audit_links_begin_at_one check (sequence >= 1)
);

create trigger audit_entries_are_append_only before update or delete on audit_entries
  for each row execute function refuse_change();
create trigger audit_entries_are_not_truncated before truncate on audit_entries
  for each statement execute function refuse_change();
create trigger audit_links_are_append_only before update or delete on audit_links
  for each row execute function refuse_change();
create trigger audit_links_are_not_truncated before truncate on audit_links
  for each statement execute function refuse_change();

alter table audit_entries enable row level security;
alter table audit_unchained enable row level security;
alter table audit_links enable row level security;
create policy tenant_sees_its_own on audit_entries to tm_app
  using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
create policy batches_see_all on audit_entries to tm_batch using (true) with check (true);
create policy tenant_adds_its_own on audit_unchained for insert to tm_app with check (tenant_id = current_tenant());
create policy batches_see_all on audit_unchained to tm_batch using (true) with check (true);
create policy tenant_sees_its_own on audit_links for select to tm_app using (tenant_id = current_tenant());
create policy batches_see_all on audit_links to tm_batch using (true) with check (true);
grant select, insert on audit_entries to tm_app, tm_batch;
grant insert on audit_unchained to tm_app;
grant select, insert, delete on audit_unchained to tm_batch;
grant select on audit_links to tm_app;
grant select, insert on audit_links to tm_batch;

-- The text a link's hash is made of. The same row gives the same text on every server and in every time zone.
create function audit_text(e audit_entries) returns text
language sql stable parallel safe
as $$
  select jsonb_build_array(
    e.tenant_id, e.id, e.actor_kind, e.actor_id, e.action, e.subject_id, e.before, e.after, e.reason, e.request_id,
    e.address, to_char(e.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
  )::text
$$;
