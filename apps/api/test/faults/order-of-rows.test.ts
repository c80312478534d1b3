/**
 * Several rows of a kind are locked in the order of their ids, however a statement came by them. Two rows come in the right
 * order by luck as well, so here they are many, and the one in the middle is held: what is before it is taken by then, and
 * what is behind it is free. PostgreSQL sorts nothing that it need not, and finds rows as they lie.
 *
 * @module
 */
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { connect, type Db } from '../../src/db.ts'
import { PUBLIC_TENANT_ID } from '../../src/id.ts'
import { createAllowance, UNBILLED_MS_ALLOWED } from '../../src/sessions/allowance.ts'
import { endSessions } from '../../src/sessions/end-sessions.ts'
import { createHeartbeat } from '../../src/sessions/heartbeat.ts'
import { createValidation } from '../../src/sessions/validate-session.ts'
import { connectAs, type OwnConnection } from '../database.ts'
import { addUser, countWaiting, startTestApi, type TestApi } from '../harness.ts'
import { holdLock } from '../hold-lock.ts'
import { createMarket, type Market, openSession, type Play } from '../play.ts'

/** So few share a batch, where calls are gathered. */
const ROWS = 8
const MIDDLE = 4
const marketplaceUrl = 'http://localhost:4001'

let api: TestApi
let market: Market
let owner: OwnConnection
/** Where rows come as they lie. */
let instance: Db

beforeAll(async () => {
  api = await startTestApi()
  market = await createMarket(api, { tokens: 100_000 })
  owner = await connectAs(api.databaseUrl)
  const name = new URL(api.databaseUrl).pathname.slice(1)
  for (const way of ['sort', 'indexscan', 'indexonlyscan', 'bitmapscan'])
    await owner.query(`alter database ${name} set enable_${way} = off`)
  instance = connect({ databaseUrl: api.databaseUrl, poolSize: 2 })
})
beforeEach(() => {
  api.clock.advance({ hours: 48 })
})
afterAll(async () => {
  await instance.end()
  await owner.end()
  await api.close()
})

/** @param table has these rows, in the order in which they are to be locked */
async function expectOneAfterAnother(
  { table, column, ids }: { table: string; column: string; ids: string[] },
  run: () => Promise<unknown>,
): Promise<void> {
  const release = await holdLock(api, `select from ${table} where ${column} = $1 for update`, [ids[MIDDLE]])
  const running = run()
  await expect.poll(() => countWaiting(api)).toBe(1)
  const free = await owner.query<{ id: string }>(
    `select ${column} as id from ${table} where ${column} = any ($1) for update skip locked`,
    [ids],
  )
  await release()
  await running
  expect(free.map(({ id }) => id).sort()).toEqual(ids.slice(MIDDLE + 1))
}

/** Sessions of as many people, each of whom has time unbilled in this hour, in the order of the people. */
async function openForMany(): Promise<Play[]> {
  const plays: Play[] = []
  for (let i = 0; i < ROWS; i += 1) {
    const play = await openSession({ ...market, user: await addUser(api, { tokens: 10_000 }) })
    await play.beat()
    plays.push(play)
  }
  api.clock.advance({ seconds: 60 })
  for (const play of plays) await play.beat({ activeMs: 0 })
  return plays.sort((a, b) => (a.user.id < b.user.id ? -1 : 1))
}

const named = ({ sessionId, providerId }: Play) => ({ tenantId: PUBLIC_TENANT_ID, sessionId, providerId })

const notes: [string, (plays: Play[]) => Promise<() => Promise<unknown>>][] = [
  [
    'beats',
    async (plays) => () => {
      const beat = createHeartbeat(instance, marketplaceUrl)
      const now = api.clock.now()
      return Promise.all(
        plays.map((play) =>
          beat({
            ...named(play),
            clientId: play.clientId,
            sequence: play.sequence + 1,
            activeMs: 0,
            isFinal: false,
            at: now,
            origin: null,
          }),
        ),
      )
    },
  ],
  [
    'endings',
    async (plays) => () =>
      instance.inBatch((tx) =>
        endSessions(
          tx,
          plays.map((play) => ({
            ...named(play),
            reason: 'completed',
            lastGap: { activeMs: 0 },
            now: api.clock.now(),
          })),
          marketplaceUrl,
        ),
      ),
  ],
  [
    'validations',
    async (plays) => {
      const jtis: string[] = []
      for (const play of plays) {
        const { body } = await play.market('POST', '/relaunch')
        jtis.push(decodeJwt<{ jti: string }>(body.launchJwt).jti)
      }
      return () => {
        const validate = createValidation(instance, marketplaceUrl)
        const now = api.clock.now()
        return Promise.all(
          plays.map((play, i) =>
            validate({
              ...named(play),
              jti: jtis[i]!,
              clientId: `taker_00000${i}`,
              origin: undefined,
              now,
            }),
          ),
        )
      }
    },
  ],
]
test.each(notes)('what %s leave unbilled is noted one person after another', async (_what, prepare) => {
  const plays = await openForMany()
  const run = await prepare(plays)
  api.clock.advance({ seconds: 60 })
  const ids = plays.map(({ user }) => user.id)
  await expectOneAfterAnother({ table: 'unbilled_time', column: 'user_id', ids }, run)
})

test('the leases of who is over the allowance are shortened one session after another', async () => {
  const plays: Play[] = []
  for (let i = 0; i < ROWS; i += 1) {
    api.clock.advance({ ms: 5 })
    plays.push(await openSession(market))
  }
  // A beat writes its row anew, behind the others: so they lie from the last to the first.
  for (const play of plays.toReversed()) await play.beat()
  const { user, providerId } = market
  await owner.query(
    `insert into unbilled_time (tenant_id, user_id, provider_id, hour, unbilled_ms) values ($1, $2, $3, $4, $5)`,
    [PUBLIC_TENANT_ID, user.id, providerId, api.clock.now(), UNBILLED_MS_ALLOWED + 1],
  )
  const isOver = createAllowance(instance)
  const beat = {
    tenantId: PUBLIC_TENANT_ID,
    userId: user.id,
    providerId,
    id: plays[0]!.sessionId,
    now: api.clock.now(),
  }
  const ids = plays.map(({ sessionId }) => sessionId)
  await expectOneAfterAnother({ table: 'sessions', column: 'id', ids }, () => isOver(beat))
})
