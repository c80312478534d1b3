/**
 * Operations against one another at the same instant, through two instances on one database: whoever comes first wins,
 * once, and the books stay right.
 *
 * @module
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Db } from '../../src/db.ts'
import { checkLedger } from '../../src/ledger/check-ledger.ts'
import { sweepSessions } from '../../src/sessions/sweep-sessions.ts'
import { accessTokenOf, addUser, startTestApi, type TestApi } from '../harness.ts'
import { type Instance, startOtherInstance } from '../instance.ts'
import { createMarket, type Market, openSession, type Play } from '../play.ts'

let api: TestApi
let other: Instance
let market: Market

beforeAll(async () => {
  api = await startTestApi()
  other = await startOtherInstance(api)
})
afterAll(async () => {
  await other.close()
  await api.close()
})
beforeEach(async () => {
  market = await createMarket(api, { tokens: 1_000_000 })
})

/** One POST, by one instance or the other. */
async function post(which: number, url: string, token: string, body: object = {}) {
  const app = which % 2 === 0 ? api.app : other.app
  const answer = await app.inject({
    method: 'POST',
    url,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    payload: JSON.stringify(body),
  })
  return { status: answer.statusCode, body: JSON.parse(answer.body) }
}

const tally = (statuses: number[]) =>
  Object.fromEntries([...Map.groupBy(statuses, String)].map(([status, all]) => [status, all.length]))
const sweep = (db: Db) =>
  sweepSessions(db, { now: api.clock.now(), marketplaceUrl: api.deps.config.marketplaceUrl })
const accessToken = () => accessTokenOf(api, market.user.id)

async function chargesOf(play: Play) {
  return api.deps.db.batch.query<{ amount: number }>(
    `select amount from transfers where session_id = $1 and kind = 'charge'`,
    [play.sessionId],
  )
}

async function expectRightBooks(): Promise<void> {
  expect((await api.deps.db.inBatch(checkLedger)).findings).toEqual([])
}

test('200 sessions for the money of one: one is opened, 199 are refused', async () => {
  const user = await addUser(api, { tokens: 4 * 10 })
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, i) =>
      post(i, '/sessions', user.token, { providerId: market.providerId, durationMinutes: 10 }),
    ),
  )
  expect(tally(answers.map(({ status }) => status))).toEqual({ 201: 1, 402: 199 })
  await expectRightBooks()
})

test('40 openings with one key are one session, and every answer is the same', async () => {
  const token = await accessToken()
  const send = async (which: number) => {
    const app = which % 2 === 0 ? api.app : other.app
    for (;;) {
      const { statusCode, body } = await app.inject({
        method: 'POST',
        url: '/sessions',
        headers: { authorization: `Bearer ${token}`, 'idempotency-key': 'the-only-one' },
        payload: { providerId: market.providerId, durationMinutes: 10 },
      })
      if (statusCode !== 409) return `${statusCode} ${body}`
    }
  }
  const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => send(i)))
  expect(new Set(answers).size).toBe(1)
  expect(answers[0]).toMatch(/^201 /)
  const rows = await api.deps.db.batch.query('select id from sessions where user_id = $1', [market.user.id])
  expect(rows).toHaveLength(1)
  await expectRightBooks()
})

test('50 completions, by the app and the marketplace, settle once and all say the same', async () => {
  const play = await openSession(market)
  await play.use(90)
  const token = await accessToken()
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, i) =>
      post(i, `/api/v1/sessions/${play.sessionId}/complete`, i % 3 === 0 ? token : play.sessionJwt),
    ),
  )
  expect(tally(answers.map(({ status }) => status))).toEqual({ 200: 50 })
  expect(new Set(answers.map(({ body }) => JSON.stringify(body.session)))).toHaveProperty('size', 1)
  expect(await chargesOf(play)).toEqual([{ amount: 6 }])
  await expectRightBooks()
})

describe('at the instant a session is over', () => {
  test('completion, beat, two sweepers and a read settle it once, as expired', async () => {
    const plays = await Promise.all(Array.from({ length: 10 }, () => openSession(market, { minutes: 2 })))
    for (const play of plays) await play.beat()
    api.clock.advance({ seconds: 131 })
    const token = await accessToken()
    await Promise.all([
      sweep(api.deps.db),
      sweep(other.deps.db),
      ...plays.flatMap((play, i) => [
        post(i, `/api/v1/sessions/${play.sessionId}/complete`, play.sessionJwt, { activeMs: 120_000 }),
        post(i + 1, `/api/v1/sessions/${play.sessionId}/complete`, token),
        post(i, `/api/v1/sessions/${play.sessionId}/heartbeat`, play.sessionJwt, {
          clientId: play.clientId,
          sequence: 9,
          activeMs: 120_000,
        }),
        play.look(),
      ]),
    ])
    for (const play of plays) {
      expect((await play.look()).body).toMatchObject({
        status: 'ended',
        endReason: 'expired',
        usedMs: 0,
        tokensCharged: 0,
      })
      expect(await chargesOf(play)).toEqual([])
    }
    await expectRightBooks()
  })

  test('an extension either holds and is settled with it, or is refused and holds nothing', async () => {
    const token = await accessToken()
    const plays = await Promise.all(Array.from({ length: 12 }, () => openSession(market, { minutes: 1 })))
    for (const play of plays) await play.beat()
    api.clock.advance({ seconds: 45 })
    for (const play of plays) await play.beat()
    const answers = await Promise.all(
      plays.flatMap((play, i) => [
        post(i, `/sessions/${play.sessionId}/extend`, token, { minutes: 5 }),
        post(i + 1, `/api/v1/sessions/${play.sessionId}/complete`, play.sessionJwt),
      ]),
    )
    for (const [i, play] of plays.entries()) {
      const extended = answers[2 * i]!.status
      expect([200, 409]).toContain(extended)
      expect((await play.look()).body).toMatchObject({
        status: 'ended',
        tokensHeld: extended === 200 ? 4 * 6 : 4,
        tokensCharged: 3,
      })
    }
    await expectRightBooks()
  })
})

describe('a session that was silent for too long, and that nobody has settled', () => {
  interface Meeting {
    what: string
    wasPaused?: boolean
    status: number
    meet: (which: number, play: Play, token: string, launchJwt: string) => ReturnType<typeof post>
  }
  const said = (verb: string) => (which: number, play: Play) =>
    post(which, `/api/v1/sessions/${play.sessionId}/${verb}`, play.sessionJwt, {
      clientId: play.clientId,
      sequence: 9 + which,
    })
  const asked =
    (verb: string, body = {}) =>
    (which: number, play: Play, token: string) =>
      post(which, `/sessions/${play.sessionId}/${verb}`, token, body)
  const shown =
    (clientIdOf: (play: Play) => string) => (which: number, play: Play, _token: string, launchJwt: string) =>
      post(which, '/api/v1/sessions/validate', '', { launchJwt, clientId: clientIdOf(play) })
  const meetings: Meeting[] = [
    { what: 'extended', status: 409, meet: asked('extend', { minutes: 5 }) },
    { what: 'relaunched', status: 409, meet: asked('relaunch') },
    { what: 'validated by its client', status: 409, meet: shown(({ clientId }) => clientId) },
    { what: 'taken over by another client', status: 409, meet: shown(() => 'another_client') },
    { what: 'paused by its app', status: 200, meet: said('pause') },
    { what: 'paused by its user', status: 200, meet: asked('pause') },
    { what: 'resumed by its app', wasPaused: true, status: 200, meet: said('resume') },
    { what: 'resumed by its user', wasPaused: true, status: 200, meet: asked('resume') },
  ]

  test.each(meetings)('is settled once and goes on for nobody: $what, while two sweep half of them', async ({
    wasPaused = false,
    status,
    meet,
  }) => {
    const plays = await Promise.all(Array.from({ length: 6 }, () => openSession(market, { minutes: 10 })))
    api.clock.advance({ seconds: 30 })
    await Promise.all(plays.map((play) => play.beat()))
    if (wasPaused) await Promise.all(plays.map((play) => play.call('pause')))
    api.clock.advance({ seconds: 1_790 })
    const launches = await Promise.all(plays.map((play) => play.market('POST', '/relaunch')))
    api.clock.advance({ ms: 10_001 })
    // A sweeper is there before everybody else.
    await api.deps.db.batch.query(
      `update sessions set sweep_at = sweep_at + interval '1 hour' where id = any ($1)`,
      [plays.slice(3).map(({ sessionId }) => sessionId)],
    )
    const token = await accessToken()
    const [answers] = await Promise.all([
      Promise.all(
        plays.flatMap((play, i) =>
          [0, 1].map((which) => meet(which, play, token, launches[i]!.body.launchJwt)),
        ),
      ),
      sweep(api.deps.db),
      sweep(other.deps.db),
    ])
    expect(tally(answers.map((answer) => answer.status))).toEqual({ [status]: 12 })
    for (const play of plays) {
      expect((await play.look()).body).toMatchObject({
        status: 'ended',
        endReason: 'abandoned',
        usedMs: 30_000,
        tokensHeld: 40,
        tokensCharged: 2,
      })
      expect(await chargesOf(play)).toEqual([{ amount: 2 }])
    }
    await expectRightBooks()
  })
})

test('beats and a completion: no beat counts after the end, and none twice before it', async () => {
  const play = await openSession(market)
  await play.use(30)
  api.clock.advance({ seconds: 20 })
  await Promise.all([
    ...Array.from({ length: 20 }, (_, i) =>
      post(i, `/api/v1/sessions/${play.sessionId}/heartbeat`, play.sessionJwt, {
        clientId: play.clientId,
        sequence: 2 + (i % 3),
        activeMs: 20_000,
      }),
    ),
    post(1, `/api/v1/sessions/${play.sessionId}/complete`, play.sessionJwt, { activeMs: 20_000 }),
  ])
  expect((await play.look()).body).toMatchObject({ endReason: 'completed', usedMs: 50_000, tokensCharged: 4 })
  await expectRightBooks()
})

test('one user’s sessions opened, extended and ended all at once never deadlock into an error', async () => {
  const token = await accessToken()
  const plays = await Promise.all(Array.from({ length: 10 }, () => openSession(market, { minutes: 5 })))
  api.clock.advance({ seconds: 30 })
  const answers = await Promise.all(
    plays.flatMap((play, i) => [
      post(i, `/sessions/${play.sessionId}/extend`, token, { minutes: 1 }),
      post(i + 1, '/sessions', token, { providerId: market.providerId, durationMinutes: 3 }),
      post(i, `/api/v1/sessions/${play.sessionId}/pause`, play.sessionJwt),
      post(i + 1, `/api/v1/sessions/${play.sessionId}/complete`, play.sessionJwt),
      post(i, `/sessions/${play.sessionId}/relaunch`, token),
    ]),
  )
  expect(answers.map(({ status }) => status).filter((status) => status >= 500)).toEqual([])
  await expectRightBooks()
})
