/**
 * A database in which much has happened: what a plan must not walk through.
 *
 * @module
 */
import { PUBLIC_TENANT_ID } from '../src/id.ts'
import { connectAs } from './database.ts'
import type { SessionMarket } from './session-market.ts'

export const ROWS = 3_000
export const SUSPENDED_ID = `prv_8${'1'.padStart(25, '0')}`

/** Fills the tables for the first user and the provider of the market, and tidies up as PostgreSQL does by itself. */
export async function fill({ api, users, providerId }: SessionMarket): Promise<void> {
  const owner = await connectAs(api.databaseUrl)
  // Each statement names what it wants; together they are what all are given.
  await owner.query(
    `create temp view given as
     select '${PUBLIC_TENANT_ID}'::text as tenant_id, '${users[0]!.id}'::text as user_id, '${providerId}'::text as provider_id,
       '${api.clock.now().toISOString()}'::timestamptz as now`,
  )
  for (const sql of fillSql) await owner.query(sql)
  await owner.query('analyze')
  // Of an index on arrays, what is new lies in a list until then. Nothing else, or rows read from an index alone are not counted.
  await owner.query('vacuum providers')
  await owner.end()
}

const ID = `lpad(n::text, 26, '0')`
const MANY = `given g cross join generate_series(1, ${ROWS}) n`

const fillSql = [
  // Of one user at one provider: a walk through all of somebody's would be seen as well.
  `insert into sessions (tenant_id, id, user_id, provider_id, user_ref, status, end_reason, duration_ms, tokens_per_minute,
     fee_basis_points, tokens_held, tokens_charged, launch_jti, launch_expires_at, created_at, ended_at, sweep_at)
   select g.tenant_id, 'ses_' || ${ID}, g.user_id, g.provider_id, 'ref', 'ended', 'cancelled', 60000, 4, 2000, 4, 0, 'jti',
     t, t, t, t
   from ${MANY} cross join lateral (select g.now - interval '2 days' as t) t`,
  `insert into holds (tenant_id, id, wallet_id, reference, amount, released, resolution, created_at, resolved_at)
   select g.tenant_id, 'hld_' || n, g.user_id, 'ses_' || ${ID}, 4, 4, 'released', g.now, g.now from ${MANY}`,
  `insert into transfers (tenant_id, id, kind, debit_account_id, credit_account_id, amount, credit_sequence,
     credit_balance_after, description, created_at)
   select g.tenant_id, 'trf_' || ${ID}, 'promotion', 'promotions', g.user_id, 1, n + 1, 1000000 + n, 'x', g.now from ${MANY}`,
  `update wallets w set posted = posted + ${ROWS}, sequence = ${ROWS} + 1
   from given g where w.tenant_id = g.tenant_id and w.id = g.user_id`,
  `insert into providers (tenant_id, id, owner_id, name, description, category, launch_url, allowed_origins, tokens_per_minute,
     status, created_at, updated_at)
   select g.tenant_id, 'prv_' || ${ID}, g.user_id, 'App ' || n, 'One of many', 'games', 'https://example.com/',
     array['https://' || n || '.example'], 4, 'listed', g.now, g.now
   from ${MANY}`,
  // Of many users at that provider, all of them running: what is a walk through the provider's is seen, too.
  `insert into users (tenant_id, id, email, email_normalized, password_hash, reference_salt, created_at, has_spending_limits)
   select g.tenant_id, 'usr_' || ${ID}, n || '@example.com', n || '@example.com', 'none', '\\x00', g.now, true from ${MANY}`,
  `insert into wallets (tenant_id, id) select g.tenant_id, 'usr_' || ${ID} from ${MANY}`,
  // What is looked up for each row from here on is looked up by index.
  'analyze',
  // Newer than what is listed, and of those many: drafts, and what was suspended.
  `insert into providers (tenant_id, id, owner_id, name, description, category, launch_url, allowed_origins, tokens_per_minute,
     status, created_at, updated_at)
   select g.tenant_id, 'prv_' || p.place || lpad(n::text, 25, '0'), 'usr_' || ${ID}, 'App', 'One of many', 'games',
     'https://example.com/', array['https://' || n || '.' || p.status], 4, p.status, g.now, g.now
   from ${MANY} cross join (values ('8', 'suspended'), ('9', 'draft')) p (place, status)`,
  'analyze providers',
  `insert into provider_members (tenant_id, provider_id, user_id, role, created_at)
   select g.tenant_id, 'prv_' || ${ID}, 'usr_' || ${ID}, 'viewer', g.now from ${MANY}`,
  `insert into purchases (tenant_id, id, user_id, status, tokens, amount_cents, currency, discount_percent, created_at)
   select g.tenant_id, 'pur_' || ${ID}, 'usr_' || ${ID}, 'pending', 50, 50, 'usd', 0, g.now from ${MANY}`,
  `insert into sessions (tenant_id, id, user_id, provider_id, user_ref, status, duration_ms, tokens_per_minute,
     fee_basis_points, tokens_held, launch_jti, launch_expires_at, launch_spent_by, client_id, last_beat_at, created_at,
     started_at, sweep_at)
   select g.tenant_id, 'ses_9' || lpad(n::text, 25, '0'), 'usr_' || ${ID}, g.provider_id, 'ref', 'active', 6000000, 0, 2000, 0,
     'jti', g.now, 'client_x', 'client_x', g.now, g.now, g.now, g.now + interval '20 hours'
   from ${MANY}`,
  // What they beat lately; later than any test folds.
  `insert into beat_batches (tenant_id, at, kind, session_ids, ats, sequences, active_ms, counted_ms, unbilled_ms, finals, origins)
   select g.tenant_id, t, 'beat', array['ses_9' || lpad(n::text, 25, '0')], array[t], '{1}', '{1}', '{1}', '{0}', '{f}', '{1}'
   from ${MANY} cross join lateral (select g.now + interval '1 day' as t) t`,
  // At one that was suspended all have ended but the last, which is still to be ended.
  `insert into sessions (tenant_id, id, user_id, provider_id, user_ref, status, end_reason, duration_ms, tokens_per_minute,
     fee_basis_points, tokens_held, tokens_charged, launch_jti, launch_expires_at, created_at, ended_at, sweep_at)
   select g.tenant_id, 'ses_8' || lpad(n::text, 25, '0'), 'usr_' || lpad('88', 26, '0'), '${SUSPENDED_ID}', 'ref', e.status,
     e.reason, 60000, 0, 2000, 0, e.charged, 'jti', g.now, g.now, e.at, g.now + interval '20 hours'
   from ${MANY} cross join lateral (
     values ('ended', 'cancelled', 0, g.now, true), ('pending', null, null, null, false)
   ) e (status, reason, charged, at, has_ended)
   where e.has_ended = (n < ${ROWS})`,
  `insert into unbilled_time (tenant_id, user_id, provider_id, hour, unbilled_ms)
   select g.tenant_id, 'usr_' || ${ID}, g.provider_id, date_trunc('hour', g.now, 'UTC'), 1 from ${MANY}`,
  `insert into left_leases (tenant_id, session_id, client_id, left_at, user_id, provider_id, lease_ms)
   select g.tenant_id, 'ses_' || ${ID}, 'c_12345678', g.now, 'usr_' || ${ID}, g.provider_id, 1 from ${MANY}`,
  `insert into spending_limits (tenant_id, user_id, per_day_tokens) select g.tenant_id, 'usr_' || ${ID}, 5 from ${MANY}`,
  `insert into provider_spending_limits (tenant_id, user_id, provider_id, per_day_tokens)
   select g.tenant_id, 'usr_' || ${ID}, g.provider_id, 5 from ${MANY}`,
  // One user's devices, one caller's requests, one provider's keys and endpoints.
  `insert into refresh_tokens (tenant_id, token_hash, family_id, user_id, created_at, expires_at, signed_in_at)
   select g.tenant_id, sha256(n::text::bytea), 'fam_' || n, g.user_id, g.now, g.now + interval '30 days', g.now from ${MANY}`,
  `insert into idempotency_keys (tenant_id, caller, route, key, request_hash, created_at)
   select g.tenant_id, g.user_id, 'POST /sessions', 'key-' || n, '\\x00', g.now from ${MANY}`,
  `insert into api_keys (tenant_id, id, provider_id, name, scopes, mode, secret_hash, secret_ending, created_by, created_at)
   select g.tenant_id, 'key_' || ${ID}, g.provider_id, 'x', '{}', 'live', sha256(n::text::bytea), 'x', g.user_id, g.now
   from ${MANY}`,
  `insert into webhook_endpoints (tenant_id, id, provider_id, url, events, status, secret_sealed, created_at, updated_at)
   select g.tenant_id, 'whe_' || ${ID}, 'prv_' || ${ID}, 'https://example.com/', '{*}', 'enabled', '\\x00', g.now, g.now
   from ${MANY}`,
  // Delivered, but for the last.
  `insert into events (tenant_id, id, type, provider_id, sequence, snapshot, created_at)
   select g.tenant_id, 'evt_' || ${ID}, 'listing.changed', 'prv_' || ${ID}, 1, '{}', g.now from ${MANY}`,
  `insert into webhook_deliveries (tenant_id, id, endpoint_id, event_id, status, next_attempt_at, created_at, delivered_at)
   select g.tenant_id, 'whd_' || ${ID}, 'whe_' || lpad('1', 26, '0'), 'evt_' || ${ID},
     case when n = ${ROWS} then 'pending' else 'delivered' end, g.now, g.now, case when n < ${ROWS} then g.now end
   from ${MANY}`,
]
