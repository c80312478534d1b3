/**
 * What travels together does not sink together: a locked row, a row the database refuses, a database that falls silent.
 *
 * @module
 */
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { connect, type Db } from '../../src/db.ts'
import { PUBLIC_TENANT_ID } from '../../src/id.ts'
import { checkLedger } from '../../src/ledger/check-ledger.ts'
import { createCompletion } from '../../src/sessions/complete-session.ts'
import { createOpening, type Launch } from '../../src/sessions/create-session.ts'
import { endProviderSessions } from '../../src/sessions/end-provider-sessions.ts'
import { sweepSessions } from '../../src/sessions/sweep-sessions.ts'
import { type Answer, addProvider, addUser, countWaiting, startTestApi, type TestApi } from '../harness.ts'
import { holdLock } from '../hold-lock.ts'
import { createMarket, type Market, openSession, type Play, validateLaunch } from '../play.ts'
import { withCut } from '../simulation/cut.ts'
import { startApiOn } from './api-on.ts'
import { startBreakableProxy } from './breakable-proxy.ts'

const marketplaceUrl = 'http://localhost:4001'
/** Waiting for a lock takes 5 s: who has an answer by then did not wait. */
const AT_ONCE_MS = 3_000

let api: TestApi
let market: Market
let owner: pg.Client

beforeAll(async () => {
  api = await startTestApi()
  market = await createMarket(api, { tokens: 1_000_000 })
  owner = new pg.Client({ connectionString: api.databaseUrl })
  await owner.connect()
})
afterEach(async () => {
  expect((await api.deps.db.inBatch(checkLedger)).findings).toEqual([])
})
afterAll(async () => {
  await owner.end()
  await api.close()
})

const openMany = (count: number, options?: Parameters<typeof openSession>[1]) =>
  Promise.all(Array.from({ length: count }, () => openSession(market, options)))

const idsOf = (plays: Play[]) => plays.map(({ sessionId }) => sessionId)
const statuses = (answers: Answer[]) => answers.map(({ status }) => status)

/** Runs with rows locked by somebody else, and lets go when what is to be answered meanwhile has been. */
async function whileLocked<T>(
  table: 'sessions' | 'wallets',
  ids: string[],
  meanwhile: () => Promise<T>,
): Promise<T> {
  await owner.query('begin')
  await owner.query(`select 1 from ${table} where id = any($1) for update`, [ids])
  try {
    return await meanwhile()
  } finally {
    await owner.query('rollback')
  }
}

describe('rows that somebody else has locked', () => {
  const calls: [string, (play: Play) => Promise<Answer>, { validate: boolean }][] = [
    ['beats', (play) => play.beat({ activeMs: 0 }), { validate: true }],
    ['validations', (play) => validateLaunch(play), { validate: false }],
    ['completions', (play) => play.call('complete'), { validate: true }],
  ]
  test.each(
    calls,
  )('%s of others are answered at once, and theirs when the lock is gone', async (_name, call, how) => {
    const [locked, others] = [await openMany(6, how), await openMany(12, how)]
    const began = performance.now()
    const late: Promise<Answer>[] = []
    await whileLocked('sessions', idsOf(locked), async () => {
      late.push(...locked.map(call))
      const first = await Promise.all(others.slice(0, 6).map(call))
      const second = await Promise.all(others.slice(6).map(call))
      expect(statuses([...first, ...second])).toEqual(others.map(() => 200))
      expect(performance.now() - began).toBeLessThan(AT_ONCE_MS)
    })
    expect(statuses(await Promise.all(late))).toEqual(locked.map(() => 200))
  })

  test('a beat that waits for longer than a lock may take is told to come again', async () => {
    const [play] = await openMany(1)
    const answer = await whileLocked('sessions', idsOf([play!]), () => play!.beat())
    expect([answer.status, answer.body.code]).toEqual([503, 'unavailable'])
    expect((await play!.beat()).status).toBe(200)
  }, 15_000)
})

describe('a wallet that somebody else has locked', () => {
  test.each([
    ['an opening', {}],
    ['an opening of a user with spending limits', { perDayTokens: 5_000 }],
  ])(
    'keeps %s waiting, and none that comes with it',
    async (_what, limits) => {
      const locked = await addUser(api, { tokens: 10_000 })
      const others = await Promise.all(Array.from({ length: 6 }, () => addUser(api, { tokens: 10_000 })))
      const body = { perDayTokens: null, perProviderPerDayTokens: [], lowBalanceTokens: null, ...limits }
      expect((await api.call('PUT', '/tokens/limits', { token: locked.token, body })).status).toBe(200)
      const open = createOpening(api.deps.db, api.deps.keys)
      const opening = ({ id: userId }: { id: string }) =>
        open({
          tenantId: PUBLIC_TENANT_ID,
          userId,
          providerId: market.providerId,
          durationMinutes: 10,
          feeBasisPoints: 2_000,
          now: api.clock.now(),
        })
      const began = performance.now()
      const late: Promise<Launch>[] = []
      await whileLocked('wallets', [locked.id], async () => {
        late.push(opening(locked))
        await Promise.all(others.map(opening))
        await Promise.all(others.map(opening))
        expect(performance.now() - began).toBeLessThan(AT_ONCE_MS)
      })
      for (const { session } of await Promise.all(late)) expect(session.tokensHeld).toBe(40)
    },
    20_000,
  )

  test('whose user is about to change their limits keeps no opening waiting', async () => {
    const user = await addUser(api, { tokens: 10_000 })
    const others = await Promise.all(Array.from({ length: 6 }, () => addUser(api, { tokens: 10_000 })))
    const body = { perDayTokens: null, perProviderPerDayTokens: [], lowBalanceTokens: 5 }
    const change = () => api.call('PUT', '/tokens/limits', { token: user.token, body })
    await change()
    const release = await holdLock(api, 'select from spending_limits where user_id = $1 for update', [
      user.id,
    ])
    const changing = change()
    try {
      await expect.poll(() => countWaiting(api)).toBe(1)
      const began = performance.now()
      const opened = await Promise.all(
        [user, ...others].map(({ token }) =>
          api.call('POST', '/sessions', {
            token,
            body: { providerId: market.providerId, durationMinutes: 10 },
          }),
        ),
      )
      expect(statuses(opened)).toEqual(Array(7).fill(201))
      expect(performance.now() - began).toBeLessThan(AT_ONCE_MS)
    } finally {
      await release()
    }
    expect((await changing).status).toBe(200)
  }, 20_000)

  test('keeps a validation waiting that finds its provider suspended, and none that comes with it', async () => {
    const providerId = await addProvider(api, { ownerId: market.user.id })
    const user = await addUser(api, { tokens: 10_000 })
    const late = await openSession({ ...market, user, providerId }, { validate: false })
    const others = await openMany(6, { validate: false })
    await owner.query(`update providers set status = 'suspended' where id = $1`, [providerId])
    const began = performance.now()
    const refused: Promise<Answer>[] = []
    await whileLocked('wallets', [user.id], async () => {
      refused.push(validateLaunch(late))
      const answers = await Promise.all(others.map((play) => validateLaunch(play)))
      expect(statuses(answers)).toEqual(others.map(() => 200))
      expect(performance.now() - began).toBeLessThan(AT_ONCE_MS)
    })
    expect((await Promise.all(refused)).map(({ body }) => body.code)).toEqual(['session_ended'])
  })
})

describe('unbilled time of somebody whose wallet is locked', () => {
  const endings: [string, (play: Play) => Promise<unknown>][] = [
    ['a completion', (play) => play.call('complete', { activeMs: 0 })],
    ['the sweeper', () => sweepSessions(api.deps.db, { now: api.clock.now(), marketplaceUrl })],
  ]
  test.each(endings)(
    'is noted by a beat at once, whatever %s waits for, and so are those that come with it',
    async (_what, end) => {
      const mine = { ...market, user: await addUser(api, { tokens: 10_000 }) }
      const ended = await openSession(mine, { minutes: 1 })
      const [own, others] = [await openSession(mine), await openMany(6)]
      api.clock.advance({ seconds: 15 })
      await Promise.all([ended, own, ...others].map((play) => play.beat()))
      // The minute is over, and its app was served what nobody vouches for.
      api.clock.advance({ seconds: 131 })
      const late: Promise<unknown>[] = []
      await whileLocked('wallets', [mine.user.id], async () => {
        late.push(end(ended))
        await expect.poll(() => countWaiting(api)).toBe(1)
        const began = performance.now()
        const answers = await Promise.all([own, ...others].map((play) => play.beat({ activeMs: 0 })))
        expect(statuses(answers)).toEqual(Array(7).fill(200))
        expect(performance.now() - began).toBeLessThan(AT_ONCE_MS)
      })
      await Promise.all(late)
      expect((await ended.look()).body).toMatchObject({ status: 'ended', usedMs: 15_000 })
      const [unbilled] = await api.deps.db.batch.query(
        'select sum(unbilled_ms) as ms from unbilled_time where user_id = $1',
        [mine.user.id],
      )
      expect(unbilled).toEqual({ ms: 45_000 + 130_000 })
    },
    20_000,
  )
})

/** Its hold is made smaller than what it costs, by the hand of the owner: no call does that. */
async function poison(play: Play): Promise<() => Promise<void>> {
  const change = async (by: number) => {
    await owner.query('update holds set amount = amount + $2 where reference = $1', [play.sessionId, by])
    await owner.query('update wallets set held = held + $2 where id = $1', [play.user.id, by])
  }
  await change(-119)
  return () => change(119)
}

describe('a session that the database will not settle', () => {
  test('sinks no completion that travels with it, on either of two instances', async () => {
    const otherDb = connect({ databaseUrl: api.databaseUrl })
    const complete = createCompletion(otherDb, marketplaceUrl)
    const completeThere = ({ sessionId, providerId, clientId }: Play) =>
      complete({
        tenantId: PUBLIC_TENANT_ID,
        sessionId,
        speaker: { kind: 'client', clientId, providerId, sequence: null, activeMs: null },
        now: api.clock.now(),
      }).then(
        ({ status }) => status,
        (error: Error) => error.message,
      )
    const plays = await openMany(11)
    const [bad, ...good] = plays
    for (let i = 0; i < 3; i += 1) {
      api.clock.advance({ seconds: 30 })
      await Promise.all(plays.map((play) => play.beat()))
    }
    const heal = await poison(bad!)
    const [here, there] = await Promise.all([
      Promise.all([...good.slice(0, 2), bad!, ...good.slice(2, 5)].map((play) => play.call('complete'))),
      Promise.all([...good.slice(5, 8), bad!, ...good.slice(8)].map(completeThere)),
    ])
    expect(statuses(here)).toEqual([200, 200, 500, 200, 200, 200])
    const refused = expect.stringContaining('exceeds the holds')
    expect(there).toEqual(['ended', 'ended', 'ended', refused, 'ended', 'ended'])
    await heal()
    expect((await bad!.call('complete')).body.session).toMatchObject({ status: 'ended', tokensCharged: 6 })
    await otherDb.end()
  })

  test('keeps no other waiting for the sweeper, on any instance, and comes up again later', async () => {
    api.clock.advance({ hours: 9 })
    await sweepSessions(api.deps.db, { now: api.clock.now(), marketplaceUrl })
    const own = await createMarket(api, { tokens: 10_000 })
    const plays = await Promise.all(Array.from({ length: 5 }, () => openSession(own)))
    const [bad] = plays
    for (let i = 0; i < 3; i += 1) {
      api.clock.advance({ seconds: 30 })
      await Promise.all(plays.map((play) => play.beat()))
    }
    const heal = await poison(bad!)
    api.clock.advance({ minutes: 31 })
    const other = connect({ databaseUrl: api.databaseUrl, poolSize: 2 })
    const failed: string[] = []
    const sweep = (db: Db) =>
      sweepSessions(db, { now: api.clock.now(), marketplaceUrl, onFailure: (id) => failed.push(id) })
    expect(await sweep(api.deps.db)).toBe(4)
    expect(await sweep(other)).toBe(0)
    expect(failed).toEqual([bad!.sessionId])
    await heal()
    api.clock.advance({ minutes: 10 })
    expect(await sweep(other)).toBe(1)
    await other.end()
    expect((await bad!.look()).body).toMatchObject({ endReason: 'abandoned', tokensCharged: 6 })
  })
})

describe('a provider with more sessions than one transaction takes', () => {
  test('is suspended in portions: who dies half way is followed by the next, and locked ones come last', async () => {
    const providerId = await addProvider(api, { ownerId: market.user.id })
    const there = { ...market, providerId }
    const [running, pending] = [await openSession(there), await openSession(there, { validate: false })]
    await owner.query(
      `insert into sessions (tenant_id, id, user_id, provider_id, user_ref, status, duration_ms, tokens_per_minute,
         fee_basis_points, tokens_held, launch_jti, launch_expires_at, created_at, sweep_at)
       select tenant_id, 'ses_' || lpad(n::text, 26, '0'), user_id, provider_id, user_ref, 'pending', duration_ms, 0, 0, 0,
         'jti', launch_expires_at, created_at, sweep_at
       from sessions, generate_series(1, 450) n where id = $1`,
      [pending.sessionId],
    )
    await owner.query(`update providers set status = 'suspended' where id = $1`, [providerId])
    const end = { tenantId: PUBLIC_TENANT_ID, providerId }
    const options = { now: api.clock.now, marketplaceUrl }
    const left = async () =>
      Number(
        (
          await owner.query(`select count(*) from sessions where provider_id = $1 and status <> 'ended'`, [
            providerId,
          ])
        ).rows[0].count,
      )
    expect(await endProviderSessions(api.deps.db, end, { ...options, withinMs: 0 })).toBe(false)
    expect(await left()).toBe(252)
    await whileLocked('sessions', idsOf([running]), async () => {
      expect(await endProviderSessions(api.deps.db, end, { ...options, withinMs: 500 })).toBe(false)
      expect(await left()).toBe(1)
    })
    expect(await endProviderSessions(api.deps.db, end, { ...options, withinMs: 500 })).toBe(true)
    expect((await running.look()).body.endReason).toBe('revoked')
    expect((await pending.look()).body.endReason).toBe('cancelled')
  })

  test('is suspended also where one of them cannot be settled: the others end, and that one when it is mended', async () => {
    const providerId = await addProvider(api, { ownerId: market.user.id })
    const plays = await Promise.all(Array.from({ length: 4 }, () => openSession({ ...market, providerId })))
    api.clock.advance({ seconds: 40 })
    await Promise.all(plays.map((play) => play.beat()))
    const [bad, ...good] = plays
    const heal = await poison(bad!)
    await owner.query(`update providers set status = 'suspended' where id = $1`, [providerId])
    const suspend = () =>
      endProviderSessions(
        api.deps.db,
        { tenantId: PUBLIC_TENANT_ID, providerId },
        { now: api.clock.now, marketplaceUrl, withinMs: 5_000 },
      )
    expect(await suspend()).toBe(false)
    for (const play of good) expect((await play.look()).body.endReason).toBe('revoked')
    await heal()
    expect(await suspend()).toBe(true)
    expect((await bad!.look()).body.endReason).toBe('revoked')
  })
})

describe('a database that nobody hears of', () => {
  test('silence is told to all that wait at once, not to one after another', async () => {
    const plays = await openMany(24)
    const proxy = await startBreakableProxy(api.databaseUrl)
    const behind = await startApiOn(proxy.url, { poolSize: 4, statementTimeoutMs: 500 })
    const beat = (play: Play) =>
      behind.app.inject({
        method: 'POST',
        url: `/api/v1/sessions/${play.sessionId}/heartbeat`,
        headers: { authorization: `Bearer ${play.sessionJwt}` },
        payload: { clientId: play.clientId, sequence: 1 },
      })
    try {
      expect((await beat(plays[0]!)).statusCode).toBe(200)
      proxy.silence()
      const began = performance.now()
      const answers = await Promise.all(plays.map(beat))
      expect(answers.map(({ statusCode }) => statusCode)).toEqual(plays.map(() => 503))
      // Two statements of 2.5 s in each lane, and what connecting anew may take.
      expect(performance.now() - began).toBeLessThan(15_000)
    } finally {
      await behind.close()
      await proxy.close()
    }
  }, 40_000)

  test('a commit whose answer is lost opens nothing twice', async () => {
    const user = await addUser(api, { tokens: 10_000 })
    const users = [user, await addUser(api, { tokens: 10_000 }), await addUser(api, { tokens: 10_000 })]
    const open = () =>
      Promise.all(
        users.map(({ token }) =>
          api.call('POST', '/sessions', {
            token,
            body: { providerId: market.providerId, durationMinutes: 10 },
          }),
        ),
      )
    const held = async () =>
      (
        await owner.query('select held from wallets where id = any($1) order by id', [
          users.map(({ id }) => id),
        ])
      ).rows.map((row) => Number(row.held))
    // Known to the process, so that what it asks is: begin, providers, sessions, commit.
    await Promise.all(users.map(({ token }) => api.call('GET', '/tokens/balance', { token })))
    const { result, cut } = await withCut({ statement: 4, mode: 'after' }, api.databaseUrl, open)
    expect(cut.hasFired).toBe(true)
    expect(statuses(result)).toEqual([503, 503, 503])
    expect(await held()).toEqual([40, 40, 40])
  })
})
