-- What was sent in the last hour to addresses that nobody confirmed, so that whoever types a stranger's fills no mailbox. No
-- address, only its hash.
create table unconfirmed_mails (
  tenant_id text not null default current_tenant(),
  id uuid not null default gen_random_uuid(),
  email_hash bytea not null,
  kind text not null,
  sent_at timestamptz not null,
  primary key (tenant_id, id)
);
create index unconfirmed_mails_by_address on unconfirmed_mails (tenant_id, email_hash, kind, sent_at);
create index unconfirmed_mails_by_age on unconfirmed_mails (sent_at);

alter table unconfirmed_mails enable row level security;
create policy tenant_sees_its_own on unconfirmed_mails to tm_app
  using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
create policy batches_see_all on unconfirmed_mails to tm_batch using (true) with check (true);
grant select, insert, delete on unconfirmed_mails to tm_app, tm_batch;
