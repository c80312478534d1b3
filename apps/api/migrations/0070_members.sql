-- Who else works on a provider. Its primary owner is `providers.owner_id` and needs no row here: there is always one,
-- whatever happens to the others.
create table provider_members (
  tenant_id text not null default current_tenant(),
  provider_id text not null,
  user_id text not null,
  role text not null,
  created_at timestamptz not null,
  primary key (tenant_id, provider_id, user_id),
  constraint member_has_provider foreign key (tenant_id, provider_id) references providers (tenant_id, id),
  constraint member_has_user foreign key (tenant_id, user_id) references users (tenant_id, id),
  constraint member_role_is_known check (role in ('owner', 'developer', 'viewer'))
);
create index provider_members_by_user on provider_members (tenant_id, user_id, provider_id);

-- Accepting, revoking and forgetting delete the row: nobody's address is kept for longer than it is needed.
create table provider_invitations (
  tenant_id text not null default current_tenant(),
  id text not null,
  provider_id text not null,
  email text not null,
  email_normalized text not null,
  role text not null,
  invited_by text not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  -- Null until a message has left; sending again makes the link before it worthless.
  token_hash bytea,
  last_sent_at timestamptz,
  primary key (tenant_id, id),
  constraint invitation_has_provider foreign key (tenant_id, provider_id) references providers (tenant_id, id),
  constraint invitation_role_is_known check (role in ('owner', 'developer', 'viewer')),
  constraint address_is_invited_once unique (tenant_id, provider_id, email_normalized)
);
create unique index provider_invitations_by_token on provider_invitations (tenant_id, token_hash);
create index provider_invitations_by_age on provider_invitations (expires_at);
create index provider_invitations_by_address on provider_invitations (tenant_id, email_normalized);

-- What was asked to be sent in the last day, so that revoking and inviting again fills nobody's mailbox. No address,
-- only its hash.
create table invitation_mails (
  tenant_id text not null default current_tenant(),
  provider_id text not null,
  email_hash bytea not null,
  asked_at timestamptz not null
);
create index invitation_mails_by_address on invitation_mails (tenant_id, email_hash, asked_at);
create index invitation_mails_by_provider on invitation_mails (tenant_id, provider_id, asked_at);
create index invitation_mails_by_age on invitation_mails (asked_at);

do $$
declare
  t text;
begin
  foreach t in array array['provider_members', 'provider_invitations', 'invitation_mails'] loop
    execute format('alter table %I enable row level security', t);
    execute format(
      'create policy tenant_sees_its_own on %I to tm_app using (tenant_id = current_tenant()) with check (tenant_id = current_tenant())', t);
    execute format('create policy batches_see_all on %I to tm_batch using (true) with check (true)', t);
    execute format('grant select, insert, update, delete on %I to tm_app, tm_batch', t);
  end loop;
end
$$;
