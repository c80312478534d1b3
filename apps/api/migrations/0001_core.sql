-- Roles. The connecting user owns the tables and runs migrations; requests run as tm_app, which row level
-- security binds to one tenant; set-based batches, the sweeper and jobs run as tm_batch, which sees all
-- tenants and therefore joins on (tenant_id, id). Roles belong to the cluster, so they may exist already.
do $$
declare
  r text;
begin
  foreach r in array array['tm_app', 'tm_batch'] loop
    if not exists (select from pg_roles where rolname = r) then
      begin
        execute format('create role %I nologin', r);
      exception when duplicate_object or unique_violation then null;
      end;
    end if;
    if not pg_has_role(current_user, r, 'member') then
      execute format('grant %I to %I', r, current_user);
    end if;
  end loop;
end
$$;

grant usage on schema public to tm_app, tm_batch;

-- The tenant of the running transaction. Fails loudly when none was set: no tenant, no rows, no default.
create function current_tenant() returns text
language sql stable parallel safe
as $$ select current_setting('app.tenant_id') $$;

create table tenants (
  id text primary key,
  slug text not null,
  name text not null,
  created_at timestamptz not null default now(),
  constraint tenant_slug_is_unique unique (slug)
);

insert into tenants (id, slug, name)
values ('ten_00000000000000000000000000', 'public', 'Open marketplace');

-- ---------------------------------------------------------------- accounts of people

create table users (
  tenant_id text not null default current_tenant() references tenants (id),
  id text not null,
  email text not null,
  email_normalized text not null,
  display_name text,
  password_hash text not null,
  is_operator boolean not null default false,
  -- Mixed into every userRef, so that two providers cannot match their users.
  reference_salt bytea not null,
  created_at timestamptz not null,
  primary key (tenant_id, id),
  constraint email_is_unique unique (tenant_id, email_normalized)
);

-- A family is one sign-in; rotation adds a row, reuse of a rotated one revokes the family.
create table refresh_tokens (
  tenant_id text not null default current_tenant(),
  token_hash bytea not null,
  family_id text not null,
  user_id text not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  rotated_at timestamptz,
  revoked_at timestamptz,
  primary key (tenant_id, token_hash),
  constraint refresh_token_has_user foreign key (tenant_id, user_id) references users (tenant_id, id)
);
create index refresh_tokens_by_family on refresh_tokens (tenant_id, family_id);
create index refresh_tokens_by_user on refresh_tokens (tenant_id, user_id);

-- Signing keys belong to the platform, not to a tenant: one issuer, one key set.
create table signing_keys (
  kid text primary key,
  public_jwk jsonb not null,
  private_jwk_encrypted bytea not null,
  created_at timestamptz not null,
  -- Published at once, signs from here on: caches of the key set learn a key before they meet it.
  signs_from timestamptz not null,
  -- Published until here. Null while it may still sign.
  published_until timestamptz
);

-- ---------------------------------------------------------------- providers

create table providers (
  tenant_id text not null default current_tenant() references tenants (id),
  id text not null,
  owner_id text not null,
  name text not null,
  description text not null,
  category text not null,
  icon_url text,
  launch_url text not null,
  -- Where the launch JWT travels: in the query, or in the fragment, which never reaches a server's log.
  launch_in_fragment boolean not null default false,
  allowed_origins text[] not null,
  tokens_per_minute integer not null,
  status text not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (tenant_id, id),
  constraint provider_has_owner foreign key (tenant_id, owner_id) references users (tenant_id, id),
  constraint provider_status_is_known check (status in ('draft', 'in_review', 'listed', 'suspended')),
  constraint price_within_bounds check (tokens_per_minute between 0 and 10000)
);
create index providers_by_owner on providers (tenant_id, owner_id, id);
create index providers_listed on providers (tenant_id, id) where status = 'listed';
create index providers_by_origin on providers using gin (allowed_origins) where status = 'listed';

-- ---------------------------------------------------------------- ledger

-- What a user has. `posted` changes only together with a transfer, `held` only together with a hold.
-- `sequence` numbers the wallet's transfers without a gap, so that a running balance can be shown and checked.
create table wallets (
  tenant_id text not null default current_tenant() references tenants (id),
  id text not null,
  posted bigint not null default 0,
  held bigint not null default 0,
  -- Owed after a refund of tokens that were already spent. Paid from whatever becomes available.
  debt bigint not null default 0,
  sequence bigint not null default 0,
  primary key (tenant_id, id),
  constraint held_within_posted check (posted >= held and held >= 0),
  constraint debt_leaves_nothing_to_spend check (debt = 0 or (debt > 0 and posted = held)),
  constraint posted_is_a_safe_integer check (posted <= 9007199254740991)
);

create table holds (
  tenant_id text not null default current_tenant(),
  id text not null,
  wallet_id text not null,
  -- What the tokens are held for; the ledger does not know what that is.
  reference text not null,
  amount bigint not null,
  captured bigint not null default 0,
  released bigint not null default 0,
  resolution text,
  created_at timestamptz not null,
  resolved_at timestamptz,
  primary key (tenant_id, id),
  constraint hold_has_wallet foreign key (tenant_id, wallet_id) references wallets (tenant_id, id),
  constraint hold_is_positive check (amount > 0),
  constraint resolution_is_known check (resolution in ('captured', 'released')),
  constraint hold_is_open_or_fully_accounted_for check (
    (resolution is null and captured = 0 and released = 0 and resolved_at is null)
    or (resolution is not null and captured >= 0 and released >= 0
        and captured + released = amount and resolved_at is not null)
  )
);
create index holds_by_reference on holds (tenant_id, reference);
create index holds_open_by_wallet on holds (tenant_id, wallet_id) where resolution is null;

-- One row is one double entry: it names the account it debits and the account it credits, so half a
-- movement cannot be written and all entries sum to zero by construction. An account is named by its owner's
-- id (usr_… wallet, debt:usr_… what that user owes, prv_… earnings) or is one of the platform's own
-- (stripe_clearing, refunds, promotions, platform_fee, payouts).
create table transfers (
  tenant_id text not null default current_tenant(),
  id text not null,
  kind text not null,
  debit_account_id text not null,
  credit_account_id text not null,
  amount bigint not null,
  -- Only where that side is a wallet: its number in the wallet and the balance it left.
  debit_sequence bigint,
  debit_balance_after bigint,
  credit_sequence bigint,
  credit_balance_after bigint,
  session_id text,
  purchase_id text,
  reverses_id text,
  description text not null,
  created_at timestamptz not null,
  -- Which transactions a roll-up has surely seen.
  written_by xid8 not null default pg_current_xact_id(),
  primary key (tenant_id, id),
  constraint transfer_is_positive check (amount > 0),
  constraint transfer_moves_between_two_accounts check (debit_account_id <> credit_account_id),
  constraint transfer_kind_is_known check (kind in (
    'purchase', 'charge', 'fee', 'refund', 'dispute', 'dispute_won', 'debt', 'debt_repaid', 'promotion', 'payout', 'correction'
  )),
  constraint correction_names_what_it_reverses check (
    kind not in ('refund', 'dispute', 'dispute_won', 'debt', 'correction') or reverses_id is not null
  ),
  constraint debit_side_is_a_wallet_or_not check (
    (debit_account_id like 'usr\_%') = (debit_sequence is not null)
    and (debit_sequence is null) = (debit_balance_after is null)
  ),
  constraint credit_side_is_a_wallet_or_not check (
    (credit_account_id like 'usr\_%') = (credit_sequence is not null)
    and (credit_sequence is null) = (credit_balance_after is null)
  )
);
create unique index transfers_out_of_wallet on transfers (tenant_id, debit_account_id, debit_sequence)
  where debit_sequence is not null;
create unique index transfers_into_wallet on transfers (tenant_id, credit_account_id, credit_sequence)
  where credit_sequence is not null;
create index transfers_by_session on transfers (tenant_id, session_id) where session_id is not null;
create index transfers_by_purchase on transfers (tenant_id, purchase_id) where purchase_id is not null;
-- Provider and platform accounts are summed from here, behind the roll-up's watermark.
create index transfers_debiting on transfers (tenant_id, debit_account_id, written_by) where debit_sequence is null;
create index transfers_crediting on transfers (tenant_id, credit_account_id, written_by) where credit_sequence is null;

-- Balances of hot accounts up to a transaction that every reader sees; the rest is summed on read.
create table account_rollups (
  tenant_id text not null default current_tenant(),
  account_id text not null,
  balance bigint not null,
  written_before xid8 not null,
  primary key (tenant_id, account_id)
);

create function refuse_change() returns trigger
language plpgsql
as $$
begin
  raise exception '% is append-only: % refused', tg_table_name, tg_op using errcode = 'restrict_violation';
end
$$;
create trigger transfers_are_append_only before update or delete on transfers
  for each row execute function refuse_change();
create trigger transfers_are_not_truncated before truncate on transfers
  for each statement execute function refuse_change();
create trigger holds_are_not_deleted before delete on holds
  for each row execute function refuse_change();

-- ---------------------------------------------------------------- purchases

create table purchases (
  tenant_id text not null default current_tenant(),
  id text not null,
  user_id text not null,
  status text not null,
  tokens bigint not null,
  amount_cents bigint not null,
  currency text not null,
  discount_percent integer not null,
  checkout_url text,
  checkout_session_id text,
  payment_intent_id text,
  refunded_cents bigint not null default 0,
  is_disputed boolean not null default false,
  -- Tokens taken back so far, or recorded as debt; never more than were credited.
  reversed_tokens bigint not null default 0,
  created_at timestamptz not null,
  paid_at timestamptz,
  primary key (tenant_id, id),
  constraint purchase_has_user foreign key (tenant_id, user_id) references users (tenant_id, id),
  constraint purchase_status_is_known check (status in ('pending', 'paid', 'failed', 'refunded', 'disputed')),
  constraint reversed_within_credited check (reversed_tokens between 0 and tokens),
  constraint refunded_within_paid check (refunded_cents between 0 and amount_cents)
);
create index purchases_by_user on purchases (tenant_id, user_id, id);
create index purchases_by_payment_intent on purchases (tenant_id, payment_intent_id)
  where payment_intent_id is not null;

-- Every validly signed event, once. Unmatched ones wait for the purchase they speak of.
create table stripe_events (
  id text primary key,
  type text not null,
  payment_intent_id text,
  outcome text not null,
  payload jsonb not null,
  received_at timestamptz not null,
  constraint outcome_is_known check (outcome in ('applied', 'ignored', 'refused', 'unmatched'))
);
create index stripe_events_unmatched on stripe_events (payment_intent_id) where outcome = 'unmatched';

-- ---------------------------------------------------------------- sessions

-- A beat updates used_ms, last_beat_at, sequence, is_final, is_first_beat_due and unbilled_ms, none of which
-- carries an index; with room on the page the update stays on it (HOT).
create table sessions (
  tenant_id text not null default current_tenant(),
  id text not null,
  user_id text not null,
  provider_id text not null,
  user_ref text not null,
  is_test boolean not null default false,
  status text not null,
  end_reason text,
  duration_ms bigint not null,
  used_ms bigint not null default 0,
  unbilled_ms bigint not null default 0,
  tokens_per_minute integer not null,
  fee_basis_points integer not null,
  tokens_held bigint not null,
  tokens_charged bigint,
  -- The launch JWT that may still be spent, or was, and by whom.
  launch_jti text not null,
  launch_expires_at timestamptz not null,
  launch_spent_by text,
  -- The client that holds the session, and the last number accepted from it.
  client_id text,
  sequence bigint not null default 0,
  last_beat_at timestamptz,
  is_first_beat_due boolean not null default false,
  is_final boolean not null default false,
  is_lease_short boolean not null default false,
  paused_at timestamptz,
  paused_ms bigint not null default 0,
  is_paused_by_user boolean not null default false,
  event_sequence integer not null default 0,
  created_at timestamptz not null,
  started_at timestamptz,
  ended_at timestamptz,
  primary key (tenant_id, id),
  constraint session_has_user foreign key (tenant_id, user_id) references users (tenant_id, id),
  constraint session_has_provider foreign key (tenant_id, provider_id) references providers (tenant_id, id),
  constraint session_status_is_known check (status in ('pending', 'active', 'paused', 'ended')),
  constraint end_reason_is_known check (
    end_reason in ('completed', 'expired', 'abandoned', 'cancelled', 'revoked')
  ),
  constraint ended_sessions_say_why check (
    (status = 'ended') = (end_reason is not null)
    and (status = 'ended') = (ended_at is not null)
    and (status = 'ended') = (tokens_charged is not null)
  ),
  constraint used_within_duration check (used_ms between 0 and duration_ms),
  constraint charged_within_held check (tokens_charged <= tokens_held),
  constraint paused_sessions_say_since_when check ((status = 'paused') = (paused_at is not null))
) with (fillfactor = 70);
create index sessions_by_user on sessions (tenant_id, user_id, id);
create index sessions_by_provider on sessions (tenant_id, provider_id, id);
-- What the sweeper looks at: only what has not ended.
create index sessions_not_ended on sessions (tenant_id, id) where status <> 'ended';

-- Served but not billed, per user and provider and hour; the sum of 24 hours decides on the length of a lease.
create table unbilled_time (
  tenant_id text not null default current_tenant(),
  user_id text not null,
  provider_id text not null,
  hour timestamptz not null,
  unbilled_ms bigint not null,
  primary key (tenant_id, user_id, provider_id, hour)
);

-- ---------------------------------------------------------------- events
-- What happened, written in the transaction that caused it. Numbered per subject, with a full snapshot, so that
-- the order of delivery does not matter.
create table events (
  tenant_id text not null default current_tenant(),
  id text not null,
  type text not null,
  provider_id text not null,
  session_id text,
  sequence integer not null,
  snapshot jsonb not null,
  created_at timestamptz not null,
  primary key (tenant_id, id)
);
create index events_by_session on events (tenant_id, session_id, sequence) where session_id is not null;
create index events_by_provider on events (tenant_id, provider_id, id);

-- ---------------------------------------------------------------- idempotency
create table idempotency_keys (
  tenant_id text not null default current_tenant(),
  caller text not null,
  route text not null,
  key text not null,
  request_hash bytea not null,
  -- Null while the first request runs.
  status integer,
  answer_encrypted bytea,
  created_at timestamptz not null,
  primary key (tenant_id, caller, route, key)
);
create index idempotency_keys_by_age on idempotency_keys (created_at);

-- ---------------------------------------------------------------- who may do what

do $$
declare
  t text;
begin
  foreach t in array array[
    'users', 'refresh_tokens', 'providers', 'wallets', 'holds', 'transfers', 'account_rollups', 'purchases',
    'sessions', 'unbilled_time', 'events', 'idempotency_keys'
  ] loop
    execute format('alter table %I enable row level security', t);
    execute format(
      'create policy tenant_sees_its_own on %I to tm_app using (tenant_id = current_tenant()) with check (tenant_id = current_tenant())', t);
    execute format('create policy batches_see_all on %I to tm_batch using (true) with check (true)', t);
  end loop;
end
$$;

grant select on tenants to tm_app, tm_batch;
grant select, insert, update on users, refresh_tokens, providers, purchases, sessions, unbilled_time to tm_app, tm_batch;
grant select, insert, update (posted, held, debt, sequence) on wallets to tm_app, tm_batch;
grant select, insert, update (captured, released, resolution, resolved_at) on holds to tm_app, tm_batch;
grant select, insert on transfers, events to tm_app, tm_batch;
grant select on account_rollups to tm_app;
grant select, insert, update on account_rollups to tm_batch;
grant select, insert, update, delete on idempotency_keys to tm_app, tm_batch;
grant select, insert, update on signing_keys, stripe_events to tm_batch;
grant delete on refresh_tokens, unbilled_time to tm_batch;
