/**
 * One order of locks everywhere: batches of the same people in another order, on two instances, wait for one another and
 * never in a circle. A deadlock would be tried again and show in no answer, so it is PostgreSQL that is asked.
 *
 * @module
 */
import { decodeJwt } from 'jose'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { connect, type Db, type Tx } from '../../src/db.ts'
import { createId, PUBLIC_TENANT_ID } from '../../src/id.ts'
import { checkLedger } from '../../src/ledger/check-ledger.ts'
import { endSessions } from '../../src/sessions/end-sessions.ts'
import { createValidation } from '../../src/sessions/validate-session.ts'
import { addUser, countWaiting, startTestApi, type TestApi } from '../harness.ts'
import { holdLock } from '../hold-lock.ts'
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
  const { findings } = await api.deps.db.inBatch(checkLedger)
  // Those that are placed here by hand have no session.
  expect(findings.filter(({ rule }) => !rule.startsWith('a hold is of a session'))).toEqual([])
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
  const holders = await Promise.all(ids.map((id) => holdLock(api, sql, [id])))
  const running = batches()
  for (const release of holders) {
    await expect.poll(() => countWaiting(api)).toBe(2)
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
  select placed from place_holds(array_fill($1::text, array[cardinality($2::text[])]), $2::text[], $3::text[], $3::text[],
    array_fill(4, array[cardinality($2::text[])]), array_fill($4::timestamptz, array[cardinality($2::text[])]))`

function placeHolds(tx: Tx, walletIds: string[]): Promise<unknown[]> {
  const now = api.clock.now()
  return tx.query(placeSql, [PUBLIC_TENANT_ID, walletIds, walletIds.map(() => createId('hld', now)), now])
}

test('holds', async () => {
  const lockSql = 'select 1 from wallets where id = $1 for update'
  const ids = people.map(({ id }) => id)
  const placed = await expectNoCircle(lockSql, ids, () =>
    instances.map((db, i) => db.inBatch((tx) => placeHolds(tx, i === 0 ? ids : ids.toReversed()))),
  )
  expect(placed.flat()).toEqual(Array.from({ length: 4 }, () => ({ placed: true })))
})

/**
 * Two rows come in the right order by luck as well, and small tables are read from their beginning. So there are more of them, asked
 * for from the last to the first, and PostgreSQL takes the tables for ones of a million rows, in which each is looked up.
 */
describe('a batch that waits for the first of its rows has none of the others', () => {
  const SESSIONS = 8
  let plays: Play[]
  let instance: Db

  beforeAll(async () => {
    await owner.query(`alter database ${new URL(api.databaseUrl).pathname.slice(1)} set enable_sort = off`)
    instance = connect({ databaseUrl: api.databaseUrl, poolSize: 2 })
  })
  beforeEach(async () => {
    plays = []
    for (let i = 0; i < SESSIONS; i += 1) {
      api.clock.advance({ ms: 5 })
      plays.push(await openSession({ ...market, user: await addUser(api, { tokens: 10_000 }) }))
    }
    await owner.query(
      `update pg_class set reltuples = 1000000, relpages = greatest(relpages, 1) where relname in ('sessions', 'wallets', 'holds')`,
    )
  })
  afterAll(() => instance.end())

  async function expectOneAtATime(
    table: 'sessions' | 'wallets',
    ids: string[],
    run: (tx: Tx) => Promise<unknown>,
  ) {
    const [first, ...others] = ids.toSorted()
    const release = await holdLock(api, `select from ${table} where id = $1 for update`, [first])
    const running = instance.inBatch(run)
    await expect.poll(() => countWaiting(api)).toBe(1)
    const { rows } = await owner.query(
      `select id from ${table} where id = any ($1) order by id for update skip locked`,
      [others],
    )
    await release()
    await running
    expect(rows.map(({ id }) => id)).toEqual(others)
  }

  test.each<['sessions' | 'wallets', (play: Play) => string]>([
    ['sessions', ({ sessionId }) => sessionId],
    ['wallets', ({ user }) => user.id],
  ])('endings, of their %s', async (table, idOf) => {
    const endings = plays.map(ending).toReversed()
    await expectOneAtATime(table, plays.map(idOf), (tx) => endSessions(tx, endings, marketplaceUrl))
  })
  test('holds', async () => {
    const ids = plays.map(({ user }) => user.id)
    await expectOneAtATime('wallets', ids, (tx) => placeHolds(tx, ids.toSorted().toReversed()))
  })
})
