/**
 * No statement of the hot paths reads a table that grows, or all of a tenant's rows in it, however large it becomes.
 *
 * @module
 */
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { getAnalytics } from '../src/analytics/get-analytics.ts'
import { getExperiments } from '../src/analytics/get-experiments.ts'
import { getFunnel } from '../src/analytics/get-funnel.ts'
import { getRetention } from '../src/analytics/get-retention.ts'
import { getRange } from '../src/analytics/range.ts'
import { rollUpActivity, rollUpActivityAgain } from '../src/analytics/roll-up-activity.ts'
import type { Db, Tx } from '../src/db.ts'
import { PUBLIC_TENANT_ID } from '../src/id.ts'
import { createAllowance } from '../src/sessions/allowance.ts'
import { createHeartbeat } from '../src/sessions/heartbeat.ts'
import { createValidation } from '../src/sessions/validate-session.ts'
import { createCheckout } from '../src/tokens/create-checkout.ts'
import { reconcilePurchases } from '../src/tokens/reconcile-purchases.ts'
import { connectAs } from './database.ts'
import { explained } from './explained.ts'
import { type SessionMarket, startSessionMarket } from './session-market.ts'

let it: SessionMarket

beforeAll(async () => {
  it = await startSessionMarket()
  await it.play({ user: it.users[0]!, minutes: 3 })
  it.api.clock.advance({ hours: 1 })
  const { db, clock } = it.api.deps
  await rollUpActivity(db, { now: clock() })
  await db.batch.query(sessionsSql, [PUBLIC_TENANT_ID, it.users[0]!.id, it.providerId, clock()])
})
afterAll(() => it.close())

/** Enough for a page of them to be worth less than an index. */
const sessionsSql = `
  insert into sessions (tenant_id, id, user_id, provider_id, user_ref, status, end_reason, duration_ms, tokens_per_minute,
    fee_basis_points, tokens_held, tokens_charged, launch_jti, launch_expires_at, created_at, ended_at, sweep_at)
  select $1, 'ses_' || lpad(n::text, 26, '0'), $2, $3, 'ref', 'ended', 'cancelled', 60000, 4, 2000, 4, 0, 'jti', $4, $4, $4, $4
  from generate_series(1, 3000) n`

test.each(['figures', 'funnel', 'experiments', 'cohorts'])('the %s of a provider', async (what) => {
  const { db, clock } = it.api.deps
  const found = await db.inTenant(PUBLIC_TENANT_ID, (tx) =>
    explained(tx, async (watched) => {
      const whose = { providerId: it.providerId, isTest: false }
      const range = await getRange(watched, {
        asked: { timeZone: 'Asia/Kolkata' },
        interval: 'day',
        now: clock(),
      })
      if (what === 'figures') await getAnalytics(watched, { ...whose, range })
      if (what === 'funnel') await getFunnel(watched, { ...whose, range })
      if (what === 'experiments') await getExperiments(watched, { ...whose, range })
      if (what === 'cohorts') await getRetention(watched, { ...whose, now: clock() })
    }),
  )
  expect(found.scans).toEqual([])
  expect(found.plans).toBeGreaterThanOrEqual(3)
})

test('a beat', async () => {
  const { db, clock } = it.api.deps
  const { session, clientId } = await it.validate(await it.open(it.users[0]!))
  const found = await db.inBatch((tx) =>
    explained(tx, async (watched) => {
      const beat = createHeartbeat({ ...db, batch: watched }, 'http://localhost:4001')
      await beat({
        tenantId: PUBLIC_TENANT_ID,
        sessionId: session.id,
        providerId: it.providerId,
        clientId,
        sequence: 1,
        activeMs: 0,
        isFinal: false,
        at: clock(),
        origin: 1,
      })
    }),
  )
  expect(found.scans).toEqual([])
  expect(found.plans).toBeGreaterThanOrEqual(1)
})

test('a statement that reads all sessions of a tenant is found', async () => {
  const { scans } = await it.api.deps.db.inTenant(PUBLIC_TENANT_ID, (tx) =>
    explained(tx, (watched) =>
      watched.query(`select count(*) from sessions where created_at > now() - interval '1 day'`),
    ),
  )
  expect(scans).toHaveLength(1)
})

// What was unbilled is forgotten after a week, so the table is empty when an outage makes everybody late: 74,000 beats took 39 s.
test('the allowance of those who come late, whose table was empty when it was planned', async () => {
  const { db } = it.api.deps
  const owner = await connectAs(it.api.databaseUrl)
  await owner.query('delete from unbilled_time')
  await owner.query('vacuum analyze unbilled_time')
  await owner.end()
  const planned = async (tx: Pick<Tx, 'query'>) => {
    const plans: string[] = []
    const query: Tx['query'] = async (sql, values) => {
      if (sql.includes('unbilled_time')) {
        const rows = await tx.query<{ 'QUERY PLAN': string }>(`explain ${sql}`, values)
        plans.push(...rows.map((row) => row['QUERY PLAN']))
      }
      return tx.query(sql, values)
    }
    const isOver = createAllowance({ ...db, batch: { query } })
    const session = { id: 'ses_none', userId: it.users[0]!.id, providerId: it.providerId }
    expect(await isOver({ tenantId: PUBLIC_TENANT_ID, ...session, now: it.api.clock.now() })).toBe(false)
    return plans.join('\n')
  }
  for (const plan of [await planned(db.batch), await db.inBatch(planned)])
    for (const index of ['unbilled_time_pkey', 'left_leases_by_user', 'sessions_running_by_user'])
      expect(plan).toMatch(new RegExp(`Index.* Scan using ${index}`))
})

test('reconciling purchases, of which thousands wait', async () => {
  const { deps } = it.api
  const owner = await connectAs(it.api.databaseUrl)
  await owner.query(purchasesSql, [PUBLIC_TENANT_ID, it.users[0]!.id, deps.clock()])
  await owner.query('analyze purchases')
  await owner.end()
  const asked: string[] = []
  const checkout = {
    ...createCheckout(deps),
    async findSession({ purchaseId }: { purchaseId: string }) {
      asked.push(purchaseId)
      return undefined
    },
  }
  const found = await deps.db.inBatch((tx) =>
    explained(tx, (watched) => reconcilePurchases({ ...deps, db: { ...deps.db, batch: watched } }, checkout)),
  )
  expect(found.scans).toEqual([])
  expect(new Set(asked).size).toBe(200)
  // Each is read where it waits and where it is written, and nothing else is.
  expect(found.rows).toBeLessThanOrEqual(asked.length * 2)
})

const purchasesSql = `
  insert into purchases (tenant_id, id, user_id, status, tokens, amount_cents, currency, discount_percent, created_at,
    checkout_session_id, reconcile_at)
  select $1, 'pur_' || lpad(n::text, 26, '0'), $2, 'pending', 50, 50, 'usd', 0, $3, 'cs_' || n, $3
  from generate_series(1, 3000) n`

// A kept plan knows nothing of how much there will be and expects a row or two. A nested loop over what a statement made itself
// compares each line with each: 100 million times for the 17,000 visits of two days, and for 70,000 beyond a job's patience.
test.each([
  'a beat',
  'a validation',
  'the figures of two days',
])('%s compares no line with each other', async (what) => {
  const { db, clock } = it.api.deps
  const { session, launchJwt } = await it.open(it.users[1]!)
  const plans: string[] = []
  const watch = <T>(run: (tx: Tx) => Promise<T>) =>
    db.inBatch((tx) =>
      run({
        send: tx.send,
        async query(sql, values) {
          const rows = await tx.query<{ 'QUERY PLAN': string }>(`explain ${sql}`, values)
          plans.push(rows.map((row) => row['QUERY PLAN']).join('\n'))
          return tx.query(sql, values)
        },
      }),
    )
  const watched: Db = {
    ...db,
    inBatch: watch,
    batch: { query: (sql, values) => watch((tx) => tx.query(sql, values)) },
  }
  const named = {
    tenantId: PUBLIC_TENANT_ID,
    sessionId: session.id,
    providerId: it.providerId,
    clientId: 'client_x',
  }
  if (what === 'a beat')
    await createHeartbeat(
      watched,
      'http://localhost:4001',
    )({
      ...named,
      sequence: 1,
      activeMs: 0,
      isFinal: false,
      at: clock(),
      origin: 1,
    }).catch(() => {})
  if (what === 'a validation')
    await createValidation(
      watched,
      'http://localhost:4001',
    )({
      ...named,
      jti: decodeJwt(launchJwt).jti ?? '',
      origin: undefined,
      now: clock(),
    })
  if (what === 'the figures of two days') await rollUpActivityAgain(watched)
  expect(plans.length).toBeGreaterThanOrEqual(1)
  // Of the few tenants there are nobody minds.
  expect(plans.join('\n').match(/Join Filter: (?!\(t(_\d+)?\.id = ).*/g)).toBeNull()
})

// A call per row is a query of its own: it made a beat cost PostgreSQL half as much again.
test.each([
  ['over_reason(s, $1)', 'sessions'],
  ['served_ms(s, $1)', 'sessions'],
  ['left_ms(s, $1)', 'sessions'],
  ['counted_ms(s, $1, 1)', 'sessions'],
  ['unvouched_ms(s, $1)', 'sessions'],
  ['running_sweep_at($1, s.used_ms)', 'sessions'],
  ['next_sweep_at(s, $1)', 'sessions'],
  ['shown_ms(s, $1)', 'left_leases'],
])('%s is part of the plan that asks for it', async (rule, table) => {
  const rows = await it.api.deps.db.batch.query<{ 'QUERY PLAN': string }>(
    `explain (verbose) select ${rule} from ${table} s`,
    [it.api.clock.now()],
  )
  const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
  expect(plan).toContain(`${table} s`)
  expect(plan).not.toMatch(/over_reason|_ms\(|sweep_at\(|ms_between/)
})
