-- What a person proved and asked for. An address that is not verified blocks payouts and nothing else.
alter table users
  add column email_verified_at timestamptz,
  -- The address somebody wants to change to; it becomes theirs when its link is opened.
  add column pending_email text,
  add column pending_email_normalized text,
  -- Anonymised: the ledger keeps its lines, and nothing says whose they were.
  add column deleted_at timestamptz,
  -- Read where the user is read anyway, so that those without limits cost nothing.
  add column has_spending_limits boolean not null default false,
  add constraint pending_email_is_whole check ((pending_email is null) = (pending_email_normalized is null));

-- A family is a sign-in: when it began and with what, copied along each rotation because old rows are forgotten.
alter table refresh_tokens add column signed_in_at timestamptz, add column user_agent text;
update refresh_tokens t set signed_in_at = (
  select min(f.created_at) from refresh_tokens f where f.tenant_id = t.tenant_id and f.family_id = t.family_id
);
alter table refresh_tokens alter column signed_in_at set not null;

-- Links in mails: each works once, and only for the address it was sent to. 256 random bits, so a plain hash.
create table mailed_links (
  tenant_id text not null default current_tenant(),
  token_hash bytea not null,
  purpose text not null,
  user_id text not null,
  email_normalized text not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz,
  primary key (tenant_id, token_hash),
  constraint mailed_link_has_user foreign key (tenant_id, user_id) references users (tenant_id, id),
  constraint mailed_link_purpose_is_known check (purpose in ('verify_email', 'reset_password'))
);
create index mailed_links_by_user on mailed_links (tenant_id, user_id, purpose, created_at);
create index mailed_links_by_age on mailed_links (expires_at);

-- What a user allows themselves. Checked under the wallet's lock.
create table spending_limits (
  tenant_id text not null default current_tenant(),
  user_id text not null,
  per_day_tokens bigint,
  low_balance_tokens bigint,
  -- Set with the notice, cleared when the balance is above the threshold again.
  low_balance_noticed_at timestamptz,
  primary key (tenant_id, user_id),
  constraint spending_limit_has_user foreign key (tenant_id, user_id) references users (tenant_id, id),
  constraint spending_limits_are_not_negative check (per_day_tokens >= 0 and low_balance_tokens >= 0)
);
create index spending_limits_with_notice on spending_limits (tenant_id, user_id) where low_balance_tokens is not null;

create table provider_spending_limits (
  tenant_id text not null default current_tenant(),
  user_id text not null,
  provider_id text not null,
  per_day_tokens bigint not null,
  primary key (tenant_id, user_id, provider_id),
  constraint provider_spending_limit_has_user foreign key (tenant_id, user_id) references users (tenant_id, id),
  constraint provider_spending_limit_has_provider
    foreign key (tenant_id, provider_id) references providers (tenant_id, id),
  constraint provider_spending_limit_is_not_negative check (per_day_tokens >= 0)
);

-- The list price on the day of the purchase, for its receipt. Null on older ones.
alter table purchases add column token_price_cents bigint;

do $$
declare
  t text;
begin
  foreach t in array array['mailed_links', 'spending_limits', 'provider_spending_limits'] loop
    execute format('alter table %I enable row level security', t);
    execute format(
      'create policy tenant_sees_its_own on %I to tm_app using (tenant_id = current_tenant()) with check (tenant_id = current_tenant())', t);
    execute format('create policy batches_see_all on %I to tm_batch using (true) with check (true)', t);
    execute format('grant select, insert, update, delete on %I to tm_app, tm_batch', t);
  end loop;
end
$$;
