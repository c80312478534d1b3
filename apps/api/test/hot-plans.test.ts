/**
 * Balance, catalogue, history and sessions stay flat as rows grow: no plan walks a table, and what is read is counted.
 *
 * @module
 */
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Db, Tx } from '../src/db.ts'
import { getEarnings } from '../src/earnings/get-earnings.ts'
import { PUBLIC_TENANT_ID } from '../src/id.ts'
import { rollUpAccounts } from '../src/ledger/account-balance.ts'
import { getBalance } from '../src/ledger/balance.ts'
import { listHistory } from '../src/ledger/list-history.ts'
import { listProviders } from '../src/providers/list-providers.ts'
import { getBalanceChange } from '../src/receipts/get-balance-change.ts'
import { completeSession } from '../src/sessions/complete-session.ts'
import { createSession } from '../src/sessions/create-session.ts'
import { extendSession } from '../src/sessions/extend-session.ts'
import { listSessions } from '../src/sessions/get-session.ts'
import { listTime } from '../src/sessions/list-time.ts'
import { pauseSession, resumeSession } from '../src/sessions/pause-session.ts'
import { sweepSessions } from '../src/sessions/sweep-sessions.ts'
import { createValidation } from '../src/sessions/validate-session.ts'
import { explained } from './explained.ts'
import { fill } from './many-rows.ts'
import { type SessionMarket, startSessionMarket } from './session-market.ts'

/** A page, its other half, and what belongs to one session; nothing of the thousands. */
const ROWS_READ_MAX = 100

const marketplaceUrl = 'http://localhost:4001'
let it: SessionMarket
let userId: string

beforeAll(async () => {
  it = await startSessionMarket()
  userId = it.users[0]!.id
  await fill(it)
  await it.api.deps.db.inBatch(rollUpAccounts)
  await it.play({ user: it.users[0]!, minutes: 1 })
})
afterAll(() => it.close())

const inTenant = (run: (tx: Tx) => Promise<unknown>) =>
  it.api.deps.db.inTenant(PUBLIC_TENANT_ID, (tx) => explained(tx, run))
const inBatch = (run: (tx: Tx) => Promise<unknown>) => it.api.deps.db.inBatch((tx) => explained(tx, run))

/** A search looks at the newest hundred first, and once more at what it shows. */
const ROWS_SEARCHED_MAX = 150

/** A page in an index's own order needs no condition: that it stops at its end is seen by what it read. */
function expectFlat(found: Awaited<ReturnType<typeof explained>>, rowsMax = ROWS_READ_MAX): void {
  expect(found.scans.filter((scan) => !scan.startsWith('Index'))).toEqual([])
  expect(found.plans).toBeGreaterThanOrEqual(1)
  expect(found.rows).toBeGreaterThan(0)
  expect(found.rows).toBeLessThanOrEqual(rowsMax)
}

describe('reading', () => {
  const page = { limit: 20, after: undefined }
  test.each<[string, (tx: Tx) => Promise<unknown>]>([
    ['a balance', (tx) => getBalance(tx, userId)],
    ['the newest page of a history', (tx) => listHistory(tx, { walletId: userId, limit: 20 })],
    ['a page far back', (tx) => listHistory(tx, { walletId: userId, limit: 20, before: 50 })],
    ['the catalogue', (tx) => listProviders(tx, page)],
    ['a category', (tx) => listProviders(tx, { ...page, category: 'games' })],
    ['a category of one', (tx) => listProviders(tx, { ...page, category: 'tools' })],
    ['sessions', (tx) => listSessions(tx, { userId, limit: 20, now: it.api.clock.now() })],
    ['earnings', (tx) => getEarnings(tx, { providerId: it.providerId, now: it.api.clock.now() })],
  ])('%s', async (_what, run) => expectFlat(await inTenant(run)))

  // 'App 1' to 'App 3000' are what is listed; 271 and 2710 to 2719 is what the fourth finds.
  test.each<[string, string, string | undefined]>([
    ['stands in all', 'app', undefined],
    ['stands in all, as one letter', 'p', undefined],
    ['stands in one', '2718', undefined],
    ['stands in eleven, beside one that stands in all', 'App 271', undefined],
    ['stands in none', 'quokka', undefined],
    ['stands in none, as one letter', '音', undefined],
    ['stands in all of another category', 'app', 'tools'],
  ])('a search for what %s', async (_where, q, category) => {
    const found = await inTenant((tx) => listProviders(tx, { ...page, q, ...(category && { category }) }))
    expectFlat(found, ROWS_SEARCHED_MAX)
  })

  test('what the time of a session consists of, while everybody else beats', async () => {
    const { session, clientId, sessionJwt } = await it.validate(await it.open(it.users[2]!))
    const body = { clientId, sequence: 1, activeMs: 0 }
    await it.api.call('POST', `/api/v1/sessions/${session.id}/heartbeat`, { token: sessionJwt, body })
    const found = await inTenant(async (tx) =>
      expect((await listTime(tx, session.id)).rows.map(({ sequence }) => sequence)).toEqual([1]),
    )
    expectFlat(found)
  })

  test('one line of a history', async () => {
    const now = it.api.clock.now()
    const [line] = await it.api.deps.db.inTenant(PUBLIC_TENANT_ID, (tx) =>
      listHistory(tx, { walletId: userId, limit: 1 }),
    )
    const lineId = line!.id
    expectFlat(await inTenant((tx) => getBalanceChange(tx, { lineId, userId, now })))
  })
})

describe('a session', () => {
  const about = (sessionId: string) => ({ sessionId, now: it.api.clock.now(), marketplaceUrl })
  const byUser = () => ({ kind: 'user' as const, userId })

  test('is opened', async () => {
    const wanted = { tenantId: PUBLIC_TENANT_ID, userId, providerId: it.providerId, durationMinutes: 5 }
    const { keys, clock } = it.api.deps
    expectFlat(
      await inBatch((tx) => createSession(tx, { ...wanted, feeBasisPoints: 2_000, now: clock() }, keys)),
    )
  })

  test('is validated, and validated again where the answer was lost', async () => {
    const { db, clock } = it.api.deps
    const { session, launchJwt } = await it.open(it.users[0]!)
    const { jti = '' } = decodeJwt(launchJwt)
    const validate = (tx: Tx) => {
      const inThis: Db = { ...db, inBatch: (run) => run(tx) }
      const validation = { sessionId: session.id, providerId: it.providerId, clientId: 'client_000001' }
      return createValidation(
        inThis,
        marketplaceUrl,
      )({
        ...validation,
        tenantId: PUBLIC_TENANT_ID,
        jti,
        origin: undefined,
        now: clock(),
      })
    }
    // Started, and asked for once more before the first beat: each changes the row.
    expectFlat(await inBatch(validate))
    expectFlat(await inBatch(validate))
  })

  test('is extended, paused, resumed and completed', async () => {
    const { session } = await it.validate(await it.open(it.users[0]!))
    expectFlat(await inTenant((tx) => extendSession(tx, { ...about(session.id), userId, minutes: 3 })))
    expectFlat(await inTenant((tx) => pauseSession(tx, { ...about(session.id), speaker: byUser() })))
    expectFlat(await inTenant((tx) => resumeSession(tx, { ...about(session.id), speaker: byUser() })))
    const completion = { ...about(session.id), tenantId: PUBLIC_TENANT_ID, speaker: byUser() }
    expectFlat(await inBatch((tx) => completeSession(tx, completion, marketplaceUrl)))
  })

  test('is swept when it is due, and what is not due is not looked at', async () => {
    const { db, clock } = it.api.deps
    await it.open(it.users[1]!)
    const sweep = (tx: Tx) => {
      const inThis: Db = { ...db, inBatch: (run) => run(tx) }
      return sweepSessions(inThis, { now: clock(), marketplaceUrl })
    }
    const idle = await inBatch(sweep)
    expect([idle.scans, idle.rows]).toEqual([[], 0])
    it.api.clock.advance({ minutes: 15 })
    expectFlat(await inBatch(sweep))
  })
})
