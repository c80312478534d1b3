/**
 * Rows in bulk: users with tokens, one provider, sessions that run and sessions that ended.
 *
 * @module
 */
import { createPrivateKey, sign } from 'node:crypto'
import type pg from 'pg'
import { systemClock } from '../apps/api/src/clock.ts'
import { connect } from '../apps/api/src/db.ts'
import { PUBLIC_TENANT_ID } from '../apps/api/src/id.ts'
import { createKeyRing } from '../apps/api/src/keys/key-ring.ts'
import { unseal } from '../apps/api/src/seal.ts'
import { inShares, withClient, withoutIndexes } from './bulk.ts'
import { KEY_ENCRYPTION_KEY, PUBLIC_URL } from './stack.ts'

/** Base 32 digits that sort, as ids have them. */
const idOf = (prefix: string, n: number) => `${prefix}_${String(n).padStart(26, '0')}`
export const userId = (n: number) => idOf('usr', n)
export const sessionId = (n: number) => idOf('ses', n)
export const PROVIDER_ID = idOf('prv', 1)
export const clientId = 'bench_client'

/** What the running ones have used: enough for a charge of which the platform has a fee. */
const USED_MS = 60_000

/** The first `live` sessions run, the rest ended; each user has a hold for a running one. */
export async function seedMarket(
  url: string,
  { users, live, all }: { users: number; live: number; all: number },
): Promise<void> {
  await withClient(url, async (client) => {
    await client.query(usersSql, [users])
    await client.query(
      `insert into wallets (id, posted) select 'usr_' || lpad(n::text, 26, '0'), 0 from generate_series(1, $1::int) n`,
      [users],
    )
    await client.query(creditsSql, [users])
    await client.query(providerSql, [PROVIDER_ID, userId(1)])
  })
  const write = (client: pg.Client, from: number, to: number) =>
    client.query(sessionsSql, [users, PROVIDER_ID, live, clientId, from, to, USED_MS])
  await withoutIndexes(url, 'sessions', () =>
    inShares(url, all - live, (client, from, to) => write(client, live + from, live + to)),
  )
  await withClient(url, async (client) => {
    // Last, because after half an hour of silence they would be over.
    await write(client, 1, live)
    await client.query(holdsSql, [users, live])
    await client.query(
      `update wallets w set held = h.held from (select wallet_id, sum(amount) as held from holds group by 1) h
       where w.id = h.wallet_id`,
    )
    await client.query('vacuum analyze')
  })
}

/** A page of the table has some fifteen of them. */
const TURNS = 20

/**
 * As if all that run had beaten just now, as in life: one that was silent for 45 s costs a look at its user's allowance, and
 * after half an hour it is over. One of each page in a turn, as beats come, so that rows stay on their pages.
 *
 * @throws where a turn finds nobody: what is measured next would be beats of whom nobody has heard for long.
 */
export async function noteBeats(url: string, live: number): Promise<void> {
  await withClient(url, async (client) => {
    for (let turn = 0; turn < TURNS; turn += 1) {
      const { rowCount } = await client.query(noteBeatsSql, [sessionId(1), sessionId(live), TURNS, turn])
      if (!rowCount) throw new Error(`no session was noted as having beaten, in turn ${turn + 1} of ${TURNS}`)
    }
  })
}

const noteBeatsSql = `
  update sessions set last_beat_at = now()
  where tenant_id = current_tenant() and id between $1 and $2 and status = 'active'
    and right(id, 8)::int % $3::int = $4::int`

const usersSql = `
  insert into users (id, email, email_normalized, password_hash, reference_salt, created_at)
  select 'usr_' || lpad(n::text, 26, '0'), n || '@example.com', n || '@example.com', 'none', 'salt', now()
  from generate_series(1, $1::int) n`

const creditsSql = `
  select credit_wallet(current_tenant(), 'usr_' || lpad(n::text, 26, '0'), 'promotion', 'promotions', 1000000000, null,
    null, 'Seed', array['trf_seed' || n, 'trf_seedx' || n], now())
  from generate_series(1, $1::int) n`

const providerSql = `
  insert into providers (id, owner_id, name, description, category, launch_url, allowed_origins, tokens_per_minute,
    status, created_at, updated_at)
  values ($1, $2, 'Bench', 'Bench', 'tools', 'http://localhost:4002/', '{http://localhost:4002}', 4, 'listed', now(), now())`

// Eight hours each, of which the clock of a run counts minutes; the silence after which one is over is half an hour.
const sessionsSql = `
  insert into sessions (id, user_id, provider_id, user_ref, status, end_reason, duration_ms, used_ms, tokens_per_minute,
    fee_basis_points, tokens_held, tokens_charged, launch_jti, launch_expires_at, launch_spent_by, client_id,
    last_beat_at, created_at, started_at, ended_at, sweep_at)
  select 'ses_' || lpad(n::text, 26, '0'), 'usr_' || lpad((n % $1 + 1)::text, 26, '0'), $2, 'ref_bench',
    case when n <= $3 then 'active' else 'ended' end, case when n > $3 then 'completed' end, 28800000,
    case when n <= $3 then $7::bigint else 0 end, 4, 2000, 1920,
    case when n > $3 then 0 end, 'jti', now(), $4, $4, now(), now(), now(), case when n > $3 then now() end,
    now() + interval '20 minutes'
  from generate_series($5::int, $6::int) n`

const holdsSql = `
  insert into holds (id, wallet_id, reference, amount, created_at)
  select 'hld_' || lpad(n::text, 26, '0'), 'usr_' || lpad((n % $1 + 1)::text, 26, '0'), 'ses_' || lpad(n::text, 26, '0'),
    1920, now()
  from generate_series(1, $2::int) n`

/** Signs with the API's own key, directly: jose would take minutes for 100,000. */
export async function createSigner(url: string): Promise<(typ: string, claims: object) => string> {
  const key = Buffer.from(KEY_ENCRYPTION_KEY, 'base64')
  const db = connect({ databaseUrl: url, poolSize: 1 })
  await createKeyRing({ db, clock: systemClock, issuer: PUBLIC_URL, keyEncryptionKey: key })
  await db.end()
  const { rows } = await withClient(url, (client) =>
    client.query<{ kid: string; sealed: Buffer }>(
      'select kid, private_jwk_encrypted as sealed from signing_keys',
    ),
  )
  const row = rows[0]
  if (!row) throw new Error('there is a signing key')
  const jwk = JSON.parse(unseal(key, row.sealed, `signing_keys/${row.kid}`))
  const privateKey = createPrivateKey({ key: jwk, format: 'jwk' })
  return (typ, claims) => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const text = `${part({ alg: 'ES256', typ, kid: row.kid })}.${part({ iss: PUBLIC_URL, ...claims })}`
    const signature = sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' })
    return `${text}.${signature.toString('base64url')}`
  }
}

const now = () => Math.floor(Date.now() / 1000)

export const accessClaims = (n: number) => ({
  sub: userId(n),
  aud: 'marketplace',
  tid: PUBLIC_TENANT_ID,
  iat: now(),
  exp: now() + 86_400,
})

export const sessionClaims = (id: string) => ({
  sub: 'ref_bench',
  aud: PROVIDER_ID,
  sid: id,
  tid: PUBLIC_TENANT_ID,
  cid: clientId,
  iat: now(),
  exp: now() + 86_400,
})
