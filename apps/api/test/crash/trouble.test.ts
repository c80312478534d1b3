/**
 * Trouble that is no crash: no connection left, a statement that waits for a lock, a clock that runs backwards.
 *
 * @module
 */
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connect } from '../../src/db.ts'
import { PUBLIC_TENANT_ID } from '../../src/id.ts'
import { startTestApi, type TestApi } from '../harness.ts'
import { createMarket, type Market, openSession } from '../play.ts'

let api: TestApi
let market: Market

beforeAll(async () => {
  api = await startTestApi()
  market = await createMarket(api, { tokens: 100_000 })
})
afterAll(() => api.close())

/** A connection of somebody else that holds a row. */
async function holdLock(sql: string, values: unknown[]) {
  const other = new pg.Client({ connectionString: api.databaseUrl })
  await other.connect()
  await other.query('begin')
  await other.query(sql, values)
  return {
    async release() {
      await other.query('rollback')
      await other.end()
    },
  }
}

test('a wallet that somebody else holds on to makes a 503 in seconds, and nothing is half done', async () => {
  const lock = await holdLock('select 1 from wallets where id = $1 for update', [market.user.id])
  const refused = await api.call('POST', '/sessions', {
    token: market.user.token,
    body: { providerId: market.providerId, durationMinutes: 5 },
  })
  expect([refused.status, refused.body.code]).toEqual([503, 'unavailable'])
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
  await lock.release()
  const [held] = await api.deps.db.batch.query('select held from wallets where id = $1', [market.user.id])
  expect(held).toEqual({ held: 0 })
  expect((await openSession(market)).sessionId).toMatch(/^ses_/)
})

test('a beat on a locked session is a 503, and the same beat afterwards counts once', async () => {
  const play = await openSession(market)
  await play.use(30)
  const lock = await holdLock('select 1 from sessions where id = $1 for update', [play.sessionId])
  api.clock.advance({ seconds: 30 })
  const refused = await play.beat()
  expect(refused.status).toBe(503)
  await lock.release()
  play.sequence -= 1
  expect((await play.beat()).body.session).toMatchObject({ usedMs: 60_000, sequence: 2 })
})

test('with all connections taken a transaction is refused in time, and served when one is free', async () => {
  const db = connect({ databaseUrl: api.databaseUrl, poolSize: 1 })
  const { promise: taken, resolve: release } = Promise.withResolvers<void>()
  const busy = db.inTenant(PUBLIC_TENANT_ID, () => taken)
  await expect(db.inTenant(PUBLIC_TENANT_ID, async () => 1)).rejects.toThrow(
    /timeout exceeded when trying to connect/,
  )
  release()
  await busy
  expect(await db.inTenant(PUBLIC_TENANT_ID, async () => 1)).toBe(1)
  await db.end()
})

test('a clock that jumps back takes no used time away and counts none twice', async () => {
  const play = await openSession(market)
  await play.use(60)
  api.clock.advance({ seconds: -50 })
  const back = await play.beat()
  expect(back.body.session).toMatchObject({ status: 'active', usedMs: 60_000, sequence: 3 })
  // Right again: nothing was used meanwhile, and the SDK says so. Who says nothing has a gap of 50 s, as after any such jump.
  api.clock.advance({ seconds: 50 })
  expect((await play.beat({ activeMs: 0 })).body.session.usedMs).toBe(60_000)
  expect((await play.beat({ afterSeconds: 30 })).body.session.usedMs).toBe(90_000)
  // Within the slack that two instances have, nobody has to say anything.
  api.clock.advance({ seconds: -40 })
  await play.beat()
  api.clock.advance({ seconds: 40 })
  expect((await play.beat()).body.session.usedMs).toBe(90_000)
  api.clock.advance({ seconds: -3_600 })
  const paused = await play.call('pause')
  expect(paused.body.session).toMatchObject({ status: 'paused', usedMs: 90_000 })
  const ended = await play.call('complete')
  expect(ended.body.session).toMatchObject({ status: 'ended', usedMs: 90_000, tokensCharged: 6 })
  api.clock.advance({ seconds: 3_600 })
})
