/**
 * One order of locks everywhere: batches of the same people in another order, on two instances, wait for one another and
 * never in a circle. A deadlock would be tried again and show in no answer, so it is PostgreSQL that is asked.
 *
 * @module
 */
import { decodeJwt } from 'jose'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { connect, type Db } from '../../src/db.ts'
import { createId, PUBLIC_TENANT_ID } from '../../src/id.ts'
import { checkLedger } from '../../src/ledger/check-ledger.ts'
import { endSessions } from '../../src/sessions/end-sessions.ts'
import { createValidation } from '../../src/sessions/validate-session.ts'
import { addUser, startTestApi, type TestApi } from '../harness.ts'
import { createMarket, type Market, openSession, type Play } from '../play.ts'

const marketplaceUrl = 'http://localhost:4001'

let api: TestApi
let market: Market
let owner: pg.Client
let instances: readonly [Db, Db]
/** In the order of their ids. */
let people: Market['user'][]

beforeAll(async () => {
  api = await startTestApi()
  market = await createMarket(api)
  owner = new pg.Client({ connectionString: api.databaseUrl })
  await owner.connect()
  instances = [api.deps.db, connect({ databaseUrl: api.databaseUrl, poolSize: 2 })]
})
beforeEach(async () => {
  people = [await addUser(api, { tokens: 10_000 }), await addUser(api, { tokens: 10_000 })].sort((a, b) =>
    a.id < b.id ? -1 : 1,
  )
})
afterEach(async () => {
  expect((await api.deps.db.inBatch(checkLedger)).findings).toEqual([])
})
afterAll(async () => {
  await instances[1].end()
  await owner.end()
  await api.close()
})

/** A session of the first, of the second, of the second and of the first: in the order of the sessions' ids. */
async function openCrosswise(): Promise<Play[]> {
  const plays: Play[] = []
  for (const which of [0, 1, 1, 0]) {
    api.clock.advance({ ms: 5 })
    plays.push(await openSession({ ...market, user: people[which]! }))
  }
  return plays
}

/** A transaction of somebody else's that has a row. @returns what ends it */
async function hold(sql: string, id: string): Promise<() => Promise<void>> {
  const holder = new pg.Client({ connectionString: api.databaseUrl })
  await holder.connect()
  await holder.query('begin')
  await holder.query(sql, [id])
  return () => holder.end()
}

/** How many wait in line for a row. */
async function waiting(): Promise<number> {
  const { rows } = await owner.query(
    `select count(distinct pid) as count from pg_locks where not granted
       and pid in (select pid from pg_stat_activity where datname = current_database())`,
  )
  return Number(rows[0].count)
}

async function deadlocks(): Promise<number> {
  await owner.query('select pg_stat_clear_snapshot()')
  const { rows } = await owner.query(
    'select deadlocks from pg_stat_database where datname = current_database()',
  )
  return Number(rows[0].deadlocks)
}

/**
 * The two rows are held apart, so that whoever has the first is behind the other for the second.
 *
 * @param sql locks one of them
 * @param batches both want both, each in its own order
 */
async function expectNoCircle<T>(sql: string, ids: string[], batches: () => Promise<T>[]): Promise<T[]> {
  const before = await deadlocks()
  const holders = await Promise.all(ids.map((id) => hold(sql, id)))
  const running = batches()
  for (const release of holders) {
    await expect.poll(waiting).toBe(2)
    await release()
  }
  const answers = await Promise.all(running)
  expect(await deadlocks()).toBe(before)
  return answers
}

test('validations', async () => {
  const plays = await openCrosswise()
  // Both have time unbilled, and each is taken over after a minute of silence: more of it.
  for (const play of plays) await play.beat({ afterSeconds: 60, activeMs: 0 })
  api.clock.advance({ seconds: 60 })
  const launches: { jti: string }[] = []
  for (const play of plays) {
    const { body } = await play.market('POST', '/relaunch')
    launches.push(decodeJwt<{ jti: string }>(body.launchJwt))
  }
  const validate = instances.map((db) => createValidation(db, marketplaceUrl))
  const lockSql = 'select 1 from unbilled_time where user_id = $1 for update'
  const ids = people.map(({ id }) => id)
  const validated = await expectNoCircle(lockSql, ids, () =>
    plays.map(({ sessionId }, i) =>
      validate[i < 2 ? 0 : 1]!({
        tenantId: PUBLIC_TENANT_ID,
        sessionId,
        providerId: market.providerId,
        jti: launches[i]!.jti,
        clientId: `taker_000000${i}`,
        origin: undefined,
        now: api.clock.now(),
      }),
    ),
  )
  expect(validated.map(({ status }) => status)).toEqual(plays.map(() => 'active'))
})

const ending = ({ sessionId }: Play) => ({
  tenantId: PUBLIC_TENANT_ID,
  sessionId,
  reason: 'completed' as const,
  lastGap: 'unvouched' as const,
  now: api.clock.now(),
})

test('endings, of their wallets', async () => {
  const plays = await openCrosswise()
  api.clock.advance({ seconds: 30 })
  const lockSql = 'select 1 from wallets where id = $1 for update'
  const ids = people.map(({ id }) => id)
  const ended = await expectNoCircle(lockSql, ids, () =>
    instances.map((db, i) =>
      db.inBatch((tx) => endSessions(tx, plays.slice(2 * i, 2 * i + 2).map(ending), marketplaceUrl)),
    ),
  )
  expect(ended.map(({ length }) => length)).toEqual([2, 2])
})

test('endings, of their sessions', async () => {
  const plays = (await openCrosswise()).slice(0, 2)
  const lockSql = 'select 1 from sessions where id = $1 for update'
  const ids = plays.map(({ sessionId }) => sessionId)
  const ended = await expectNoCircle(lockSql, ids, () =>
    instances.map((db, i) =>
      db.inBatch((tx) => endSessions(tx, (i === 0 ? plays : plays.toReversed()).map(ending), marketplaceUrl)),
    ),
  )
  expect(ended.map(({ length }) => length).sort()).toEqual([0, 2])
})

// As an opening says it, which has no row of its own to be held beforehand.
const placeSql = `
  select placed from place_holds(array_fill($1::text, '{2}'), $2::text[], $3::text[], $3::text[], '{4,4}', array_fill($4::timestamptz, '{2}'))`
test('holds', async () => {
  const lockSql = 'select 1 from wallets where id = $1 for update'
  const ids = people.map(({ id }) => id)
  const now = api.clock.now()
  const placed = await expectNoCircle(lockSql, ids, () =>
    instances.map((db, i) =>
      db.inBatch(async (tx) => {
        const wallets = i === 0 ? ids : ids.toReversed()
        const holds = ids.map(() => createId('hld', now))
        return tx.query(placeSql, [PUBLIC_TENANT_ID, wallets, holds, now])
      }),
    ),
  )
  expect(placed.flat()).toEqual(Array.from({ length: 4 }, () => ({ placed: true })))
})
