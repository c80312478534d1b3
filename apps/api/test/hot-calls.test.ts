/**
 * Whole calls and jobs stay flat as rows grow, whatever is asked on the way: who calls, which key they show, what they allow
 * themselves to spend. Each transaction of a call is looked at as in `hot-plans.test.ts`.
 *
 * @module
 */
import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createApp } from '../src/app.ts'
import { createDeps } from '../src/create-deps.ts'
import type { Db, Tx } from '../src/db.ts'
import { emit } from '../src/events.ts'
import type { App } from '../src/http/server.ts'
import { createId, PUBLIC_TENANT_ID } from '../src/id.ts'
import { rollUpAccounts } from '../src/ledger/account-balance.ts'
import { endProviderSessions } from '../src/sessions/end-provider-sessions.ts'
import { foldBeats } from '../src/sessions/fold-beats.ts'
import { claimDeliveries } from '../src/webhooks/claim-deliveries.ts'
import { connectAs } from './database.ts'
import { explained } from './explained.ts'
import { accessTokenOf, addApiKey, type TestUser } from './harness.ts'
import { fill, ROWS, SUSPENDED_ID } from './many-rows.ts'
import { type SessionMarket, startSessionMarket } from './session-market.ts'

/** Of one transaction: nothing of the thousands. */
const ROWS_READ_MAX = 100

let it: SessionMarket
let app: App
let watched: Db
/** One of each transaction since the test began. */
let found: Awaited<ReturnType<typeof explained>>[] = []
let user: TestUser
let apiKey: string

beforeAll(async () => {
  it = await startSessionMarket()
  apiKey = (await addApiKey(it.api, { providerId: it.providerId, token: it.owner.token, name: 'Server' }))
    .secret
  await fill(it)
  const { db, config, clock } = it.api.deps
  await db.inBatch(rollUpAccounts)
  watched = watch(db)
  app = await createApp(await createDeps({ config, db: watched, clock, log: pino({ level: 'silent' }) }))
  await app.ready()
})
beforeEach(() => {
  found = []
  user = it.users[0]!
})
afterAll(async () => {
  await app.close()
  await it.close()
})

function watch(db: Db): Db {
  const looking = async <T>(tx: Tx, run: (tx: Tx) => Promise<T>): Promise<T> => {
    let result: { is: T } | undefined
    const plans = await explained(tx, async (explaining) => {
      result = { is: await run(explaining) }
    })
    found.push(plans)
    return result!.is
  }
  return {
    ...db,
    inTenant: (tenantId, run, view) => db.inTenant(tenantId, (tx) => looking(tx, run), view),
    inBatch: (run, options) => db.inBatch((tx) => looking(tx, run), options),
    batch: {
      query: (sql, values) => db.inBatch((tx) => looking(tx, (explaining) => explaining.query(sql, values))),
    },
  }
}

async function call(method: 'GET' | 'POST' | 'PUT', url: string, token: string, body?: object, headers = {}) {
  const answer = await app.inject({
    method,
    url,
    headers: { authorization: `Bearer ${token}`, ...headers },
    ...(body && { payload: body }),
  })
  expect([url, answer.statusCode, answer.statusCode < 300 || answer.body]).toEqual([
    url,
    answer.statusCode,
    true,
  ])
  return answer.json()
}
const accessToken = () => accessTokenOf(it.api, user.id)

function expectFlat(): void {
  const scans = found.flatMap((one) => one.scans.filter((scan) => !scan.startsWith('Index')))
  expect(scans).toEqual([])
  expect(found.reduce((sum, { plans }) => sum + plans, 0)).toBeGreaterThan(0)
  expect(Math.max(...found.map(({ rows }) => rows))).toBeLessThanOrEqual(ROWS_READ_MAX)
}

const open = async (headers = {}) =>
  call('POST', '/sessions', await accessToken(), { providerId: it.providerId, durationMinutes: 10 }, headers)
async function openValidated() {
  const { session, launchJwt } = await open()
  const clientId = 'client_of_it'
  const { sessionJwt } = await call('POST', '/api/v1/sessions/validate', '', { launchJwt, clientId })
  return { sessionId: session.id as string, sessionJwt: sessionJwt as string, clientId }
}

test('a session is opened under an Idempotency-Key, and the answer is found again', async () => {
  const headers = { 'idempotency-key': 'of-thousands' }
  const first = await open(headers)
  expect((await open(headers)).session.id).toBe(first.session.id)
  expectFlat()
})

test('a session is opened and extended by somebody with spending limits, who looks at them', async () => {
  user = it.users[1]!
  const perProviderPerDayTokens = [{ providerId: it.providerId, tokens: 1_000 }]
  const limits = { perDayTokens: 1_000, lowBalanceTokens: 5, perProviderPerDayTokens }
  await call('PUT', '/tokens/limits', await accessToken(), limits)
  const { session } = await open()
  await call('POST', `/sessions/${session.id}/extend`, await accessToken(), { minutes: 5 })
  expect((await call('GET', '/tokens/limits', await accessToken())).usedTokens).toBe(60)
  expectFlat()
})

test('a session is looked at in the marketplace, by its app and by its provider’s server', async () => {
  const { sessionId, sessionJwt } = await openValidated()
  found = []
  const url = `/api/v1/sessions/${sessionId}`
  const seen = [
    await call('GET', `/sessions/${sessionId}`, await accessToken()),
    (await call('GET', url, sessionJwt)).session,
    (await call('GET', url, apiKey)).session,
  ]
  expect(seen.map(({ id }) => id)).toEqual([sessionId, sessionId, sessionId])
  expectFlat()
})

test('a session is relaunched, taken over, beaten and completed', async () => {
  const { sessionId } = await openValidated()
  const { launchJwt } = await call('POST', `/sessions/${sessionId}/relaunch`, await accessToken())
  const clientId = 'another_client'
  const { sessionJwt } = await call('POST', '/api/v1/sessions/validate', '', { launchJwt, clientId })
  const body = { clientId, sequence: 1, activeMs: 0 }
  await call('POST', `/api/v1/sessions/${sessionId}/heartbeat`, sessionJwt, body)
  await call('POST', `/api/v1/sessions/${sessionId}/complete`, sessionJwt, { clientId })
  expectFlat()
})

test('the leases of one who is over the allowance are shortened', async () => {
  // Of the first user are half of all sessions: nobody's index is worth less.
  user = it.users[2]!
  const { sessionId, sessionJwt, clientId } = await openValidated()
  const beat = (sequence: number) =>
    call('POST', `/api/v1/sessions/${sessionId}/heartbeat`, sessionJwt, { clientId, sequence, activeMs: 0 })
  await it.api.deps.db.batch.query(
    `insert into unbilled_time (tenant_id, user_id, provider_id, hour, unbilled_ms) values ($1, $2, $3, $4, 600001)`,
    [PUBLIC_TENANT_ID, user.id, it.providerId, it.api.clock.now()],
  )
  await beat(1)
  it.api.clock.advance({ seconds: 50 })
  found = []
  const { session } = await beat(2)
  expect(Date.parse(session.serveUntil) - Date.parse(session.serverTime)).toBe(45_000)
  expectFlat()
})

test('somebody signs in, and refreshes', async () => {
  const { refreshToken } = await call('POST', '/auth/register', '', {
    email: 'new@example.com',
    password: 'correct horse battery',
  })
  const refreshed = await call('POST', '/auth/refresh', '', { refreshToken })
  expect(refreshed.refreshToken).not.toBe(refreshToken)
  expectFlat()
})

test('what goes on with a provider that was suspended is ended', async () => {
  const { config, clock } = it.api.deps
  const end = { tenantId: PUBLIC_TENANT_ID, providerId: SUSPENDED_ID }
  const options = { now: clock, marketplaceUrl: config.marketplaceUrl, withinMs: 5_000 }
  expect(await endProviderSessions(watched, end, options)).toBe(true)
  const [ended] = await it.api.deps.db.batch.query(
    `select status, end_reason as reason from sessions where provider_id = $1 and id = $2`,
    [SUSPENDED_ID, `ses_8${String(ROWS).padStart(25, '0')}`],
  )
  expect(ended).toEqual({ status: 'ended', reason: 'cancelled' })
  expectFlat()
})

test('somebody’s own providers, purchases and sessions are listed', async () => {
  user = { id: `usr_${'77'.padStart(26, '0')}`, token: '' }
  for (const [url, count] of [
    // A draft and a suspended one, and one of whose team they are.
    ['/providers/mine', 3],
    ['/tokens/purchases', 1],
    ['/sessions', 1],
  ] as const)
    expect((await call('GET', url, await accessToken())).items).toHaveLength(count)
  expectFlat()
})

test.each(['https://77.suspended', 'https://nobody.example'])('a page of %s asks in vain', async (origin) => {
  const answer = await app.inject({
    method: 'OPTIONS',
    url: '/api/v1/sessions/validate',
    headers: { origin, 'access-control-request-method': 'POST' },
  })
  expect(answer.headers['access-control-allow-origin']).toBeUndefined()
  expectFlat()
})

test('an event is told to an endpoint, and the courier takes what is due', async () => {
  const now = it.api.clock.now()
  const providerId = `prv_${'2'.padStart(26, '0')}`
  const event = { tenantId: PUBLIC_TENANT_ID, type: 'session.completed' as const, providerId, sequence: 9 }
  const sessionId = createId('ses', now)
  await watched.inBatch((tx) => emit(tx, [{ ...event, sessionId, snapshot: { id: 'x' }, now }]))
  const claimed = await claimDeliveries(watched, { slots: 10, failingSlots: 1, now })
  expect(claimed).toHaveLength(2)
  expectFlat()
})

test('beats are folded that are over, and no others are looked at', async () => {
  const owner = await connectAs(it.api.databaseUrl)
  const logged = (many: number, at: Date) =>
    owner.query(
      `insert into beat_batches (tenant_id, at, kind, session_ids, ats, sequences, active_ms, counted_ms, unbilled_ms, finals,
         origins)
       select $1, $2, 'beat', array['ses_' || n], array[$2::timestamptz], '{1}', '{0}', '{0}', '{0}', '{f}', '{1}'
       from generate_series(1, $3) n`,
      [PUBLIC_TENANT_ID, at, many],
    )
  const { clock } = it.api
  await logged(ROWS, clock.now())
  await logged(1, new Date(clock.now().getTime() - 3_600_000))
  await owner.query('analyze beat_batches')
  await owner.end()
  expect(await foldBeats(watched, { now: clock.now() })).toBe(1)
  expectFlat()
})
