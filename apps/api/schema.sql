-- Generated from the migrations by `npm run generate`. Read it, do not edit it.

-- roles

create role tm_app nologin;

create role tm_batch nologin;

create role tm_catalogue nologin;

create role tm_ledger nologin;

-- tables

create table public.account_rollups (
  tenant_id text not null default public.current_tenant(),
  account_id text not null,
  balance bigint not null,
  written_before xid8 not null,
  constraint account_rollups_pkey PRIMARY KEY (tenant_id, account_id)
);
alter table public.account_rollups enable row level security;

create table public.account_watermark (
  is_only_row boolean not null default true,
  written_before xid8 not null,
  constraint account_watermark_pkey PRIMARY KEY (is_only_row),
  constraint one_row CHECK (is_only_row)
);

create table public.activity_people (
  tenant_id text not null default public.current_tenant(),
  provider_id text not null,
  user_id text not null,
  number integer not null,
  first_came integer not null default 0,
  last_came integer not null default 0,
  first_test_came integer not null default 0,
  last_test_came integer not null default 0,
  constraint activity_people_pkey PRIMARY KEY (tenant_id, provider_id, user_id),
  constraint people_have_numbers_of_their_own UNIQUE (tenant_id, provider_id, number)
) with (fillfactor=85);
alter table public.activity_people enable row level security;

create table public.activity_progress (
  is_only_row boolean not null default true,
  rolled_until timestamp with time zone,
  constraint activity_progress_pkey PRIMARY KEY (is_only_row),
  constraint one_row CHECK (is_only_row)
);

create table public.activity_quarters (
  tenant_id text not null default public.current_tenant(),
  provider_id text not null,
  is_test boolean not null,
  quarter timestamp with time zone not null,
  opened integer not null,
  validated integer not null,
  completed integer not null,
  expired integer not null,
  abandoned integer not null,
  cancelled integer not null,
  revoked integer not null,
  used_ms bigint not null,
  gross bigint not null,
  fee bigint not null,
  people integer[] not null default '{}'::integer[],
  refunded bigint not null default 0,
  came_before integer[] not null default '{}'::integer[],
  first_came integer[] not null default '{}'::integer[],
  first_came_before integer[] not null default '{}'::integer[],
  constraint activity_quarters_pkey PRIMARY KEY (tenant_id, provider_id, is_test, quarter)
);
alter table public.activity_quarters enable row level security;

create table public.analytics_progress (
  what text not null,
  written_until timestamp with time zone,
  constraint analytics_progress_pkey PRIMARY KEY (what)
);

create table public.api_keys (
  tenant_id text not null default public.current_tenant(),
  id text not null,
  provider_id text not null,
  name text not null,
  scopes text[] not null,
  mode text not null,
  secret_hash bytea not null,
  secret_ending text not null,
  created_by text not null,
  created_at timestamp with time zone not null,
  last_used_at timestamp with time zone,
  expires_at timestamp with time zone,
  revoked_at timestamp with time zone,
  replaced_by_id text,
  constraint api_key_has_provider FOREIGN KEY (tenant_id, provider_id) REFERENCES public.providers(tenant_id, id),
  constraint api_key_mode_is_known CHECK ((mode = ANY (ARRAY['live'::text, 'test'::text]))),
  constraint api_key_secret_is_unique UNIQUE (secret_hash),
  constraint api_keys_pkey PRIMARY KEY (tenant_id, id)
);
alter table public.api_keys enable row level security;

create table public.audit_chain_keys (
  first_sequence bigint not null,
  key_sealed bytea not null,
  created_at timestamp with time zone not null,
  constraint audit_chain_keys_pkey PRIMARY KEY (first_sequence),
  constraint chain_keys_begin_at_one CHECK ((first_sequence >= 1))
);
alter table public.audit_chain_keys enable row level security;

create table public.audit_entries (
  tenant_id text not null default public.current_tenant(),
  id text not null,
  actor_kind text not null,
  actor_id text not null,
  action text not null,
  subject_id text,
  before jsonb,
  after jsonb,
  reason text,
  request_id text,
  address text,
  created_at timestamp with time zone not null,
  constraint audit_actor_is_known CHECK ((actor_kind = ANY (ARRAY['operator'::text, 'owner'::text, 'key'::text, 'system'::text]))),
  constraint audit_entries_pkey PRIMARY KEY (tenant_id, id)
);
alter table public.audit_entries enable row level security;

create table public.audit_links (
  sequence bigint not null,
  tenant_id text not null,
  entry_id text not null,
  hash bytea not null,
  chained_at timestamp with time zone not null,
  constraint audit_entry_is_linked_once UNIQUE (tenant_id, entry_id),
  constraint audit_links_begin_at_one CHECK ((sequence >= 1)),
  constraint audit_links_pkey PRIMARY KEY (sequence)
);
alter table public.audit_links enable row level security;

create table public.audit_unchained (
  tenant_id text not null default public.current_tenant(),
  entry_id text not null,
  constraint audit_unchained_pkey PRIMARY KEY (tenant_id, entry_id)
);
alter table public.audit_unchained enable row level security;

create table public.beat_batches (
  tenant_id text not null default public.current_tenant(),
  at timestamp with time zone not null,
  kind text not null,
  session_ids text[] not null,
  ats timestamp with time zone[] not null,
  sequences bigint[] not null,
  active_ms integer[] not null,
  counted_ms integer[] not null,
  unbilled_ms integer[] not null,
  finals boolean[] not null,
  origins integer[] not null,
  constraint beat_kind_is_known CHECK ((kind = ANY (ARRAY['beat'::text, 'pause'::text, 'resume'::text, 'takeover'::text, 'return'::text, 'again'::text, 'end'::text])))
) with (toast_tuple_target=8160, autovacuum_vacuum_scale_factor=0, autovacuum_vacuum_threshold=2000);
alter table public.beat_batches enable row level security;

create table public.events (
  tenant_id text not null default public.current_tenant(),
  id text not null,
  type text not null,
  provider_id text not null,
  session_id text,
  sequence integer not null,
  snapshot json not null,
  created_at timestamp with time zone not null,
  constraint events_pkey PRIMARY KEY (tenant_id, id)
);
alter table public.events enable row level security;

create table public.experiment_quarters (
  tenant_id text not null default public.current_tenant(),
  provider_id text not null,
  is_test boolean not null,
  quarter timestamp with time zone not null,
  experiment text not null,
  variant text not null,
  exposed integer not null,
  completed integer not null,
  used_ms bigint not null,
  gross bigint not null,
  constraint experiment_quarters_pkey PRIMARY KEY (tenant_id, provider_id, is_test, quarter, experiment, variant)
);
alter table public.experiment_quarters enable row level security;

create table public.exposures (
  tenant_id text not null default public.current_tenant(),
  session_id text not null,
  experiment text not null,
  variant text not null,
  created_at timestamp with time zone not null,
  constraint exposure_has_session FOREIGN KEY (tenant_id, session_id) REFERENCES public.sessions(tenant_id, id),
  constraint exposure_names_are_short CHECK ((((length(experiment) >= 1) AND (length(experiment) <= 64)) AND ((length(variant) >= 1) AND (length(variant) <= 64)))),
  constraint exposures_pkey PRIMARY KEY (tenant_id, session_id, experiment)
);
alter table public.exposures enable row level security;

create table public.holds (
  tenant_id text not null default public.current_tenant(),
  id text not null,
  wallet_id text not null,
  reference text not null,
  amount bigint not null,
  captured bigint not null default 0,
  released bigint not null default 0,
  resolution text,
  created_at timestamp with time zone not null,
  resolved_at timestamp with time zone,
  constraint hold_has_wallet FOREIGN KEY (tenant_id, wallet_id) REFERENCES public.wallets(tenant_id, id),
  constraint hold_is_open_or_fully_accounted_for CHECK ((((resolution IS NULL) AND (captured = 0) AND (released = 0) AND (resolved_at IS NULL)) OR ((resolution IS NOT NULL) AND (captured >= 0) AND (released >= 0) AND ((captured + released) = amount) AND (resolved_at IS NOT NULL)))),
  constraint hold_is_positive CHECK ((amount > 0)),
  constraint holds_pkey PRIMARY KEY (tenant_id, id),
  constraint resolution_is_known CHECK ((resolution = ANY (ARRAY['captured'::text, 'released'::text])))
) with (fillfactor=70);
alter table public.holds enable row level security;

create table public.idempotency_keys (
  tenant_id text not null default public.current_tenant(),
  caller text not null,
  route text not null,
  key text not null,
  request_hash bytea not null,
  status integer,
  answer_encrypted bytea,
  created_at timestamp with time zone not null,
  asking_until timestamp with time zone,
  constraint idempotency_keys_pkey PRIMARY KEY (tenant_id, caller, route, key)
);
alter table public.idempotency_keys enable row level security;

create table public.invitation_mails (
  tenant_id text not null default public.current_tenant(),
  provider_id text not null,
  email_hash bytea not null,
  asked_at timestamp with time zone not null
);
alter table public.invitation_mails enable row level security;

create table public.ledger_checks (
  id text not null,
  findings integer not null,
  transfers bigint not null,
  created_at timestamp with time zone not null,
  constraint ledger_checks_pkey PRIMARY KEY (id)
);

create table public.left_leases (
  tenant_id text not null default public.current_tenant(),
  session_id text not null,
  client_id text not null,
  left_at timestamp with time zone not null,
  user_id text not null,
  provider_id text not null,
  lease_ms bigint not null,
  shown_ms bigint,
  constraint left_lease_is_a_lease CHECK (((lease_ms > 0) AND (lease_ms <= 130000))),
  constraint left_leases_pkey PRIMARY KEY (tenant_id, session_id, client_id, left_at),
  constraint shown_within_lease CHECK (((shown_ms >= 0) AND (shown_ms <= lease_ms)))
);
alter table public.left_leases enable row level security;

create table public.listing_views (
  tenant_id text not null default public.current_tenant(),
  provider_id text not null,
  quarter timestamp with time zone not null,
  views integer not null,
  constraint listing_views_pkey PRIMARY KEY (tenant_id, provider_id, quarter),
  constraint views_are_positive CHECK ((views > 0))
);
alter table public.listing_views enable row level security;

create table public.mailed_links (
  tenant_id text not null default public.current_tenant(),
  token_hash bytea not null,
  purpose text not null,
  user_id text not null,
  email_normalized text not null,
  created_at timestamp with time zone not null,
  expires_at timestamp with time zone not null,
  used_at timestamp with time zone,
  constraint mailed_link_has_user FOREIGN KEY (tenant_id, user_id) REFERENCES public.users(tenant_id, id),
  constraint mailed_link_purpose_is_known CHECK ((purpose = ANY (ARRAY['verify_email'::text, 'reset_password'::text]))),
  constraint mailed_links_pkey PRIMARY KEY (tenant_id, token_hash)
);
alter table public.mailed_links enable row level security;

create table public.migrations (
  name text not null,
  checksum text not null,
  applied_at timestamp with time zone not null default now(),
  constraint migrations_pkey PRIMARY KEY (name)
);

create table public.outcome_quarters (
  tenant_id text not null default public.current_tenant(),
  provider_id text not null,
  is_test boolean not null,
  quarter timestamp with time zone not null,
  opened integer not null,
  validated integer not null,
  first_beat integer not null,
  completed integer not null,
  expired integer not null,
  abandoned integer not null,
  cancelled integer not null,
  revoked integer not null,
  never_validated integer not null,
  never_used integer not null,
  while_used integer not null,
  instantly_completed integer not null,
  constraint outcome_quarters_pkey PRIMARY KEY (tenant_id, provider_id, is_test, quarter)
);
alter table public.outcome_quarters enable row level security;

create table public.payouts (
  tenant_id text not null default public.current_tenant(),
  id text not null,
  provider_id text not null,
  status text not null default 'pending'::text,
  amount bigint not null,
  amount_cents bigint not null,
  currency text not null,
  reference text,
  transfer_id text,
  created_by text not null,
  created_at timestamp with time zone not null,
  settled_at timestamp with time zone,
  constraint paid_payouts_say_how CHECK ((((status = 'paid'::text) = (reference IS NOT NULL)) AND ((status = 'paid'::text) = (transfer_id IS NOT NULL)))),
  constraint payout_has_provider FOREIGN KEY (tenant_id, provider_id) REFERENCES public.providers(tenant_id, id),
  constraint payout_has_transfer FOREIGN KEY (tenant_id, transfer_id) REFERENCES public.transfers(tenant_id, id),
  constraint payout_is_positive CHECK ((amount > 0)),
  constraint payout_status_is_known CHECK ((status = ANY (ARRAY['pending'::text, 'paid'::text, 'cancelled'::text]))),
  constraint payouts_pkey PRIMARY KEY (tenant_id, id),
  constraint settled_payouts_say_when CHECK (((status = 'pending'::text) = (settled_at IS NULL)))
);
alter table public.payouts enable row level security;

create table public.provider_invitations (
  tenant_id text not null default public.current_tenant(),
  id text not null,
  provider_id text not null,
  email text not null,
  email_normalized text not null,
  role text not null,
  invited_by text not null,
  created_at timestamp with time zone not null,
  expires_at timestamp with time zone not null,
  token_hash bytea,
  last_sent_at timestamp with time zone,
  constraint address_is_invited_once UNIQUE (tenant_id, provider_id, email_normalized),
  constraint invitation_has_provider FOREIGN KEY (tenant_id, provider_id) REFERENCES public.providers(tenant_id, id),
  constraint invitation_role_is_known CHECK ((role = ANY (ARRAY['owner'::text, 'developer'::text, 'viewer'::text]))),
  constraint provider_invitations_pkey PRIMARY KEY (tenant_id, id)
);
alter table public.provider_invitations enable row level security;

create table public.provider_members (
  tenant_id text not null default public.current_tenant(),
  provider_id text not null,
  user_id text not null,
  role text not null,
  created_at timestamp with time zone not null,
  constraint member_has_provider FOREIGN KEY (tenant_id, provider_id) REFERENCES public.providers(tenant_id, id),
  constraint member_has_user FOREIGN KEY (tenant_id, user_id) REFERENCES public.users(tenant_id, id),
  constraint member_role_is_known CHECK ((role = ANY (ARRAY['owner'::text, 'developer'::text, 'viewer'::text]))),
  constraint provider_members_pkey PRIMARY KEY (tenant_id, provider_id, user_id)
);
alter table public.provider_members enable row level security;

create table public.provider_spending_limits (
  tenant_id text not null default public.current_tenant(),
  user_id text not null,
  provider_id text not null,
  per_day_tokens bigint not null,
  constraint provider_spending_limit_has_provider FOREIGN KEY (tenant_id, provider_id) REFERENCES public.providers(tenant_id, id),
  constraint provider_spending_limit_has_user FOREIGN KEY (tenant_id, user_id) REFERENCES public.users(tenant_id, id),
  constraint provider_spending_limit_is_not_negative CHECK ((per_day_tokens >= 0)),
  constraint provider_spending_limits_pkey PRIMARY KEY (tenant_id, user_id, provider_id)
);
alter table public.provider_spending_limits enable row level security;

create table public.provider_themes (
  tenant_id text not null default public.current_tenant(),
  provider_id text not null,
  theme jsonb not null,
  updated_at timestamp with time zone not null,
  constraint provider_themes_pkey PRIMARY KEY (tenant_id, provider_id),
  constraint theme_has_provider FOREIGN KEY (tenant_id, provider_id) REFERENCES public.providers(tenant_id, id)
);
alter table public.provider_themes enable row level security;

create table public.providers (
  tenant_id text not null default public.current_tenant(),
  id text not null,
  owner_id text not null,
  name text not null,
  description text not null,
  category text not null,
  icon_url text,
  launch_url text not null,
  launch_in_fragment boolean not null default false,
  allowed_origins text[] not null,
  tokens_per_minute integer not null,
  status text not null,
  created_at timestamp with time zone not null,
  updated_at timestamp with time zone not null,
  event_sequence integer not null default 0,
  review_note text,
  changed_since timestamp with time zone,
  listing_before jsonb,
  held_addresses jsonb,
  retiring_origins text[] not null default '{}'::text[],
  retiring_until timestamp with time zone,
  constraint held_addresses_wait_for_somebody CHECK (((held_addresses IS NULL) OR (changed_since IS NOT NULL))),
  constraint listing_change_is_whole CHECK (((changed_since IS NULL) = (listing_before IS NULL))),
  constraint price_within_bounds CHECK (((tokens_per_minute >= 0) AND (tokens_per_minute <= 10000))),
  constraint provider_has_owner FOREIGN KEY (tenant_id, owner_id) REFERENCES public.users(tenant_id, id),
  constraint provider_status_is_known CHECK ((status = ANY (ARRAY['draft'::text, 'in_review'::text, 'listed'::text, 'suspended'::text]))),
  constraint providers_pkey PRIMARY KEY (tenant_id, id),
  constraint providers_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(id)
);
alter table public.providers enable row level security;

create table public.purchases (
  tenant_id text not null default public.current_tenant(),
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
  reversed_tokens bigint not null default 0,
  created_at timestamp with time zone not null,
  paid_at timestamp with time zone,
  request_subject text,
  token_price_cents bigint,
  disputed_cents bigint not null default 0,
  reconcile_at timestamp with time zone not null default now(),
  constraint disputed_within_paid CHECK (((disputed_cents >= 0) AND (disputed_cents <= amount_cents))),
  constraint paid_purchases_say_when CHECK (((status = ANY (ARRAY['pending'::text, 'failed'::text])) OR (paid_at IS NOT NULL))) NOT VALID,
  constraint purchase_has_user FOREIGN KEY (tenant_id, user_id) REFERENCES public.users(tenant_id, id),
  constraint purchase_status_is_known CHECK ((status = ANY (ARRAY['pending'::text, 'paid'::text, 'failed'::text, 'refunded'::text, 'disputed'::text]))),
  constraint purchases_pkey PRIMARY KEY (tenant_id, id),
  constraint refunded_within_paid CHECK (((refunded_cents >= 0) AND (refunded_cents <= amount_cents))),
  constraint reversed_within_credited CHECK (((reversed_tokens >= 0) AND (reversed_tokens <= tokens)))
);
alter table public.purchases enable row level security;

create table public.refresh_tokens (
  tenant_id text not null default public.current_tenant(),
  token_hash bytea not null,
  family_id text not null,
  user_id text not null,
  created_at timestamp with time zone not null,
  expires_at timestamp with time zone not null,
  rotated_at timestamp with time zone,
  revoked_at timestamp with time zone,
  signed_in_at timestamp with time zone not null,
  user_agent text,
  constraint refresh_token_has_user FOREIGN KEY (tenant_id, user_id) REFERENCES public.users(tenant_id, id),
  constraint refresh_tokens_pkey PRIMARY KEY (tenant_id, token_hash)
);
alter table public.refresh_tokens enable row level security;

create table public.refunds (
  tenant_id text not null default public.current_tenant(),
  id text not null,
  purchase_id text not null,
  amount_cents bigint not null,
  reason text not null,
  status text not null,
  stripe_refund_id text,
  requested_by text not null,
  created_at timestamp with time zone not null,
  constraint refund_has_purchase FOREIGN KEY (tenant_id, purchase_id) REFERENCES public.purchases(tenant_id, id),
  constraint refund_is_positive CHECK ((amount_cents > 0)),
  constraint refund_status_is_known CHECK ((status = ANY (ARRAY['pending'::text, 'sent'::text, 'failed'::text]))),
  constraint refunds_pkey PRIMARY KEY (tenant_id, id),
  constraint sent_refunds_name_stripes CHECK (
CASE status
    WHEN 'sent'::text THEN (stripe_refund_id IS NOT NULL)
    WHEN 'pending'::text THEN (stripe_refund_id IS NULL)
    ELSE true
END)
);
alter table public.refunds enable row level security;

create table public.session_beats (
  tenant_id text not null default public.current_tenant(),
  session_id text not null,
  kind text not null,
  last_at timestamp with time zone not null,
  ats timestamp with time zone[] not null,
  sequences bigint[] not null,
  active_ms integer[] not null,
  counted_ms integer[] not null,
  unbilled_ms integer[] not null,
  finals boolean[] not null,
  origins integer[] not null
);
alter table public.session_beats enable row level security;

create table public.sessions (
  tenant_id text not null default public.current_tenant(),
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
  launch_jti text not null,
  launch_expires_at timestamp with time zone not null,
  launch_spent_by text,
  client_id text,
  sequence bigint not null default 0,
  last_beat_at timestamp with time zone,
  is_first_beat_due boolean not null default false,
  is_final boolean not null default false,
  is_lease_short boolean not null default false,
  paused_at timestamp with time zone,
  paused_ms bigint not null default 0,
  is_paused_by_user boolean not null default false,
  event_sequence integer not null default 0,
  created_at timestamp with time zone not null,
  started_at timestamp with time zone,
  ended_at timestamp with time zone,
  sweep_at timestamp with time zone not null,
  told_ms bigint,
  is_resumed_there boolean not null default false,
  held_jti text,
  launch_digest bytea,
  constraint charged_is_not_negative CHECK ((tokens_charged >= 0)) NOT VALID,
  constraint charged_within_held CHECK ((tokens_charged <= tokens_held)),
  constraint end_reason_is_known CHECK ((end_reason = ANY (ARRAY['completed'::text, 'expired'::text, 'abandoned'::text, 'cancelled'::text, 'revoked'::text]))),
  constraint ended_sessions_say_why CHECK ((((status = 'ended'::text) = (end_reason IS NOT NULL)) AND ((status = 'ended'::text) = (ended_at IS NOT NULL)) AND ((status = 'ended'::text) = (tokens_charged IS NOT NULL)))),
  constraint paused_sessions_say_since_when CHECK (((status = 'paused'::text) = (paused_at IS NOT NULL))),
  constraint session_has_provider FOREIGN KEY (tenant_id, provider_id) REFERENCES public.providers(tenant_id, id),
  constraint session_has_user FOREIGN KEY (tenant_id, user_id) REFERENCES public.users(tenant_id, id),
  constraint session_price_is_a_price CHECK (((tokens_per_minute >= 0) AND (tokens_held >= 0) AND ((fee_basis_points >= 0) AND (fee_basis_points <= 10000)))) NOT VALID,
  constraint session_status_is_known CHECK ((status = ANY (ARRAY['pending'::text, 'active'::text, 'paused'::text, 'ended'::text]))),
  constraint sessions_pkey PRIMARY KEY (tenant_id, id),
  constraint used_within_duration CHECK (((used_ms >= 0) AND (used_ms <= duration_ms)))
) with (fillfactor=70);
alter table public.sessions enable row level security;

create table public.signing_keys (
  kid text not null,
  public_jwk jsonb not null,
  private_jwk_encrypted bytea not null,
  created_at timestamp with time zone not null,
  signs_from timestamp with time zone not null,
  published_until timestamp with time zone,
  constraint signing_keys_pkey PRIMARY KEY (kid)
);

create table public.spending_limits (
  tenant_id text not null default public.current_tenant(),
  user_id text not null,
  per_day_tokens bigint,
  low_balance_tokens bigint,
  low_balance_noticed_at timestamp with time zone,
  constraint spending_limit_has_user FOREIGN KEY (tenant_id, user_id) REFERENCES public.users(tenant_id, id),
  constraint spending_limits_are_not_negative CHECK (((per_day_tokens >= 0) AND (low_balance_tokens >= 0))),
  constraint spending_limits_pkey PRIMARY KEY (tenant_id, user_id)
);
alter table public.spending_limits enable row level security;

create table public.stripe_disputes (
  tenant_id text not null default public.current_tenant(),
  purchase_id text not null,
  id text not null,
  status text not null,
  closed_at timestamp with time zone,
  amount_cents bigint not null,
  constraint closed_disputes_say_when CHECK (((status = ANY (ARRAY['inquiry'::text, 'open'::text])) = (closed_at IS NULL))),
  constraint dispute_has_purchase FOREIGN KEY (tenant_id, purchase_id) REFERENCES public.purchases(tenant_id, id),
  constraint dispute_is_not_negative CHECK ((amount_cents >= 0)),
  constraint dispute_status_is_known CHECK ((status = ANY (ARRAY['inquiry'::text, 'open'::text, 'won'::text, 'lost'::text]))),
  constraint stripe_disputes_pkey PRIMARY KEY (tenant_id, purchase_id, id)
);
alter table public.stripe_disputes enable row level security;

create table public.stripe_events (
  id text not null,
  type text not null,
  payment_intent_id text,
  outcome text not null,
  payload jsonb not null,
  received_at timestamp with time zone not null,
  purchase_id text,
  refused_because text,
  is_undelivered boolean not null default false,
  constraint outcome_is_known CHECK ((outcome = ANY (ARRAY['applied'::text, 'ignored'::text, 'refused'::text, 'unmatched'::text]))),
  constraint stripe_events_pkey PRIMARY KEY (id)
);

create table public.stripe_refunds (
  tenant_id text not null default public.current_tenant(),
  purchase_id text not null,
  id text not null,
  amount_cents bigint not null,
  failed_at timestamp with time zone,
  constraint stripe_refunds_pkey PRIMARY KEY (tenant_id, purchase_id, id),
  constraint told_refund_has_purchase FOREIGN KEY (tenant_id, purchase_id) REFERENCES public.purchases(tenant_id, id),
  constraint told_refund_is_not_negative CHECK ((amount_cents >= 0))
);
alter table public.stripe_refunds enable row level security;

create table public.tenants (
  id text not null,
  slug text not null,
  name text not null,
  created_at timestamp with time zone not null default now(),
  constraint tenant_slug_is_unique UNIQUE (slug),
  constraint tenants_pkey PRIMARY KEY (id)
);

create table public.transfers (
  tenant_id text not null default public.current_tenant(),
  id text not null,
  kind text not null,
  debit_account_id text not null,
  credit_account_id text not null,
  amount bigint not null,
  debit_sequence bigint,
  debit_balance_after bigint,
  credit_sequence bigint,
  credit_balance_after bigint,
  session_id text,
  purchase_id text,
  reverses_id text,
  description text not null,
  created_at timestamp with time zone not null,
  written_by xid8 not null default pg_current_xact_id(),
  owed_after bigint,
  constraint correction_names_what_it_reverses CHECK (((kind <> ALL (ARRAY['refund'::text, 'refund_failed'::text, 'dispute'::text, 'dispute_won'::text, 'debt'::text, 'correction'::text])) OR (reverses_id IS NOT NULL))),
  constraint credit_side_is_a_wallet_or_not CHECK ((((credit_account_id ~~ 'usr\_%'::text) = (credit_sequence IS NOT NULL)) AND ((credit_sequence IS NULL) = (credit_balance_after IS NULL)))),
  constraint debit_side_is_a_wallet_or_not CHECK ((((debit_account_id ~~ 'usr\_%'::text) = (debit_sequence IS NOT NULL)) AND ((debit_sequence IS NULL) = (debit_balance_after IS NULL)))),
  constraint only_debts_are_owed CHECK (((owed_after IS NULL) OR (kind = 'debt'::text))),
  constraint transfer_goes_where_its_kind_says CHECK (
CASE kind
    WHEN 'purchase'::text THEN ((debit_account_id = 'stripe_clearing'::text) AND (credit_sequence IS NOT NULL) AND (purchase_id IS NOT NULL))
    WHEN 'charge'::text THEN ((debit_sequence IS NOT NULL) AND (credit_account_id ~~ 'prv\_%'::text) AND (session_id IS NOT NULL))
    WHEN 'fee'::text THEN ((debit_account_id ~~ 'prv\_%'::text) AND (credit_account_id = 'platform_fee'::text) AND (session_id IS NOT NULL))
    WHEN 'refund'::text THEN ((debit_sequence IS NOT NULL) AND (credit_account_id = 'refunds'::text))
    WHEN 'dispute'::text THEN ((debit_sequence IS NOT NULL) AND (credit_account_id = 'refunds'::text))
    WHEN 'debt'::text THEN ((debit_account_id ~~ 'debt:usr\_%'::text) AND (credit_account_id = 'refunds'::text))
    WHEN 'debt_repaid'::text THEN ((debit_sequence IS NOT NULL) AND (credit_account_id = ('debt:'::text || debit_account_id)))
    WHEN 'dispute_won'::text THEN ((debit_account_id = 'refunds'::text) AND (credit_sequence IS NOT NULL))
    WHEN 'refund_failed'::text THEN ((debit_account_id = 'refunds'::text) AND (credit_sequence IS NOT NULL))
    WHEN 'promotion'::text THEN ((debit_account_id = 'promotions'::text) AND (credit_sequence IS NOT NULL))
    WHEN 'payout'::text THEN ((debit_account_id ~~ 'prv\_%'::text) AND (credit_account_id = 'payouts'::text))
    ELSE true
END) NOT VALID,
  constraint transfer_is_positive CHECK ((amount > 0)),
  constraint transfer_kind_is_known CHECK ((kind = ANY (ARRAY['purchase'::text, 'charge'::text, 'fee'::text, 'refund'::text, 'refund_failed'::text, 'dispute'::text, 'dispute_won'::text, 'debt'::text, 'debt_repaid'::text, 'promotion'::text, 'payout'::text, 'correction'::text]))),
  constraint transfer_moves_between_two_accounts CHECK ((debit_account_id <> credit_account_id)),
  constraint transfers_pkey PRIMARY KEY (tenant_id, id)
);
alter table public.transfers enable row level security;

create table public.unbilled_time (
  tenant_id text not null default public.current_tenant(),
  user_id text not null,
  provider_id text not null,
  hour timestamp with time zone not null,
  unbilled_ms bigint not null,
  constraint unbilled_time_pkey PRIMARY KEY (tenant_id, user_id, provider_id, hour)
);
alter table public.unbilled_time enable row level security;

create table public.unconfirmed_mails (
  tenant_id text not null default public.current_tenant(),
  id uuid not null default gen_random_uuid(),
  email_hash bytea not null,
  kind text not null,
  sent_at timestamp with time zone not null,
  constraint unconfirmed_mails_pkey PRIMARY KEY (tenant_id, id)
);
alter table public.unconfirmed_mails enable row level security;

create table public.unusual_providers (
  tenant_id text not null,
  provider_id text not null,
  ended integer not null,
  instantly_completed integer not null,
  usual_share double precision not null,
  noticed_at timestamp with time zone not null,
  constraint unusual_providers_pkey PRIMARY KEY (tenant_id, provider_id)
);
alter table public.unusual_providers enable row level security;

create table public.users (
  tenant_id text not null default public.current_tenant(),
  id text not null,
  email text not null,
  email_normalized text not null,
  display_name text,
  password_hash text not null,
  is_operator boolean not null default false,
  reference_salt bytea not null,
  created_at timestamp with time zone not null,
  email_verified_at timestamp with time zone,
  pending_email text,
  pending_email_normalized text,
  deleted_at timestamp with time zone,
  has_spending_limits boolean not null default false,
  signed_out_at timestamp with time zone,
  constraint email_is_unique UNIQUE (tenant_id, email_normalized),
  constraint pending_email_is_whole CHECK (((pending_email IS NULL) = (pending_email_normalized IS NULL))),
  constraint users_pkey PRIMARY KEY (tenant_id, id),
  constraint users_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(id)
);
alter table public.users enable row level security;

create table public.wallets (
  tenant_id text not null default public.current_tenant(),
  id text not null,
  posted bigint not null default 0,
  held bigint not null default 0,
  debt bigint not null default 0,
  sequence bigint not null default 0,
  constraint debt_leaves_nothing_to_spend CHECK (((debt = 0) OR ((debt > 0) AND (posted = held)))),
  constraint held_within_posted CHECK (((posted >= held) AND (held >= 0))),
  constraint posted_is_a_safe_integer CHECK ((posted <= '9007199254740991'::bigint)),
  constraint wallets_pkey PRIMARY KEY (tenant_id, id),
  constraint wallets_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(id)
) with (fillfactor=70);
alter table public.wallets enable row level security;

create table public.webhook_attempts (
  tenant_id text not null default public.current_tenant(),
  delivery_id text not null,
  number integer not null,
  at timestamp with time zone not null,
  http_status integer,
  latency_ms integer not null,
  error text,
  answer_excerpt text,
  constraint attempt_has_answer_or_error CHECK (((http_status IS NULL) = (error IS NOT NULL))),
  constraint webhook_attempts_pkey PRIMARY KEY (tenant_id, delivery_id, number)
);
alter table public.webhook_attempts enable row level security;

create table public.webhook_deliveries (
  tenant_id text not null default public.current_tenant(),
  id text not null,
  endpoint_id text not null,
  event_id text not null,
  status text not null default 'pending'::text,
  tries integer not null default 0,
  attempts integer not null default 0,
  next_attempt_at timestamp with time zone not null,
  claimed_until timestamp with time zone,
  created_at timestamp with time zone not null,
  delivered_at timestamp with time zone,
  constraint delivered_ones_say_when CHECK (((status <> 'delivered'::text) OR (delivered_at IS NOT NULL))),
  constraint delivery_status_is_known CHECK ((status = ANY (ARRAY['pending'::text, 'delivered'::text, 'failed'::text]))),
  constraint webhook_deliveries_pkey PRIMARY KEY (tenant_id, id)
) with (fillfactor=80);
alter table public.webhook_deliveries enable row level security;

create table public.webhook_endpoints (
  tenant_id text not null default public.current_tenant(),
  id text not null,
  provider_id text not null,
  url text not null,
  events text[] not null,
  status text not null,
  disabled_because text,
  failing_since timestamp with time zone,
  secret_sealed bytea not null,
  previous_secret_sealed bytea,
  signing_key_sealed bytea,
  public_key text,
  previous_signing_key_sealed bytea,
  previous_secret_until timestamp with time zone,
  created_at timestamp with time zone not null,
  updated_at timestamp with time zone not null,
  deleted_at timestamp with time zone,
  constraint disabled_endpoints_say_why CHECK ((((status = 'disabled'::text) = (disabled_because IS NOT NULL)) AND (disabled_because = ANY (ARRAY['owner'::text, 'gone'::text, 'failing'::text, 'deleted'::text])))),
  constraint previous_secret_says_until_when CHECK (((previous_secret_sealed IS NULL) = (previous_secret_until IS NULL))),
  constraint webhook_endpoint_has_provider FOREIGN KEY (tenant_id, provider_id) REFERENCES public.providers(tenant_id, id),
  constraint webhook_endpoint_status_is_known CHECK ((status = ANY (ARRAY['enabled'::text, 'disabled'::text]))),
  constraint webhook_endpoints_pkey PRIMARY KEY (tenant_id, id)
);
alter table public.webhook_endpoints enable row level security;

-- indexes (those of constraints stand with their tables)

CREATE INDEX api_keys_by_provider ON public.api_keys USING btree (tenant_id, provider_id, id);

CREATE INDEX audit_entries_by_actor ON public.audit_entries USING btree (tenant_id, actor_id, id);

CREATE INDEX audit_entries_by_subject ON public.audit_entries USING btree (tenant_id, subject_id, id) WHERE (subject_id IS NOT NULL);

CREATE INDEX beat_batches_by_age ON public.beat_batches USING btree (at);

CREATE INDEX beat_batches_by_session ON public.beat_batches USING gin (public.beat_keys(session_ids)) WITH (gin_pending_list_limit='128');

CREATE INDEX events_by_provider ON public.events USING btree (tenant_id, provider_id, id);

CREATE INDEX events_by_session ON public.events USING btree (tenant_id, session_id, sequence) WHERE (session_id IS NOT NULL);

CREATE INDEX holds_by_reference ON public.holds USING btree (tenant_id, reference);

CREATE INDEX idempotency_keys_by_age ON public.idempotency_keys USING btree (created_at);

CREATE INDEX invitation_mails_by_address ON public.invitation_mails USING btree (tenant_id, email_hash, asked_at);

CREATE INDEX invitation_mails_by_age ON public.invitation_mails USING btree (asked_at);

CREATE INDEX invitation_mails_by_provider ON public.invitation_mails USING btree (tenant_id, provider_id, asked_at);

CREATE INDEX ledger_checks_clean ON public.ledger_checks USING btree (created_at) WHERE (findings = 0);

CREATE INDEX left_leases_by_age ON public.left_leases USING brin (left_at);

CREATE INDEX left_leases_by_user ON public.left_leases USING btree (tenant_id, user_id, provider_id, left_at);

CREATE INDEX mailed_links_by_age ON public.mailed_links USING btree (expires_at);

CREATE INDEX mailed_links_by_user ON public.mailed_links USING btree (tenant_id, user_id, purpose, created_at);

CREATE INDEX payouts_by_provider ON public.payouts USING btree (tenant_id, provider_id, id);

CREATE INDEX payouts_pending ON public.payouts USING btree (tenant_id, id) WHERE (status = 'pending'::text);

CREATE INDEX provider_invitations_by_address ON public.provider_invitations USING btree (tenant_id, email_normalized);

CREATE INDEX provider_invitations_by_age ON public.provider_invitations USING btree (expires_at);

CREATE UNIQUE INDEX provider_invitations_by_token ON public.provider_invitations USING btree (tenant_id, token_hash);

CREATE INDEX provider_members_by_user ON public.provider_members USING btree (tenant_id, user_id, provider_id);

CREATE INDEX providers_awaiting_review ON public.providers USING btree (tenant_id, id) WHERE (status = 'in_review'::text);

CREATE INDEX providers_by_origin ON public.providers USING gin (allowed_origins) WHERE (status = 'listed'::text);

CREATE INDEX providers_by_owner ON public.providers USING btree (tenant_id, owner_id, id);

CREATE INDEX providers_by_text ON public.providers USING gin (public.catalogue_keys(tenant_id, category, lower(((((name || ' '::text) || category) || ' '::text) || description)))) WITH (fastupdate=off) WHERE (status = 'listed'::text);

CREATE INDEX providers_changed ON public.providers USING btree (tenant_id, changed_since, id) WHERE (changed_since IS NOT NULL);

CREATE INDEX providers_listed ON public.providers USING btree (tenant_id, id) WHERE (status = 'listed'::text);

CREATE INDEX providers_listed_by_category ON public.providers USING btree (tenant_id, category, id) WHERE (status = 'listed'::text);

CREATE INDEX providers_suspended_by_origin ON public.providers USING gin (allowed_origins) WHERE (status = 'suspended'::text);

CREATE UNIQUE INDEX purchase_is_credited_once ON public.transfers USING btree (tenant_id, purchase_id) WHERE (kind = 'purchase'::text);

CREATE INDEX purchases_by_id ON public.purchases USING btree (id);

CREATE INDEX purchases_by_payment_intent ON public.purchases USING btree (payment_intent_id) WHERE (payment_intent_id IS NOT NULL);

CREATE INDEX purchases_by_request_subject ON public.purchases USING btree (tenant_id, request_subject) WHERE (request_subject IS NOT NULL);

CREATE INDEX purchases_by_user ON public.purchases USING btree (tenant_id, user_id, id);

CREATE INDEX purchases_to_reconcile ON public.purchases USING btree (reconcile_at) WHERE (status = 'pending'::text);

CREATE INDEX refresh_tokens_by_age ON public.refresh_tokens USING btree (expires_at);

CREATE INDEX refresh_tokens_by_family ON public.refresh_tokens USING btree (tenant_id, family_id, expires_at);

CREATE INDEX refresh_tokens_by_user ON public.refresh_tokens USING btree (tenant_id, user_id);

CREATE INDEX refunds_by_purchase ON public.refunds USING btree (tenant_id, purchase_id, id);

CREATE INDEX session_beats_by_age ON public.session_beats USING brin (last_at);

CREATE INDEX session_beats_by_session ON public.session_beats USING btree (tenant_id, session_id);

CREATE INDEX sessions_by_provider ON public.sessions USING btree (tenant_id, provider_id, id);

CREATE INDEX sessions_by_user ON public.sessions USING btree (tenant_id, user_id, id);

CREATE INDEX sessions_not_over ON public.sessions USING btree (sweep_at) WHERE (ended_at IS NULL);

CREATE INDEX sessions_running_by_provider ON public.sessions USING btree (tenant_id, provider_id, id) WHERE (ended_at IS NULL);

CREATE INDEX sessions_running_by_user ON public.sessions USING btree (tenant_id, user_id, id) WHERE (ended_at IS NULL);

CREATE INDEX sessions_test_by_age ON public.sessions USING btree (created_at) WHERE is_test;

CREATE INDEX spending_limits_with_notice ON public.spending_limits USING btree (tenant_id, user_id) WHERE (low_balance_tokens IS NOT NULL);

CREATE INDEX stripe_disputes_not_won ON public.stripe_disputes USING btree (tenant_id, purchase_id) WHERE (status <> 'won'::text);

CREATE INDEX stripe_events_by_purchase ON public.stripe_events USING btree (purchase_id) WHERE (purchase_id IS NOT NULL);

CREATE INDEX stripe_events_found_paid ON public.stripe_events USING btree (received_at) WHERE (type = 'reconciliation.paid'::text);

CREATE INDEX stripe_events_refused ON public.stripe_events USING btree (received_at) WHERE (outcome = 'refused'::text);

CREATE INDEX stripe_events_undelivered ON public.stripe_events USING btree (received_at) WHERE is_undelivered;

CREATE INDEX stripe_events_unmatched ON public.stripe_events USING btree (payment_intent_id) WHERE (outcome = 'unmatched'::text);

CREATE INDEX stripe_refunds_failed ON public.stripe_refunds USING btree (failed_at) WHERE (failed_at IS NOT NULL);

CREATE INDEX transfers_by_purchase ON public.transfers USING btree (tenant_id, purchase_id) WHERE (purchase_id IS NOT NULL);

CREATE INDEX transfers_by_session ON public.transfers USING btree (tenant_id, session_id) WHERE (session_id IS NOT NULL);

CREATE INDEX transfers_by_writer ON public.transfers USING btree (written_by);

CREATE INDEX transfers_corrected ON public.transfers USING btree (tenant_id, id) WHERE (kind = 'correction'::text);

CREATE INDEX transfers_crediting ON public.transfers USING btree (tenant_id, credit_account_id, written_by) WHERE (credit_sequence IS NULL);

CREATE INDEX transfers_debiting ON public.transfers USING btree (tenant_id, debit_account_id, written_by) WHERE (debit_sequence IS NULL);

CREATE UNIQUE INDEX transfers_into_wallet ON public.transfers USING btree (tenant_id, credit_account_id, credit_sequence) WHERE (credit_sequence IS NOT NULL);

CREATE UNIQUE INDEX transfers_out_of_wallet ON public.transfers USING btree (tenant_id, debit_account_id, debit_sequence) WHERE (debit_sequence IS NOT NULL);

CREATE INDEX unbilled_time_by_age ON public.unbilled_time USING brin (hour);

CREATE INDEX unconfirmed_mails_by_address ON public.unconfirmed_mails USING btree (tenant_id, email_hash, kind, sent_at);

CREATE INDEX unconfirmed_mails_by_age ON public.unconfirmed_mails USING btree (sent_at);

CREATE INDEX users_signed_out ON public.users USING btree (signed_out_at) WHERE (signed_out_at IS NOT NULL);

CREATE INDEX wallets_in_debt ON public.wallets USING btree (tenant_id, id) WHERE (debt > 0);

CREATE INDEX webhook_deliveries_by_endpoint ON public.webhook_deliveries USING btree (tenant_id, endpoint_id, id);

CREATE INDEX webhook_deliveries_by_event ON public.webhook_deliveries USING btree (tenant_id, event_id, endpoint_id);

CREATE INDEX webhook_deliveries_due ON public.webhook_deliveries USING btree (tenant_id, endpoint_id, next_attempt_at) WHERE (status = 'pending'::text);

CREATE INDEX webhook_deliveries_failed ON public.webhook_deliveries USING btree (tenant_id, endpoint_id, id) WHERE (status = 'failed'::text);

CREATE INDEX webhook_deliveries_under_way ON public.webhook_deliveries USING btree (tenant_id, endpoint_id) WHERE (claimed_until IS NOT NULL);

CREATE INDEX webhook_endpoints_by_provider ON public.webhook_endpoints USING btree (tenant_id, provider_id, id) WHERE (deleted_at IS NULL);

CREATE INDEX webhook_endpoints_enabled ON public.webhook_endpoints USING btree (tenant_id, provider_id) WHERE (status = 'enabled'::text);

-- functions

CREATE OR REPLACE FUNCTION public.audit_text(e public.audit_entries)
 RETURNS text
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$
  select jsonb_build_array(
    e.tenant_id, e.id, e.actor_kind, e.actor_id, e.action, e.subject_id, e.before, e.after, e.reason, e.request_id,
    e.address, to_char(e.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
  )::text
$function$;

CREATE OR REPLACE FUNCTION public.beat_keys(p_session_ids text[])
 RETURNS integer[]
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
AS $function$ select array_agg(hashtext(id) & 65535) from unnest(p_session_ids) id $function$;

CREATE OR REPLACE FUNCTION public.capture_holds(p_tenant_ids text[], p_references text[], p_amounts bigint[], p_provider_ids text[], p_fee_basis_points integer[], p_descriptions text[], p_charge_ids text[], p_fee_ids text[], p_debt_ids text[], p_times timestamp with time zone[])
 RETURNS TABLE(reference text, captured bigint, released bigint, fee bigint)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
declare
  item record;
begin
  perform refuse_other_tenants(p_tenant_ids);
  if 0 > any (p_fee_basis_points) or 10000 < any (p_fee_basis_points) then
    raise exception 'a fee is a share of its charge' using errcode = 'integrity_constraint_violation';
  end if;
  perform from wallets w
  join (
    select distinct h.tenant_id, h.wallet_id
    from unnest(p_tenant_ids, p_references) as i (tenant_id, reference)
    join holds h on h.tenant_id = i.tenant_id and h.reference = i.reference and h.resolution is null
  ) h on w.tenant_id = h.tenant_id and w.id = h.wallet_id
  order by w.tenant_id, w.id
  for update of w;

  for item in
    with input as materialized (
      select * from unnest(p_tenant_ids, p_references, p_amounts, p_provider_ids, p_fee_basis_points, p_descriptions,
          p_charge_ids, p_fee_ids, p_debt_ids, p_times)
        with ordinality as i (tenant_id, reference, amount, provider_id, fee_basis_points, description, charge_id, fee_id,
          debt_id, at, ordinal)
    ), open_holds as (
      select h.tenant_id, h.id, i.ordinal, i.amount, i.at,
        coalesce(sum(h.amount) over (
          partition by i.ordinal order by h.id rows between unbounded preceding and 1 preceding), 0) as before
      from input i
      join holds h on h.tenant_id = i.tenant_id and h.reference = i.reference
      where h.resolution is null
    ), closed as (
      update holds h set
        captured = greatest(0, least(h.amount, o.amount - o.before)),
        released = h.amount - greatest(0, least(h.amount, o.amount - o.before)),
        resolution = case when o.amount > o.before then 'captured' else 'released' end,
        resolved_at = o.at
      from open_holds o
      where h.tenant_id = o.tenant_id and h.id = o.id and h.resolution is null
      returning o.ordinal, h.wallet_id, h.captured, h.released
    ), resolved as materialized (
      -- The fee is rounded half up, in whole tokens.
      select i.*, c.wallet_id, c.captured, c.released, (c.captured * i.fee_basis_points + 5000) / 10000 as fee,
        sum(c.captured) over so_far as captured_so_far,
        count(*) filter (where c.captured > 0) over so_far as charges_so_far
      from (
        select c.ordinal, min(c.wallet_id) as wallet_id, sum(c.captured)::bigint as captured,
          sum(c.released)::bigint as released
        from closed c group by c.ordinal
      ) c
      join input i on i.ordinal = c.ordinal
      window so_far as (partition by i.tenant_id, c.wallet_id order by i.ordinal)
    ), moved as (
      update wallets w set
        posted = w.posted - r.captured,
        held = w.held - r.captured - (case when w.debt > 0 then 0 else r.released end),
        sequence = w.sequence + r.charges
      from (
        select r.tenant_id, r.wallet_id, sum(r.captured) as captured, sum(r.released) as released,
          count(*) filter (where r.captured > 0) as charges
        from resolved r group by 1, 2
      ) r
      where w.tenant_id = r.tenant_id and w.id = r.wallet_id
      returning w.tenant_id, w.id, w.debt > 0 as owes, w.posted + r.captured as posted, w.sequence - r.charges as sequence
    ), told as materialized (
      -- Each has its wallet; full, because a full join has to be hashed.
      select r.*, m.owes, m.posted, m.sequence
      from resolved r full join moved m on m.tenant_id = r.tenant_id and m.id = r.wallet_id
    ), written as (
      insert into transfers (
        tenant_id, id, kind, debit_account_id, credit_account_id, amount, debit_sequence, debit_balance_after, session_id,
        description, created_at
      )
      select t.tenant_id, t.charge_id, 'charge', t.wallet_id, t.provider_id, t.captured, t.sequence + t.charges_so_far,
        t.posted - t.captured_so_far, t.reference, t.description, t.at
      from told t
      where t.captured > 0
      union all
      select t.tenant_id, t.fee_id, 'fee', t.provider_id, 'platform_fee', t.fee, null, null, t.reference, 'Platform fee', t.at
      from told t
      where t.fee > 0
    )
    select t.* from told t order by t.ordinal
  loop
    if item.captured <> item.amount then
      raise exception 'a capture of % exceeds the holds of % by %', item.amount, item.reference, item.amount - item.captured
        using errcode = 'integrity_constraint_violation';
    end if;
    -- What is released stands in `held` until the debt took its part.
    if item.owes then
      perform free_after_debt(item.tenant_id, item.wallet_id, item.released, item.debt_id, item.at);
    end if;
    reference := item.reference;
    captured := item.captured;
    released := item.released;
    fee := item.fee;
    return next;
  end loop;
end
$function$;

CREATE OR REPLACE FUNCTION public.catalogue_keys(p_tenant_id text, p_category text, p_text text)
 RETURNS text[]
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT COST 10000
AS $function$
  select array_agg(distinct p_tenant_id || ':' || substr(word, n, characters)) || (p_tenant_id || '=' || p_category)
  from string_to_table(translate(p_text, E'\n', ' '), ' ') word
  cross join lateral generate_series(1, char_length(word)) n
  cross join generate_series(1, 3) characters
  where n + characters - 1 <= char_length(word)
$function$;

CREATE OR REPLACE FUNCTION public.counted_ms(s public.sessions, p_at timestamp with time zone, p_active_ms bigint)
 RETURNS bigint
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select case when s.status <> 'active' then 0 else greatest(0, least(
    coalesce(s.told_ms, s.duration_ms) - s.used_ms,
    case
      -- A page that said goodbye and is back within 30 s navigated; else it was away.
      when s.is_final then
        case when ms_between(s.last_beat_at, p_at) <= 30000 then ms_between(s.last_beat_at, p_at) else 0 end
      when s.is_lease_short then least(ms_between(s.last_beat_at, p_at), 45000)
      when ms_between(s.last_beat_at, p_at) <= 45000 then ms_between(s.last_beat_at, p_at)
      when s.told_ms is not null and s.is_resumed_there then 0
      else least(
        lease_ms(s),
        case when ms_between(s.last_beat_at, p_at) <= 130000
          then least(ms_between(s.last_beat_at, p_at), coalesce(p_active_ms, ms_between(s.last_beat_at, p_at)))
          else coalesce(p_active_ms, 0) end)
    end)) end
$function$;

CREATE OR REPLACE FUNCTION public.credit_wallet(p_tenant_id text, p_wallet_id text, p_kind text, p_from_account_id text, p_amount bigint, p_purchase_id text, p_reverses_id text, p_description text, p_transfer_ids text[], p_now timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
declare
  owes boolean;
  left_posted bigint;
  left_sequence bigint;
begin
  perform refuse_other_tenants(array[p_tenant_id]);
  select w.debt > 0 into strict owes
  from wallets w where w.tenant_id = p_tenant_id and w.id = p_wallet_id for update;
  update wallets w set
    posted = w.posted + p_amount,
    held = w.held + (case when owes then p_amount else 0 end),
    sequence = w.sequence + 1
  where w.tenant_id = p_tenant_id and w.id = p_wallet_id
  returning w.posted, w.sequence into left_posted, left_sequence;
  insert into transfers (
    tenant_id, id, kind, debit_account_id, credit_account_id, amount, credit_sequence, credit_balance_after,
    purchase_id, reverses_id, description, created_at
  ) values (
    p_tenant_id, p_transfer_ids[1], p_kind, p_from_account_id, p_wallet_id, p_amount, left_sequence, left_posted,
    p_purchase_id, p_reverses_id, p_description, p_now
  );
  if owes then
    perform free_after_debt(p_tenant_id, p_wallet_id, p_amount, p_transfer_ids[2], p_now);
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION public.current_tenant()
 RETURNS text
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$ select current_setting('app.tenant_id') $function$;

CREATE OR REPLACE FUNCTION public.enqueue_job(p_task text, p_payload json, p_run_at timestamp with time zone, p_job_key text)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  select graphile_worker.add_job(
    identifier => p_task, payload => p_payload, run_at => p_run_at, job_key => p_job_key
  );
$function$;

CREATE OR REPLACE FUNCTION public.free_after_debt(p_tenant_id text, p_wallet_id text, p_amount bigint, p_transfer_id text, p_now timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
declare
  paid bigint;
  left_posted bigint;
  left_sequence bigint;
begin
  select least(w.debt, p_amount) into strict paid
  from wallets w where w.tenant_id = p_tenant_id and w.id = p_wallet_id for update;
  update wallets w set held = w.held - p_amount, posted = w.posted - paid, debt = w.debt - paid,
    sequence = w.sequence + (paid > 0)::int
  where w.tenant_id = p_tenant_id and w.id = p_wallet_id
  returning w.posted, w.sequence into left_posted, left_sequence;
  if paid > 0 then
    insert into transfers (
      tenant_id, id, kind, debit_account_id, credit_account_id, amount, debit_sequence, debit_balance_after,
      description, created_at
    ) values (
      p_tenant_id, p_transfer_id, 'debt_repaid', p_wallet_id, 'debt:' || p_wallet_id, paid, left_sequence, left_posted,
      'Paid back: refunded tokens that had already been spent', p_now
    );
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION public.job_figures(p_now timestamp with time zone, OUT due bigint, OUT oldest_due_at timestamp with time zone, OUT failed bigint)
 RETURNS record
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  select
    count(*) filter (where j.attempts < j.max_attempts and j.run_at <= p_now and j.locked_at is null),
    min(j.run_at) filter (where j.attempts < j.max_attempts and j.run_at <= p_now and j.locked_at is null),
    count(*) filter (where j.attempts >= j.max_attempts)
  from graphile_worker.jobs j;
$function$;

CREATE OR REPLACE FUNCTION public.lease_ms(s public.sessions)
 RETURNS bigint
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$ select case when s.is_first_beat_due or s.is_lease_short then 45000 else 130000 end::bigint $function$;

CREATE OR REPLACE FUNCTION public.left_ms(s public.sessions, p_at timestamp with time zone)
 RETURNS bigint
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select case when s.status not in ('active', 'paused') or s.is_final then 0
    else greatest(0, least(
      least(lease_ms(s), coalesce(s.told_ms, case when s.status = 'active' then s.duration_ms else s.used_ms end) - s.used_ms)
        - greatest(0, ms_between(s.last_beat_at, p_at)),
      86400000 - ms_between(s.created_at, p_at))) end
$function$;

CREATE OR REPLACE FUNCTION public.log_time(p_tenant_id text, p_kind text, p_session_id text, p_at timestamp with time zone, p_sequence bigint, p_active_ms bigint, p_counted_ms bigint, p_unbilled_ms bigint)
 RETURNS void
 LANGUAGE sql
AS $function$
  insert into beat_batches (tenant_id, at, kind, session_ids, ats, sequences, active_ms, counted_ms, unbilled_ms, finals,
    origins)
  values (p_tenant_id, p_at, p_kind, array[p_session_id], array[p_at], array[p_sequence], array[p_active_ms::integer],
    array[p_counted_ms::integer], array[p_unbilled_ms::integer], array[false], array[null::integer]);
$function$;

CREATE OR REPLACE FUNCTION public.ms_between(p_from timestamp with time zone, p_to timestamp with time zone)
 RETURNS bigint
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$ select (date_part('epoch', p_to - p_from) * 1000)::bigint $function$;

CREATE OR REPLACE FUNCTION public.next_sweep_at(s public.sessions, p_at timestamp with time zone)
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$
  select least(
    s.created_at + interval '24 hours',
    case s.status
      when 'pending' then s.launch_expires_at + interval '5 minutes'
      when 'active' then least(
        s.last_beat_at + 1800001 * interval '1 millisecond',
        case when not s.is_final and s.told_ms is null and s.duration_ms - s.used_ms <= lease_ms(s)
          then s.last_beat_at + (lease_ms(s) + 1) * interval '1 millisecond'
          else p_at + greatest(s.duration_ms - s.used_ms - 130000, 45001) * interval '1 millisecond' end)
      when 'paused' then s.paused_at + (1800001 - s.paused_ms) * interval '1 millisecond'
    end)
$function$;

CREATE OR REPLACE FUNCTION public.over_reason(s public.sessions, p_at timestamp with time zone)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select case s.status
    when 'pending' then
      case when p_at - s.launch_expires_at >= interval '5 minutes' or p_at - s.created_at >= interval '24 hours'
        then 'cancelled' end
    when 'active' then
      case
        when s.used_ms >= s.duration_ms then 'expired'
        -- Paid time ran out within the lease, and the beat at zero did not come.
        when not s.is_final and s.told_ms is null and s.duration_ms - s.used_ms <= lease_ms(s)
          and ms_between(s.last_beat_at, p_at) > lease_ms(s) then 'expired'
        when p_at - s.created_at >= interval '24 hours' then 'expired'
        when ms_between(s.last_beat_at, p_at) > 1800000 then 'abandoned'
      end
    when 'paused' then
      case
        when s.used_ms >= s.duration_ms or p_at - s.created_at >= interval '24 hours' then 'expired'
        when s.paused_ms + ms_between(s.paused_at, p_at) > 1800000 then 'abandoned'
      end
  end
$function$;

CREATE OR REPLACE FUNCTION public.pay_out(p_tenant_id text, p_payout_id text, p_transfer_id text, p_reference text, p_now timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
declare
  payout record;
  balance bigint;
begin
  perform refuse_other_tenants(array[p_tenant_id]);
  select p.provider_id, p.amount, p.status into strict payout
  from payouts p where p.tenant_id = p_tenant_id and p.id = p_payout_id for update;
  if payout.status <> 'pending' then
    raise exception 'payout % is %', p_payout_id, payout.status using errcode = 'integrity_constraint_violation';
  end if;
  perform pg_advisory_xact_lock(hashtextextended(p_tenant_id || payout.provider_id, 0));
  with rolled as (
    select coalesce(max(r.balance), 0) as balance, coalesce(max(r.written_before::text)::xid8, '0'::xid8) as written_before
    from account_rollups r where r.tenant_id = p_tenant_id and r.account_id = payout.provider_id
  )
  select r.balance
    + coalesce((select sum(t.amount) from transfers t where t.tenant_id = p_tenant_id
        and t.credit_account_id = payout.provider_id and t.credit_sequence is null and t.written_by >= r.written_before), 0)
    - coalesce((select sum(t.amount) from transfers t where t.tenant_id = p_tenant_id
        and t.debit_account_id = payout.provider_id and t.debit_sequence is null and t.written_by >= r.written_before), 0)
  into strict balance from rolled r;
  if payout.amount > balance then
    raise exception 'payout % of % exceeds the % that % has', p_payout_id, payout.amount, balance, payout.provider_id
      using errcode = 'integrity_constraint_violation';
  end if;
  insert into transfers (tenant_id, id, kind, debit_account_id, credit_account_id, amount, description, created_at)
  values (p_tenant_id, p_transfer_id, 'payout', payout.provider_id, 'payouts', payout.amount, 'Payout ' || p_reference, p_now);
  update payouts p set status = 'paid', reference = p_reference, transfer_id = p_transfer_id, settled_at = p_now
  where p.tenant_id = p_tenant_id and p.id = p_payout_id;
end
$function$;

CREATE OR REPLACE FUNCTION public.place_holds(p_tenant_ids text[], p_wallet_ids text[], p_hold_ids text[], p_references text[], p_amounts bigint[], p_times timestamp with time zone[])
 RETURNS TABLE(ordinal bigint, placed boolean, available bigint, debt bigint)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
begin
  perform refuse_other_tenants(p_tenant_ids);
  if 0 > any (p_amounts) then
    raise exception 'a hold is of nothing or more' using errcode = 'integrity_constraint_violation';
  end if;
  if exists (
    select from unnest(p_tenant_ids, p_wallet_ids, p_hold_ids) as i (tenant_id, wallet_id, hold_id)
    where i.hold_id is not null group by i.tenant_id, i.wallet_id having count(*) > 1
  ) then
    raise exception 'a batch places one hold on each wallet' using errcode = 'integrity_constraint_violation';
  end if;
  perform from wallets w
  join unnest(p_tenant_ids, p_wallet_ids, p_hold_ids) as i (tenant_id, wallet_id, hold_id)
    on w.tenant_id = i.tenant_id and w.id = i.wallet_id and i.hold_id is not null
  order by w.tenant_id, w.id
  for update of w;

  return query
  with input as materialized (
    select * from unnest(p_tenant_ids, p_wallet_ids, p_hold_ids, p_references, p_amounts, p_times) with ordinality
      as i (tenant_id, wallet_id, hold_id, reference, amount, at, ordinal)
    where i.hold_id is not null
  ), locked as materialized (
    select i.*, w.debt = 0 and w.posted - w.held >= i.amount as is_enough, w.posted - w.held as available, w.debt
    from input i join wallets w on w.tenant_id = i.tenant_id and w.id = i.wallet_id
  ), reserved as (
    update wallets w set held = w.held + l.amount
    from locked l
    where w.tenant_id = l.tenant_id and w.id = l.wallet_id and l.is_enough and l.amount > 0
  ), written as (
    insert into holds (tenant_id, id, wallet_id, reference, amount, created_at)
    select l.tenant_id, l.hold_id, l.wallet_id, l.reference, l.amount, l.at
    from locked l where l.is_enough and l.amount > 0
  )
  select l.ordinal, l.is_enough, l.available - (case when l.is_enough then l.amount else 0 end), l.debt from locked l;
end
$function$;

CREATE OR REPLACE FUNCTION public.refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception '% is append-only: % refused', tg_table_name, tg_op using errcode = 'restrict_violation';
end
$function$;

CREATE OR REPLACE FUNCTION public.refuse_other_tenants(p_tenant_ids text[])
 RETURNS void
 LANGUAGE plpgsql
 STABLE
AS $function$
declare
  caller name;
begin
  if current_setting('role') = 'tm_batch' then
    return;
  end if;
  caller := coalesce(nullif(current_setting('role'), 'none'), session_user);
  if pg_has_role(caller, 'tm_ledger', 'member') then
    return;
  end if;
  if exists (select from unnest(p_tenant_ids) t where t is distinct from current_tenant()) then
    raise exception 'tenant % moves no tokens of another', current_tenant() using errcode = 'insufficient_privilege';
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION public.refuse_to_change_what_ended()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception '% of % has ended: % refused', old.id, tg_table_name, tg_op using errcode = 'restrict_violation';
end
$function$;

CREATE OR REPLACE FUNCTION public.refuse_to_change_what_was_paid()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception 'purchase % was paid: % refused', old.id, tg_op using errcode = 'restrict_violation';
end
$function$;

CREATE OR REPLACE FUNCTION public.refuse_what_is_not_of_the_wallet()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if new.purchase_id is not null and not exists (
    select from purchases p where p.tenant_id = new.tenant_id and p.id = new.purchase_id
      and (p.user_id in (new.debit_account_id, new.credit_account_id) or new.debit_account_id = 'debt:' || p.user_id)
  ) then
    raise exception 'purchase % is not of the wallet', new.purchase_id using errcode = 'integrity_constraint_violation';
  end if;
  if new.reverses_id is not null and not exists (
    select from transfers t where t.tenant_id = new.tenant_id and t.id = new.reverses_id
      and t.purchase_id is not distinct from new.purchase_id
      and (t.credit_account_id in (new.debit_account_id, new.credit_account_id)
        or new.debit_account_id = 'debt:' || t.credit_account_id)
  ) then
    raise exception 'transfer % did not credit the wallet for that purchase', new.reverses_id
      using errcode = 'integrity_constraint_violation';
  end if;
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION public.reverse_credit(p_tenant_id text, p_wallet_id text, p_kind text, p_to_account_id text, p_amount bigint, p_purchase_id text, p_reverses_id text, p_description text, p_transfer_ids text[], p_now timestamp with time zone, OUT taken bigint, OUT owed bigint)
 RETURNS record
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
declare
  left_posted bigint;
  left_sequence bigint;
begin
  perform refuse_other_tenants(array[p_tenant_id]);
  if (p_amount > 0) is not true then
    raise exception 'what is taken back is more than nothing' using errcode = 'integrity_constraint_violation';
  end if;
  select least(w.posted - w.held, p_amount) into strict taken
  from wallets w where w.tenant_id = p_tenant_id and w.id = p_wallet_id for update;
  owed := p_amount - taken;
  update wallets w set posted = w.posted - taken, debt = w.debt + owed, sequence = w.sequence + (taken > 0)::int
  where w.tenant_id = p_tenant_id and w.id = p_wallet_id
  returning w.posted, w.sequence into left_posted, left_sequence;
  if taken > 0 then
    insert into transfers (
      tenant_id, id, kind, debit_account_id, credit_account_id, amount, debit_sequence, debit_balance_after,
      purchase_id, reverses_id, description, created_at
    ) values (
      p_tenant_id, p_transfer_ids[1], p_kind, p_wallet_id, p_to_account_id, taken, left_sequence, left_posted,
      p_purchase_id, p_reverses_id, p_description, p_now
    );
  end if;
  if owed > 0 then
    insert into transfers (
      tenant_id, id, kind, debit_account_id, credit_account_id, amount, purchase_id, reverses_id, description, created_at,
      owed_after
    ) values (
      p_tenant_id, p_transfer_ids[2], 'debt', 'debt:' || p_wallet_id, p_to_account_id, owed,
      p_purchase_id, p_reverses_id, 'Owed: refunded tokens that had already been spent', p_now,
      left_sequence
    );
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION public.roll_up_accounts()
 RETURNS bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
declare
  since xid8;
  horizon xid8;
  moved bigint;
begin
  select w.written_before into strict since from account_watermark w for update;
  if since > pg_snapshot_xmax(pg_current_snapshot()) then
    update account_rollups set balance = 0, written_before = '0'::xid8;
    since := '0'::xid8;
  end if;
  horizon := pg_snapshot_xmin(pg_current_snapshot());
  if horizon <= since then
    return 0;
  end if;
  with amounts as (
    select t.tenant_id, a.account_id, sum(a.amount) as amount
    from transfers t
    cross join lateral (
      values (t.credit_account_id, t.amount, t.credit_sequence), (t.debit_account_id, -t.amount, t.debit_sequence)
    ) a (account_id, amount, wallet_sequence)
    left join account_rollups r on r.tenant_id = t.tenant_id and r.account_id = a.account_id
    where t.written_by >= since and t.written_by < horizon
      and a.wallet_sequence is null
      -- An instance of the version before may have moved this account alone.
      and t.written_by >= coalesce(r.written_before, '0'::xid8)
    group by t.tenant_id, a.account_id
  ), kept as (
    insert into account_rollups as r (tenant_id, account_id, balance, written_before)
    select m.tenant_id, m.account_id, m.amount, horizon from amounts m order by m.tenant_id, m.account_id
    on conflict (tenant_id, account_id) do update set
      balance = r.balance + excluded.balance, written_before = excluded.written_before
    returning r.account_id
  )
  select count(*) into moved from kept;
  update account_watermark set written_before = horizon;
  return moved;
end
$function$;

CREATE OR REPLACE FUNCTION public.running_sweep_at(p_at timestamp with time zone, p_remaining_ms bigint)
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$ select p_at + least(1800001, greatest(p_remaining_ms, 45001)) * interval '1 millisecond' $function$;

CREATE OR REPLACE FUNCTION public.search_catalogue(p_words text[], p_category text, p_after text, p_limit integer)
 RETURNS SETOF text
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
 SET enable_seqscan TO 'off'
 SET enable_sort TO 'off'
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION public.served_ms(s public.sessions, p_at timestamp with time zone)
 RETURNS bigint
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select case when s.status not in ('active', 'paused') or s.is_final then 0
    else greatest(0, least(
      ms_between(s.last_beat_at, p_at),
      lease_ms(s),
      coalesce(s.told_ms, case when s.status = 'active' then s.duration_ms else s.used_ms end) - s.used_ms)) end
$function$;

CREATE OR REPLACE FUNCTION public.shown_ms(l public.left_leases, p_at timestamp with time zone)
 RETURNS bigint
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$ select coalesce(l.shown_ms, least(l.lease_ms, greatest(0, ms_between(l.left_at, p_at)))) $function$;

CREATE OR REPLACE FUNCTION public.unfolded_beats(p_session_id text)
 RETURNS TABLE(kind text, at timestamp with time zone, sequence bigint, active_ms integer, counted_ms integer, unbilled_ms integer, final boolean, origin integer)
 LANGUAGE sql
 STABLE SECURITY DEFINER ROWS 50
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
 SET enable_seqscan TO 'off'
AS $function$
  select b.kind, t.at, t.sequence, t.active_ms, t.counted_ms, t.unbilled_ms, t.final, t.origin
  from beat_batches b
  cross join lateral unnest(
      b.session_ids, b.ats, b.sequences, b.active_ms, b.counted_ms, b.unbilled_ms, b.finals, b.origins)
    as t (session_id, at, sequence, active_ms, counted_ms, unbilled_ms, final, origin)
  where beat_keys(b.session_ids) @> beat_keys(array[p_session_id]) and t.session_id = p_session_id
    and b.tenant_id = current_tenant()
$function$;

CREATE OR REPLACE FUNCTION public.unvouched_ms(s public.sessions, p_at timestamp with time zone)
 RETURNS bigint
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select case
    when s.is_final then 0
    when s.is_lease_short or ms_between(s.last_beat_at, p_at) <= 45000 then counted_ms(s, p_at, null)
    else 0
  end
$function$;

-- triggers

CREATE TRIGGER audit_entries_are_append_only BEFORE DELETE OR UPDATE ON public.audit_entries FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER audit_entries_are_not_truncated BEFORE TRUNCATE ON public.audit_entries FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER audit_links_are_append_only BEFORE DELETE OR UPDATE ON public.audit_links FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER audit_links_are_not_truncated BEFORE TRUNCATE ON public.audit_links FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER holds_are_not_deleted BEFORE DELETE ON public.holds FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER resolved_holds_stay_as_they_are AFTER UPDATE ON public.holds FOR EACH ROW WHEN ((old.resolution IS NOT NULL)) EXECUTE FUNCTION public.refuse_to_change_what_ended();

CREATE TRIGGER settled_payouts_stay_as_they_are AFTER UPDATE ON public.payouts FOR EACH ROW WHEN ((old.status <> 'pending'::text)) EXECUTE FUNCTION public.refuse_to_change_what_ended();

CREATE TRIGGER paid_purchases_stay_paid AFTER UPDATE ON public.purchases FOR EACH ROW WHEN (((old.paid_at IS NOT NULL) AND ((((((old.paid_at IS DISTINCT FROM new.paid_at) OR (old.user_id IS DISTINCT FROM new.user_id)) OR (old.tokens IS DISTINCT FROM new.tokens)) OR (old.amount_cents IS DISTINCT FROM new.amount_cents)) OR (old.currency IS DISTINCT FROM new.currency)) OR ((old.status <> ALL (ARRAY['pending'::text, 'failed'::text])) AND (new.status = ANY (ARRAY['pending'::text, 'failed'::text])))))) EXECUTE FUNCTION public.refuse_to_change_what_was_paid();

CREATE TRIGGER ended_sessions_stay_as_they_are AFTER UPDATE ON public.sessions FOR EACH ROW WHEN (((old.status = 'ended'::text) AND (old.* IS DISTINCT FROM new.*))) EXECUTE FUNCTION public.refuse_to_change_what_ended();

CREATE TRIGGER transfers_are_append_only BEFORE DELETE OR UPDATE ON public.transfers FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER transfers_are_not_truncated BEFORE TRUNCATE ON public.transfers FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER transfers_are_of_the_wallet AFTER INSERT ON public.transfers FOR EACH ROW WHEN (((new.kind <> 'correction'::text) AND ((new.purchase_id IS NOT NULL) OR (new.reverses_id IS NOT NULL)))) EXECUTE FUNCTION public.refuse_what_is_not_of_the_wallet();

CREATE TRIGGER wallets_are_not_renamed BEFORE UPDATE OF id ON public.wallets FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

-- row level security

create policy batches_see_all on graphile_worker._private_job_queues as permissive for all to tm_batch using (true) with check (true);

create policy batches_see_all on graphile_worker._private_jobs as permissive for all to tm_batch using (true) with check (true);

create policy batches_see_all on graphile_worker._private_known_crontabs as permissive for all to tm_batch using (true) with check (true);

create policy batches_see_all on graphile_worker._private_tasks as permissive for all to tm_batch using (true) with check (true);

create policy batches_see_all on public.account_rollups as permissive for all to tm_batch using (true) with check (true);

create policy ledger_sees_all on public.account_rollups as permissive for all to tm_ledger using (true) with check (true);

create policy tenant_sees_its_own on public.account_rollups as permissive for all to tm_app using ((tenant_id = public.current_tenant())) with check ((tenant_id = public.current_tenant()));

create policy batches_see_all on public.activity_people as permissive for all to tm_batch using (true) with check (true);

create policy tenant_sees_its_own on public.activity_people as permissive for all to tm_app using ((tenant_id = public.current_tenant())) with check ((tenant_id = public.current_tenant()));

create policy batches_see_all on public.activity_quarters as permissive for all to tm_batch using (true) with check (true);

create policy tenant_sees_its_own on public.activity_quarters as permissive for all to tm_app using ((tenant_id = public.current_tenant())) with check ((tenant_id = public.current_tenant()));

create policy batches_see_all on public.api_keys as permissive for all to tm_batch using (true) with check (true);

create policy tenant_sees_its_own on public.api_keys as permissive for all to tm_app using ((tenant_id = public.current_tenant())) with check ((tenant_id = public.current_tenant()));

create policy batches_see_all on public.audit_chain_keys as permissive for all to tm_batch using (true) with check (true);

create policy batches_see_all on public.audit_entries as permissive for all to tm_batch using (true) with check (true);

create policy tenant_sees_its_own on public.audit_entries as permissive for all to tm_app using ((tenant_id = public.current_tenant())) with check ((tenant_id = public.current_tenant()));

create policy batches_see_all on public.audit_links as permissive for all to tm_batch using (true) with check (true);

create policy tenant_sees_its_own on public.audit_links as permissive for select to tm_app using ((tenant_id = public.current_tenant()));

create policy batches_see_all on public.audit_unchained as permissive for all to tm_batch using (true) with check (true);

create policy tenant_adds_its_own on public.audit_unchained as permissive for insert to tm_app with check ((tenant_id = public.current_tenant()));

create policy batches_see_all on public.beat_batches as permissive for all to tm_batch using (true) with check (true);

create policy tenant_sees_its_own on public.beat_batches as permissive for all to tm_app using ((tenant_id = public.current_tenant())) with check ((tenant_id = public.current_tenant()));

create policy batches_see_all on public.events as permissive for all to tm_batch using (true) with check (true);

create policy tenant_sees_its_own on public.events as permissive for all to tm_app using ((tenant_id = public.current_tenant())) with check ((tenant_id = public.current_tenant()));

create policy batches_see_all on public.experiment_quarters as permissive for all to tm_batch using (true) with check (true);

create policy tenant_sees_its_own on public.experiment_quarters as permissive for all to tm_app using ((tenant_id = public.current_tenant())) with check ((tenant_id = public.current_tenant()));

create policy batches_see_all on public.exposures as permissive for all to tm_batch using (true) with check (true);

create policy tenant_sees_its_own on public.exposures as permissive for all to tm_app using ((tenant_id = public.current_tenant())) with check ((tenant_id = public.current_tenant()));

create policy batches_see_all on public.holds as permissive for all to tm_batch using (true) with check (true);

create policy ledger_sees_all on public.holds as permissive for all to tm_ledger using (true) with check (true);

create policy tenant_sees_its_own on public.holds as permissive for all to tm_app using ((tenant_id = public.current_tenant())) with check ((tenant_id = public.current_tenant()));

create policy batches_see_all on public.idempotency_keys as permissive for all to tm_batch using (true) with check (true);

create policy tenant_sees_its_own on public.idempotency_keys as permissive for all to tm_app using ((tenant_id = public.current_tenant())) with check ((tenant_id = public.current_tenant()));

create policy batches_see_all on public.invitation_mails as permissive for all to tm_batch using (true) with check (true);

create policy tenant_sees_its_own on public.invitation_mails as permissive for all to tm_app using ((tenant_id = public.current_tenant())) with check ((tenant_id = public.current_tenant()));

create policy batches_see_all on public.left_leases as permissive for all to tm_batch using (true) with check (true);

create policy tenant_sees_its_own on public.left_leases as permissive for all to tm_app using ((tenant_id = public.current_tenant())) with check ((tenant_id = public.current_tenant()));

create policy batches_see_all on public.listing_views as permissive for all to tm_batch using (true) with check (true);

create policy tenant_sees_its_own on public.listing_views as permissive for all to tm_app using ((tenant_id = public.current_tenant())) with check ((tenant_id = public.current_tenant()));

create policy batches_see_all on public.mailed_links as permissive for all to tm_batch using (true) with check (true);

create policy tenant_sees_its_own on public.mailed_links as permissive for all to tm_app using ((tenant_id = public.current_tenant())) with check ((tenant_id = public.current_tenant()));

create policy batches_see_all on public.outcome_quarters as permissive for all to tm_batch using (true) with check (true);

create policy tenant_sees_its_own on public.outcome_quarters as permissive for all to tm_app using ((tenant_id = public.current_tenant())) with check ((tenant_id = public.current_tenant()));

create policy batches_see_all on public.payouts as permissive for all to tm_batch using (true) with check (true);

create policy ledger_sees_all on public.payouts as permissive for all to tm_ledger using (true) with check (true);

create policy tenant_sees_its_own on public.payouts as permissive for all to tm_app using ((tenant_id = public.current_tenant())) with check ((tenant_id = public.current_tenant()));

create policy batches_see_all on public.provider_invitations as permissive for all to tm_batch using (true) with check (true);

create policy tenant_sees_its_own on public.provider_invitations as permissive for all to tm_app using ((tenant_id = public.current_tenant())) with check ((tenant_id = public.current_tenant()));

create policy batches_see_all on public.provider_members as permissive for all to tm_batch using (true) with check (true);

create policy tenant_sees_its_own on public.provider_members as permissive for all to tm_app using ((tenant_id = public.current_tenant())) with check ((tenant_id = public.current_tenant()));

create policy batches_see_all on public.provider_spending_limits as permissive for all to tm_batch using (true) with check (true);

create policy tenant_sees_its_own on public.provider_spending_limits as permissive for all to tm_app using ((tenant_id = public.current_tenant())) with check ((tenant_id = public.current_tenant()));

create policy batches_see_all on public.provider_themes as permissive for all to tm_batch using (true) with check (true);

create policy tenant_sees_its_own on public.provider_themes as permissive for all to tm_app using ((tenant_id = public.current_tenant())) with check ((tenant_id = public.current_tenant()));

create policy batches_see_all on public.providers as permissive for all to tm_batch using (true) with check (true);

create policy catalogue_sees_all on public.providers as permissive for select to tm_catalogue using (true);

create policy tenant_sees_its_own on public.providers as permissive for all to tm_app using ((tenant_id = public.current_tenant())) with check ((tenant_id = public.current_tenant()));

create policy batches_see_all on public.purchases as permissive for all to tm_batch using (true) with check (true);

create policy ledger_sees_all on public.purchases as permissive for all to tm_ledger using (true) with check (true);

create policy tenant_sees_its_own on public.purchases as permissive for all to tm_app using ((tenant_id = public.current_tenant())) with check ((tenant_id = public.current_tenant()));

create policy batches_see_all on public.refresh_tokens as permissive for all to tm_batch using (true) with check (true);

create policy tenant_sees_its_own on public.refresh_tokens as permissive for all to tm_app using ((tenant_id = public.current_tenant())) with check ((tenant_id = public.current_tenant()));

create policy batches_see_all on public.refunds as permissive for all to tm_batch using (true) with check (true);

create policy tenant_sees_its_own on public.refunds as permissive for all to tm_app using ((tenant_id = public.current_tenant())) with check ((tenant_id = public.current_tenant()));

create policy batches_see_all on public.session_beats as permissive for all to tm_batch using (true) with check (true);

create policy tenant_sees_its_own on public.session_beats as permissive for all to tm_app using ((tenant_id = public.current_tenant())) with check ((tenant_id = public.current_tenant()));

create policy batches_see_all on public.sessions as permissive for all to tm_batch using (true) with check (true);

create policy tenant_sees_its_own on public.sessions as permissive for all to tm_app using ((tenant_id = public.current_tenant())) with check ((tenant_id = public.current_tenant()));

create policy batches_see_all on public.spending_limits as permissive for all to tm_batch using (true) with check (true);

create policy tenant_sees_its_own on public.spending_limits as permissive for all to tm_app using ((tenant_id = public.current_tenant())) with check ((tenant_id = public.current_tenant()));

create policy batches_see_all on public.stripe_disputes as permissive for all to tm_batch using (true) with check (true);

create policy tenant_sees_its_own on public.stripe_disputes as permissive for all to tm_app using ((tenant_id = public.current_tenant())) with check ((tenant_id = public.current_tenant()));

create policy batches_see_all on public.stripe_refunds as permissive for all to tm_batch using (true) with check (true);

create policy tenant_sees_its_own on public.stripe_refunds as permissive for all to tm_app using ((tenant_id = public.current_tenant())) with check ((tenant_id = public.current_tenant()));

create policy batches_see_all on public.transfers as permissive for all to tm_batch using (true) with check (true);

create policy ledger_sees_all on public.transfers as permissive for all to tm_ledger using (true) with check (true);

create policy tenant_sees_its_own on public.transfers as permissive for all to tm_app using ((tenant_id = public.current_tenant())) with check ((tenant_id = public.current_tenant()));

create policy batches_see_all on public.unbilled_time as permissive for all to tm_batch using (true) with check (true);

create policy tenant_sees_its_own on public.unbilled_time as permissive for all to tm_app using ((tenant_id = public.current_tenant())) with check ((tenant_id = public.current_tenant()));

create policy batches_see_all on public.unconfirmed_mails as permissive for all to tm_batch using (true) with check (true);

create policy tenant_sees_its_own on public.unconfirmed_mails as permissive for all to tm_app using ((tenant_id = public.current_tenant())) with check ((tenant_id = public.current_tenant()));

create policy batches_see_all on public.unusual_providers as permissive for all to tm_batch using (true) with check (true);

create policy tenant_sees_its_own on public.unusual_providers as permissive for all to tm_app using ((tenant_id = public.current_tenant())) with check ((tenant_id = public.current_tenant()));

create policy batches_see_all on public.users as permissive for all to tm_batch using (true) with check (true);

create policy tenant_sees_its_own on public.users as permissive for all to tm_app using ((tenant_id = public.current_tenant())) with check ((tenant_id = public.current_tenant()));

create policy batches_see_all on public.wallets as permissive for all to tm_batch using (true) with check (true);

create policy ledger_sees_all on public.wallets as permissive for all to tm_ledger using (true) with check (true);

create policy tenant_sees_its_own on public.wallets as permissive for all to tm_app using ((tenant_id = public.current_tenant())) with check ((tenant_id = public.current_tenant()));

create policy batches_see_all on public.webhook_attempts as permissive for all to tm_batch using (true) with check (true);

create policy tenant_sees_its_own on public.webhook_attempts as permissive for all to tm_app using ((tenant_id = public.current_tenant())) with check ((tenant_id = public.current_tenant()));

create policy batches_see_all on public.webhook_deliveries as permissive for all to tm_batch using (true) with check (true);

create policy tenant_sees_its_own on public.webhook_deliveries as permissive for all to tm_app using ((tenant_id = public.current_tenant())) with check ((tenant_id = public.current_tenant()));

create policy batches_see_all on public.webhook_endpoints as permissive for all to tm_batch using (true) with check (true);

create policy tenant_sees_its_own on public.webhook_endpoints as permissive for all to tm_app using ((tenant_id = public.current_tenant())) with check ((tenant_id = public.current_tenant()));

-- privileges

grant execute on function public.audit_text(e public.audit_entries) to public;

grant execute on function public.beat_keys(p_session_ids text[]) to public;

grant execute on function public.capture_holds(p_tenant_ids text[], p_references text[], p_amounts bigint[], p_provider_ids text[], p_fee_basis_points integer[], p_descriptions text[], p_charge_ids text[], p_fee_ids text[], p_debt_ids text[], p_times timestamp with time zone[]) to tm_app;

grant execute on function public.capture_holds(p_tenant_ids text[], p_references text[], p_amounts bigint[], p_provider_ids text[], p_fee_basis_points integer[], p_descriptions text[], p_charge_ids text[], p_fee_ids text[], p_debt_ids text[], p_times timestamp with time zone[]) to tm_batch;

grant execute on function public.catalogue_keys(p_tenant_id text, p_category text, p_text text) to public;

grant execute on function public.counted_ms(s public.sessions, p_at timestamp with time zone, p_active_ms bigint) to public;

grant execute on function public.credit_wallet(p_tenant_id text, p_wallet_id text, p_kind text, p_from_account_id text, p_amount bigint, p_purchase_id text, p_reverses_id text, p_description text, p_transfer_ids text[], p_now timestamp with time zone) to tm_app;

grant execute on function public.credit_wallet(p_tenant_id text, p_wallet_id text, p_kind text, p_from_account_id text, p_amount bigint, p_purchase_id text, p_reverses_id text, p_description text, p_transfer_ids text[], p_now timestamp with time zone) to tm_batch;

grant execute on function public.current_tenant() to public;

grant execute on function public.current_tenant() to tm_catalogue;

grant execute on function public.enqueue_job(p_task text, p_payload json, p_run_at timestamp with time zone, p_job_key text) to tm_app;

grant execute on function public.enqueue_job(p_task text, p_payload json, p_run_at timestamp with time zone, p_job_key text) to tm_batch;

grant execute on function public.job_figures(p_now timestamp with time zone, OUT due bigint, OUT oldest_due_at timestamp with time zone, OUT failed bigint) to tm_batch;

grant execute on function public.lease_ms(s public.sessions) to public;

grant execute on function public.left_ms(s public.sessions, p_at timestamp with time zone) to public;

grant execute on function public.log_time(p_tenant_id text, p_kind text, p_session_id text, p_at timestamp with time zone, p_sequence bigint, p_active_ms bigint, p_counted_ms bigint, p_unbilled_ms bigint) to public;

grant execute on function public.ms_between(p_from timestamp with time zone, p_to timestamp with time zone) to public;

grant execute on function public.next_sweep_at(s public.sessions, p_at timestamp with time zone) to public;

grant execute on function public.over_reason(s public.sessions, p_at timestamp with time zone) to public;

grant execute on function public.pay_out(p_tenant_id text, p_payout_id text, p_transfer_id text, p_reference text, p_now timestamp with time zone) to tm_app;

grant execute on function public.pay_out(p_tenant_id text, p_payout_id text, p_transfer_id text, p_reference text, p_now timestamp with time zone) to tm_batch;

grant execute on function public.place_holds(p_tenant_ids text[], p_wallet_ids text[], p_hold_ids text[], p_references text[], p_amounts bigint[], p_times timestamp with time zone[]) to tm_app;

grant execute on function public.place_holds(p_tenant_ids text[], p_wallet_ids text[], p_hold_ids text[], p_references text[], p_amounts bigint[], p_times timestamp with time zone[]) to tm_batch;

grant execute on function public.refuse_change() to public;

grant execute on function public.refuse_to_change_what_ended() to public;

grant execute on function public.refuse_to_change_what_was_paid() to public;

grant execute on function public.refuse_what_is_not_of_the_wallet() to public;

grant execute on function public.reverse_credit(p_tenant_id text, p_wallet_id text, p_kind text, p_to_account_id text, p_amount bigint, p_purchase_id text, p_reverses_id text, p_description text, p_transfer_ids text[], p_now timestamp with time zone, OUT taken bigint, OUT owed bigint) to tm_app;

grant execute on function public.reverse_credit(p_tenant_id text, p_wallet_id text, p_kind text, p_to_account_id text, p_amount bigint, p_purchase_id text, p_reverses_id text, p_description text, p_transfer_ids text[], p_now timestamp with time zone, OUT taken bigint, OUT owed bigint) to tm_batch;

grant execute on function public.roll_up_accounts() to tm_batch;

grant execute on function public.running_sweep_at(p_at timestamp with time zone, p_remaining_ms bigint) to public;

grant execute on function public.search_catalogue(p_words text[], p_category text, p_after text, p_limit integer) to tm_app;

grant execute on function public.served_ms(s public.sessions, p_at timestamp with time zone) to public;

grant execute on function public.shown_ms(l public.left_leases, p_at timestamp with time zone) to public;

grant execute on function public.unfolded_beats(p_session_id text) to tm_app;

grant execute on function public.unvouched_ms(s public.sessions, p_at timestamp with time zone) to public;

grant select on table public.account_rollups to tm_app;

grant select on table public.account_rollups to tm_batch;

grant insert, select, update on table public.account_rollups to tm_ledger;

grant select on table public.account_watermark to tm_batch;

grant select, update on table public.account_watermark to tm_ledger;

grant select on table public.activity_people to tm_app;

grant insert, select on table public.activity_people to tm_batch;

grant update on table public.activity_people (first_came) to tm_batch;

grant update on table public.activity_people (first_test_came) to tm_batch;

grant update on table public.activity_people (last_came) to tm_batch;

grant update on table public.activity_people (last_test_came) to tm_batch;

grant select on table public.activity_progress to tm_app;

grant select, update on table public.activity_progress to tm_batch;

grant select on table public.activity_quarters to tm_app;

grant delete, insert, select, update on table public.activity_quarters to tm_batch;

grant select on table public.analytics_progress to tm_app;

grant select, update on table public.analytics_progress to tm_batch;

grant insert, select on table public.api_keys to tm_app;

grant insert, select on table public.api_keys to tm_batch;

grant update on table public.api_keys (expires_at) to tm_app;

grant update on table public.api_keys (expires_at) to tm_batch;

grant update on table public.api_keys (last_used_at) to tm_app;

grant update on table public.api_keys (last_used_at) to tm_batch;

grant update on table public.api_keys (replaced_by_id) to tm_app;

grant update on table public.api_keys (replaced_by_id) to tm_batch;

grant update on table public.api_keys (revoked_at) to tm_app;

grant update on table public.api_keys (revoked_at) to tm_batch;

grant insert, select on table public.audit_chain_keys to tm_batch;

grant update on table public.audit_chain_keys (key_sealed) to tm_batch;

grant insert, select on table public.audit_entries to tm_app;

grant insert, select on table public.audit_entries to tm_batch;

grant select on table public.audit_links to tm_app;

grant insert, select on table public.audit_links to tm_batch;

grant insert on table public.audit_unchained to tm_app;

grant delete, insert, select on table public.audit_unchained to tm_batch;

grant insert, select on table public.beat_batches to tm_app;

grant delete, insert, select on table public.beat_batches to tm_batch;

grant insert, select on table public.events to tm_app;

grant insert, select on table public.events to tm_batch;

grant select on table public.experiment_quarters to tm_app;

grant delete, insert, select, update on table public.experiment_quarters to tm_batch;

grant insert, select on table public.exposures to tm_app;

grant select on table public.exposures to tm_batch;

grant select on table public.holds to tm_app;

grant select on table public.holds to tm_batch;

grant insert, select, update on table public.holds to tm_ledger;

grant delete, insert, select, update on table public.idempotency_keys to tm_app;

grant delete, insert, select, update on table public.idempotency_keys to tm_batch;

grant delete, insert, select, update on table public.invitation_mails to tm_app;

grant delete, insert, select, update on table public.invitation_mails to tm_batch;

grant delete, insert, select on table public.ledger_checks to tm_batch;

grant insert, select on table public.left_leases to tm_app;

grant delete, insert, select on table public.left_leases to tm_batch;

grant update on table public.left_leases (shown_ms) to tm_batch;

grant select on table public.listing_views to tm_app;

grant insert, select, update on table public.listing_views to tm_batch;

grant delete, insert, select, update on table public.mailed_links to tm_app;

grant delete, insert, select, update on table public.mailed_links to tm_batch;

grant select on table public.migrations to tm_app;

grant select on table public.migrations to tm_batch;

grant select on table public.outcome_quarters to tm_app;

grant delete, insert, select, update on table public.outcome_quarters to tm_batch;

grant select on table public.payouts to tm_app;

grant select on table public.payouts to tm_batch;

grant select on table public.payouts to tm_ledger;

grant insert on table public.payouts (amount) to tm_app;

grant insert on table public.payouts (amount) to tm_batch;

grant insert on table public.payouts (amount_cents) to tm_app;

grant insert on table public.payouts (amount_cents) to tm_batch;

grant insert on table public.payouts (created_at) to tm_app;

grant insert on table public.payouts (created_at) to tm_batch;

grant insert on table public.payouts (created_by) to tm_app;

grant insert on table public.payouts (created_by) to tm_batch;

grant insert on table public.payouts (currency) to tm_app;

grant insert on table public.payouts (currency) to tm_batch;

grant insert on table public.payouts (id) to tm_app;

grant insert on table public.payouts (id) to tm_batch;

grant insert on table public.payouts (provider_id) to tm_app;

grant insert on table public.payouts (provider_id) to tm_batch;

grant update on table public.payouts (reference) to tm_ledger;

grant update on table public.payouts (settled_at) to tm_app;

grant update on table public.payouts (settled_at) to tm_batch;

grant update on table public.payouts (settled_at) to tm_ledger;

grant update on table public.payouts (status) to tm_app;

grant update on table public.payouts (status) to tm_batch;

grant update on table public.payouts (status) to tm_ledger;

grant insert on table public.payouts (tenant_id) to tm_app;

grant insert on table public.payouts (tenant_id) to tm_batch;

grant update on table public.payouts (transfer_id) to tm_ledger;

grant delete, insert, select, update on table public.provider_invitations to tm_app;

grant delete, insert, select, update on table public.provider_invitations to tm_batch;

grant delete, insert, select, update on table public.provider_members to tm_app;

grant delete, insert, select, update on table public.provider_members to tm_batch;

grant delete, insert, select, update on table public.provider_spending_limits to tm_app;

grant delete, insert, select, update on table public.provider_spending_limits to tm_batch;

grant insert, select, update on table public.provider_themes to tm_app;

grant insert, select, update on table public.provider_themes to tm_batch;

grant insert, select, update on table public.providers to tm_app;

grant insert, select, update on table public.providers to tm_batch;

grant select on table public.providers (category) to tm_catalogue;

grant select on table public.providers (description) to tm_catalogue;

grant select on table public.providers (id) to tm_catalogue;

grant select on table public.providers (name) to tm_catalogue;

grant select on table public.providers (status) to tm_catalogue;

grant select on table public.providers (tenant_id) to tm_catalogue;

grant select on table public.purchases to tm_app;

grant select on table public.purchases to tm_batch;

grant insert on table public.purchases (amount_cents) to tm_app;

grant insert on table public.purchases (amount_cents) to tm_batch;

grant update on table public.purchases (checkout_session_id) to tm_app;

grant update on table public.purchases (checkout_session_id) to tm_batch;

grant update on table public.purchases (checkout_url) to tm_app;

grant update on table public.purchases (checkout_url) to tm_batch;

grant insert on table public.purchases (created_at) to tm_app;

grant insert on table public.purchases (created_at) to tm_batch;

grant insert on table public.purchases (currency) to tm_app;

grant insert on table public.purchases (currency) to tm_batch;

grant insert on table public.purchases (discount_percent) to tm_app;

grant insert on table public.purchases (discount_percent) to tm_batch;

grant update on table public.purchases (disputed_cents) to tm_batch;

grant insert on table public.purchases (id) to tm_app;

grant insert on table public.purchases (id) to tm_batch;

grant select on table public.purchases (id) to tm_ledger;

grant update on table public.purchases (is_disputed) to tm_batch;

grant update on table public.purchases (paid_at) to tm_batch;

grant update on table public.purchases (payment_intent_id) to tm_batch;

grant insert on table public.purchases (reconcile_at) to tm_app;

grant insert, update on table public.purchases (reconcile_at) to tm_batch;

grant update on table public.purchases (refunded_cents) to tm_batch;

grant insert on table public.purchases (request_subject) to tm_app;

grant insert on table public.purchases (request_subject) to tm_batch;

grant update on table public.purchases (reversed_tokens) to tm_batch;

grant insert, update on table public.purchases (status) to tm_app;

grant insert, update on table public.purchases (status) to tm_batch;

grant insert on table public.purchases (tenant_id) to tm_app;

grant insert on table public.purchases (tenant_id) to tm_batch;

grant select on table public.purchases (tenant_id) to tm_ledger;

grant insert on table public.purchases (token_price_cents) to tm_app;

grant insert on table public.purchases (token_price_cents) to tm_batch;

grant insert on table public.purchases (tokens) to tm_app;

grant insert on table public.purchases (tokens) to tm_batch;

grant insert on table public.purchases (user_id) to tm_app;

grant insert on table public.purchases (user_id) to tm_batch;

grant select on table public.purchases (user_id) to tm_ledger;

grant insert, select, update on table public.refresh_tokens to tm_app;

grant delete, insert, select, update on table public.refresh_tokens to tm_batch;

grant insert, select on table public.refunds to tm_app;

grant insert, select on table public.refunds to tm_batch;

grant update on table public.refunds (status) to tm_app;

grant update on table public.refunds (status) to tm_batch;

grant update on table public.refunds (stripe_refund_id) to tm_app;

grant update on table public.refunds (stripe_refund_id) to tm_batch;

grant select on table public.session_beats to tm_app;

grant delete, insert, select on table public.session_beats to tm_batch;

grant insert, select on table public.sessions to tm_app;

grant insert, select on table public.sessions to tm_batch;

grant update on table public.sessions (client_id) to tm_app;

grant update on table public.sessions (client_id) to tm_batch;

grant update on table public.sessions (duration_ms) to tm_app;

grant update on table public.sessions (duration_ms) to tm_batch;

grant update on table public.sessions (end_reason) to tm_app;

grant update on table public.sessions (end_reason) to tm_batch;

grant update on table public.sessions (ended_at) to tm_app;

grant update on table public.sessions (ended_at) to tm_batch;

grant update on table public.sessions (event_sequence) to tm_app;

grant update on table public.sessions (event_sequence) to tm_batch;

grant update on table public.sessions (held_jti) to tm_app;

grant update on table public.sessions (held_jti) to tm_batch;

grant update on table public.sessions (is_final) to tm_app;

grant update on table public.sessions (is_final) to tm_batch;

grant update on table public.sessions (is_first_beat_due) to tm_app;

grant update on table public.sessions (is_first_beat_due) to tm_batch;

grant update on table public.sessions (is_lease_short) to tm_app;

grant update on table public.sessions (is_lease_short) to tm_batch;

grant update on table public.sessions (is_paused_by_user) to tm_app;

grant update on table public.sessions (is_paused_by_user) to tm_batch;

grant update on table public.sessions (is_resumed_there) to tm_app;

grant update on table public.sessions (is_resumed_there) to tm_batch;

grant update on table public.sessions (last_beat_at) to tm_app;

grant update on table public.sessions (last_beat_at) to tm_batch;

grant update on table public.sessions (launch_digest) to tm_app;

grant update on table public.sessions (launch_digest) to tm_batch;

grant update on table public.sessions (launch_expires_at) to tm_app;

grant update on table public.sessions (launch_expires_at) to tm_batch;

grant update on table public.sessions (launch_jti) to tm_app;

grant update on table public.sessions (launch_jti) to tm_batch;

grant update on table public.sessions (launch_spent_by) to tm_app;

grant update on table public.sessions (launch_spent_by) to tm_batch;

grant update on table public.sessions (paused_at) to tm_app;

grant update on table public.sessions (paused_at) to tm_batch;

grant update on table public.sessions (paused_ms) to tm_app;

grant update on table public.sessions (paused_ms) to tm_batch;

grant update on table public.sessions (sequence) to tm_app;

grant update on table public.sessions (sequence) to tm_batch;

grant update on table public.sessions (started_at) to tm_app;

grant update on table public.sessions (started_at) to tm_batch;

grant update on table public.sessions (status) to tm_app;

grant update on table public.sessions (status) to tm_batch;

grant update on table public.sessions (sweep_at) to tm_app;

grant update on table public.sessions (sweep_at) to tm_batch;

grant update on table public.sessions (tokens_charged) to tm_app;

grant update on table public.sessions (tokens_charged) to tm_batch;

grant update on table public.sessions (tokens_held) to tm_app;

grant update on table public.sessions (tokens_held) to tm_batch;

grant update on table public.sessions (told_ms) to tm_app;

grant update on table public.sessions (told_ms) to tm_batch;

grant update on table public.sessions (unbilled_ms) to tm_app;

grant update on table public.sessions (unbilled_ms) to tm_batch;

grant update on table public.sessions (used_ms) to tm_app;

grant update on table public.sessions (used_ms) to tm_batch;

grant insert, select, update on table public.signing_keys to tm_batch;

grant delete, insert, select, update on table public.spending_limits to tm_app;

grant delete, insert, select, update on table public.spending_limits to tm_batch;

grant select on table public.stripe_disputes to tm_app;

grant insert, select, update on table public.stripe_disputes to tm_batch;

grant insert, select, update on table public.stripe_events to tm_batch;

grant select on table public.stripe_refunds to tm_app;

grant insert, select, update on table public.stripe_refunds to tm_batch;

grant select on table public.tenants to tm_app;

grant select on table public.tenants to tm_batch;

grant select on table public.transfers to tm_app;

grant select on table public.transfers to tm_batch;

grant insert, select on table public.transfers to tm_ledger;

grant insert, select, update on table public.unbilled_time to tm_app;

grant delete, insert, select, update on table public.unbilled_time to tm_batch;

grant delete, insert, select on table public.unconfirmed_mails to tm_app;

grant delete, insert, select on table public.unconfirmed_mails to tm_batch;

grant select on table public.unusual_providers to tm_app;

grant delete, insert, select, update on table public.unusual_providers to tm_batch;

grant insert, select, update on table public.users to tm_app;

grant insert, select, update on table public.users to tm_batch;

grant select on table public.wallets to tm_app;

grant select on table public.wallets to tm_batch;

grant select, update on table public.wallets to tm_ledger;

grant insert, update on table public.wallets (id) to tm_app;

grant insert, update on table public.wallets (id) to tm_batch;

grant insert on table public.wallets (tenant_id) to tm_app;

grant insert on table public.wallets (tenant_id) to tm_batch;

grant insert, select on table public.webhook_attempts to tm_app;

grant delete, insert, select on table public.webhook_attempts to tm_batch;

grant insert, select, update on table public.webhook_deliveries to tm_app;

grant delete, insert, select, update on table public.webhook_deliveries to tm_batch;

grant insert, select, update on table public.webhook_endpoints to tm_app;

grant delete, insert, select, update on table public.webhook_endpoints to tm_batch;
