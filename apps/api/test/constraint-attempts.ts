/**
 * For each constraint, unique index and trigger of the schema a statement that it alone refuses.
 *
 * @module
 */
import type { Row } from './constraint-rows.ts'

/**
 * What breaks a constraint: the columns in which a row differs from that of its table in `rowsOf`; in brackets, how a second one
 * differs from it, both written at once; or a statement.
 */
export type Break = Row | [second: Row] | string

const at = '2026-03-01T12:00:00Z'
const bytes = Buffer.from('x')
const others = Buffer.from('y')

const ended = { status: 'ended', end_reason: 'completed', ended_at: at, tokens_charged: 4 }
const correction = { kind: 'correction', reverses_id: 'trf_y' }
const noWallet = { credit_sequence: null, credit_balance_after: null }
const nobody = { user_id: 'usr_nobody' }
const nowhere = { provider_id: 'prv_nobody' }
const unknown = { status: 'x' }

/** By table and name. A primary key is not here where the very same row twice breaks it. */
export const BREAKS: Record<string, Record<string, Break>> = {
  account_watermark: {
    account_watermark_pkey: `insert into account_watermark (written_before) values ('0')`,
    one_row: 'update account_watermark set is_only_row = false',
  },
  activity_people: {
    activity_people_pkey: [{ number: 2 }],
    people_have_numbers_of_their_own: [{ user_id: 'usr_y' }],
  },
  activity_progress: {
    activity_progress_pkey: 'insert into activity_progress default values',
    one_row: 'update activity_progress set is_only_row = false',
  },
  api_keys: {
    api_keys_pkey: [{ secret_hash: others }],
    api_key_has_provider: nowhere,
    api_key_mode_is_known: { mode: 'x' },
    api_key_secret_is_unique: [{ id: 'key_y' }],
  },
  audit_chain_keys: { chain_keys_begin_at_one: { first_sequence: 0 } },
  audit_entries: {
    audit_actor_is_known: { actor_kind: 'x' },
    audit_entries_are_append_only: `update audit_entries set action = 'y'`,
    audit_entries_are_not_truncated: 'truncate audit_entries',
  },
  audit_links: {
    audit_links_pkey: [{ entry_id: 'aud_y' }],
    audit_entry_is_linked_once: [{ sequence: 1_001 }],
    audit_links_begin_at_one: { sequence: 0 },
    audit_links_are_append_only: 'delete from audit_links',
    audit_links_are_not_truncated: 'truncate audit_links',
  },
  beat_batches: { beat_kind_is_known: { kind: 'x' } },
  exposures: {
    exposure_has_session: { session_id: 'ses_nobody' },
    exposure_names_are_short: { variant: 'x'.repeat(65) },
  },
  holds: {
    hold_has_wallet: { wallet_id: 'usr_nobody' },
    hold_is_open_or_fully_accounted_for: { captured: 1 },
    hold_is_positive: { amount: 0 },
    resolution_is_known: { resolution: 'x', released: 4, resolved_at: at },
    holds_are_not_deleted: 'delete from holds',
    resolved_holds_stay_as_they_are: `update holds set reference = 'ses_x' where resolution is not null`,
  },
  left_leases: { left_lease_is_a_lease: { lease_ms: 130_001 }, shown_within_lease: { shown_ms: 2 } },
  listing_views: { views_are_positive: { views: 0 } },
  mailed_links: { mailed_link_has_user: nobody, mailed_link_purpose_is_known: { purpose: 'x' } },
  payouts: {
    paid_payouts_say_how: { status: 'paid', settled_at: at },
    payout_has_provider: nowhere,
    payout_has_transfer: { status: 'paid', settled_at: at, reference: 'x', transfer_id: 'trf_nobody' },
    payout_is_positive: { amount: 0 },
    payout_status_is_known: { ...unknown, settled_at: at },
    settled_payouts_say_when: { settled_at: at },
    settled_payouts_stay_as_they_are: `update payouts set settled_at = now() where status = 'cancelled'`,
  },
  provider_invitations: {
    provider_invitations_pkey: [{ email_normalized: 'y@example.com', token_hash: others }],
    address_is_invited_once: [{ id: 'inv_y', token_hash: others }],
    provider_invitations_by_token: [{ id: 'inv_y', email_normalized: 'y@example.com' }],
    invitation_has_provider: nowhere,
    invitation_role_is_known: { role: 'x' },
  },
  provider_members: {
    member_has_provider: nowhere,
    member_has_user: nobody,
    member_role_is_known: { role: 'x' },
  },
  provider_spending_limits: {
    provider_spending_limit_has_provider: nowhere,
    provider_spending_limit_has_user: nobody,
    provider_spending_limit_is_not_negative: { per_day_tokens: -1 },
  },
  provider_themes: { theme_has_provider: nowhere },
  providers: {
    held_addresses_wait_for_somebody: { held_addresses: {} },
    listing_change_is_whole: { changed_since: at },
    price_within_bounds: { tokens_per_minute: 10_001 },
    provider_has_owner: { owner_id: 'usr_nobody' },
    provider_status_is_known: unknown,
  },
  purchases: {
    disputed_within_paid: { disputed_cents: 51 },
    paid_purchases_say_when: { status: 'paid' },
    purchase_has_user: nobody,
    purchase_status_is_known: { ...unknown, paid_at: at },
    refunded_within_paid: { refunded_cents: 51 },
    reversed_within_credited: { reversed_tokens: 51 },
    paid_purchases_stay_paid: 'update purchases set paid_at = now() where paid_at is not null',
  },
  refresh_tokens: { refresh_token_has_user: nobody },
  refunds: {
    refund_has_purchase: { purchase_id: 'pur_nobody' },
    refund_is_positive: { amount_cents: 0 },
    refund_status_is_known: unknown,
    sent_refunds_name_stripes: { status: 'sent' },
  },
  sessions: {
    charged_is_not_negative: { ...ended, tokens_charged: -1 },
    charged_within_held: { ...ended, tokens_charged: 5 },
    end_reason_is_known: { ...ended, end_reason: 'x' },
    ended_sessions_say_why: { ...ended, tokens_charged: null },
    paused_sessions_say_since_when: { status: 'paused' },
    session_has_provider: nowhere,
    session_has_user: nobody,
    session_price_is_a_price: { tokens_per_minute: -1 },
    session_status_is_known: unknown,
    used_within_duration: { used_ms: 60_001 },
    ended_sessions_stay_as_they_are: `update sessions set used_ms = 0 where status = 'ended'`,
  },
  spending_limits: {
    spending_limit_has_user: nobody,
    spending_limits_are_not_negative: { per_day_tokens: -1 },
  },
  stripe_disputes: {
    closed_disputes_say_when: { closed_at: at },
    dispute_has_purchase: { purchase_id: 'pur_nobody' },
    dispute_is_not_negative: { amount_cents: -1 },
    dispute_status_is_known: { ...unknown, closed_at: at },
  },
  stripe_events: { outcome_is_known: { outcome: 'x' } },
  stripe_refunds: {
    told_refund_has_purchase: { purchase_id: 'pur_nobody' },
    told_refund_is_not_negative: { amount_cents: -1 },
  },
  tenants: { tenants_pkey: [{ slug: 'y' }], tenant_slug_is_unique: [{ id: 'ten_y' }] },
  transfers: {
    transfers_pkey: [{ credit_sequence: 1_001 }],
    correction_names_what_it_reverses: { kind: 'dispute_won', debit_account_id: 'refunds' },
    credit_side_is_a_wallet_or_not: { ...correction, ...noWallet },
    debit_side_is_a_wallet_or_not: { ...correction, debit_account_id: 'usr_x' },
    only_debts_are_owed: { owed_after: 1 },
    transfer_goes_where_its_kind_says: { debit_account_id: 'payouts' },
    transfer_is_positive: { amount: 0 },
    transfer_kind_is_known: { kind: 'x' },
    transfer_moves_between_two_accounts: { ...correction, ...noWallet, credit_account_id: 'promotions' },
    transfers_into_wallet: [{ id: 'trf_y' }],
    transfers_out_of_wallet: `
      insert into transfers (id, kind, debit_account_id, credit_account_id, amount, debit_sequence, debit_balance_after, session_id,
        description, created_at)
      select 'trf_' || n, 'charge', 'usr_x', 'prv_x', 1, 1, 0, 'ses_x', 'x', now() from generate_series(1, 2) n`,
    purchase_is_credited_once: `
      insert into transfers (id, kind, debit_account_id, credit_account_id, amount, credit_sequence, credit_balance_after, purchase_id,
        description, created_at)
      select 'trf_' || n, 'purchase', 'stripe_clearing', user_id, 1, 1000 + n, 1, id, 'x', now()
      from purchases, generate_series(1, 2) n where paid_at is null`,
    transfers_are_append_only: `delete from transfers where kind = 'charge'`,
    transfers_are_not_truncated: 'truncate transfers cascade',
    transfers_are_of_the_wallet: `
      select credit_wallet(current_tenant(), user_id, 'purchase', 'stripe_clearing', 50, 'pur_nobody', null, 'x', '{trf_x,trf_y}', now())
      from purchases limit 1`,
  },
  users: {
    users_pkey: [{ email_normalized: 'y@example.com' }],
    email_is_unique: [{ id: 'usr_y' }],
    pending_email_is_whole: { pending_email: 'y@example.com' },
    users_tenant_id_fkey: { tenant_id: 'ten_nobody' },
  },
  wallets: {
    debt_leaves_nothing_to_spend: { debt: 1, posted: 1 },
    held_within_posted: { held: 1 },
    posted_is_a_safe_integer: { posted: '9007199254740992' },
    wallets_tenant_id_fkey: { tenant_id: 'ten_nobody' },
    wallets_are_not_renamed: 'update wallets set id = id',
  },
  webhook_attempts: { attempt_has_answer_or_error: { error: 'x' } },
  webhook_deliveries: {
    delivered_ones_say_when: { status: 'delivered' },
    delivery_status_is_known: unknown,
  },
  webhook_endpoints: {
    disabled_endpoints_say_why: { status: 'disabled' },
    previous_secret_says_until_when: { previous_secret_sealed: bytes },
    webhook_endpoint_has_provider: nowhere,
    webhook_endpoint_status_is_known: unknown,
  },
}

/** What no statement breaks alone, and why. */
export const NEVER_ALONE: Record<string, string> = {
  'providers.providers_tenant_id_fkey':
    'its owner is of the same tenant, and that has to be there for the owner',
}
