import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createApp } from '../src/app.ts'
import { createDeps } from '../src/create-deps.ts'
import { connect, type Db } from '../src/db.ts'
import type { App } from '../src/http/server.ts'
import { checkLedger } from '../src/ledger/check-ledger.ts'
import { sweepSessions } from '../src/sessions/sweep-sessions.ts'
import { createTestClock, startTestApi, type TestApi, type TestClock } from './harness.ts'
import { createMarket, type Market, openSession, type Play, validateLaunch, withNewUser } from './play.ts'

let api: TestApi
let market: Market
/** The same marketplace on another machine, with a clock of its own. */
let other: { app: App; clock: TestClock; db: Db }

beforeAll(async () => {
  api = await startTestApi()
  market = await createMarket(api, { tokens: 1_000_000 })
  const clock = createTestClock()
  const db = connect({ databaseUrl: api.databaseUrl })
  const { config } = api.deps
  const app = await createApp(
    await createDeps({ config, db, clock: clock.now, log: pino({ level: 'silent' }) }),
  )
  await app.ready()
  other = { app, clock, db }
})
afterAll(async () => {
  await other.app.close()
  await other.db.end()
  await api.close()
})

const sweep = () =>
  sweepSessions(api.deps.db, { now: api.clock.now(), marketplaceUrl: api.deps.config.marketplaceUrl })

/** A user of their own: what a jump leaves unbilled would shorten the next one's leases. */
const freshMarket = () => withNewUser(market)

/** Beats as the SDK does, every 30 s of the user's time. */
const sdkBeat = (play: Play, afterSeconds = 30) => play.beat({ afterSeconds, activeMs: afterSeconds * 1000 })

describe.each([
  ['back by five minutes', -300],
  ['back by half a minute', -30],
  ['back by a second', -1],
  ['forward by a minute', 60],
  ['forward by five minutes', 300],
  ['forward by twenty-nine minutes', 29 * 60],
])('a clock that jumps %s', (_, seconds) => {
  test('bills nothing that was not used, and the session goes on', async () => {
    const play = await openSession(await freshMarket(), { minutes: 60 })
    await play.use(60)
    api.clock.advance({ seconds })
    await sweep()
    let answer = await sdkBeat(play)
    expect(answer.status).toBe(200)
    let { session } = answer.body
    expect(session.status).toBe('active')
    expect(session.usedMs).toBeGreaterThanOrEqual(60_000)
    expect(session.usedMs).toBeLessThanOrEqual(90_000)
    // And when somebody puts it right.
    api.clock.advance({ seconds: -seconds })
    await sweep()
    answer = await sdkBeat(play)
    session = answer.body.session
    expect(session.status).toBe('active')
    expect(session.usedMs).toBeLessThanOrEqual(120_000)
    const { body } = await play.call('complete')
    expect(body.session).toMatchObject({ status: 'ended', endReason: 'completed' })
    expect(body.session.usedMs).toBeGreaterThanOrEqual(60_000)
    expect(body.session.tokensCharged).toBe(Math.ceil((body.session.usedMs * 4) / 60_000))
  })

  test('during a pause, neither bills nor ends it, and a later pause is as long as ever', async () => {
    const play = await openSession(await freshMarket(), { minutes: 60 })
    await play.use(30)
    await play.call('pause')
    api.clock.advance({ seconds })
    await sweep()
    const resumed = await play.call('resume')
    expect(resumed.status).toBe(200)
    expect(resumed.body.session).toMatchObject({ status: 'active', usedMs: 30_000 })
    api.clock.advance({ seconds: -seconds })
    // A step forward that leaves the gap within 45 s cannot be told from use: a second at most for clocks that are kept.
    const atMost = 60_000 + (seconds === -1 ? 1_000 : 0)
    expect((await sdkBeat(play)).body.session.usedMs).toBeLessThanOrEqual(atMost)
    expect((await play.call('pause')).body.session.status).toBe('paused')
    expect((await play.call('complete')).body.session.usedMs).toBeLessThanOrEqual(atMost)
  })

  test('before the first beat, opens no more than was paid for', async () => {
    const play = await openSession(await freshMarket(), { minutes: 1 })
    api.clock.advance({ seconds })
    const { body } = await play.beat({ activeMs: 0 })
    expect(body.session.usedMs).toBeLessThanOrEqual(45_000)
    expect(body.session.remainingMs).toBeGreaterThanOrEqual(0)
    api.clock.advance({ seconds: -seconds })
    await play.call('complete')
  })
})

test('a clock set back a day answers every call and shows nothing negative', async () => {
  const play = await openSession(await freshMarket(), { minutes: 60 })
  await play.use(60)
  api.clock.advance({ hours: -24 })
  for (const answer of [
    await play.read(),
    await play.look(),
    await sdkBeat(play),
    await play.call('pause'),
    await play.call('resume'),
    await play.call('complete'),
  ]) {
    expect(answer.status).toBe(200)
    const session = answer.body.session ?? answer.body
    expect(session.usedMs).toBe(60_000)
    expect(session.remainingMs).toBe(59 * 60_000)
  }
  api.clock.advance({ hours: 24 })
})

test('a clock set back in a pause makes the next one no longer', async () => {
  const play = await openSession(await freshMarket(), { minutes: 60 })
  await play.use(60)
  await play.call('pause')
  api.clock.advance({ minutes: -20 })
  await play.call('resume')
  await play.call('pause')
  api.clock.advance({ minutes: 31 })
  expect((await play.look()).body).toMatchObject({ status: 'ended', endReason: 'abandoned', usedMs: 60_000 })
})

test('a clock that was set back five minutes serves one lease for nothing, not five minutes', async () => {
  const play = await openSession(await freshMarket(), { minutes: 60 })
  await play.use(60)
  api.clock.advance({ seconds: -300 })
  await sdkBeat(play)
  for (let beats = 0; beats < 4; beats += 1) await sdkBeat(play)
  expect((await play.read()).body.session.usedMs).toBe(180_000)
  api.clock.advance({ seconds: 300 })
})

test('a clock that jumps forward an hour ends what it thinks silent, charged to what was confirmed', async () => {
  const play = await openSession(await freshMarket(), { minutes: 60 })
  await play.use(60)
  api.clock.advance({ hours: 1 })
  await sweep()
  expect((await sdkBeat(play)).body.session).toMatchObject({
    status: 'ended',
    endReason: 'abandoned',
    usedMs: 60_000,
    tokensCharged: 4,
  })
  api.clock.advance({ hours: -1 })
})

test('a lease given before a clock was set back is not longer than a lease after it', async () => {
  const play = await openSession(await freshMarket(), { minutes: 60 })
  await play.use(60)
  api.clock.advance({ seconds: -300 })
  const { session } = (await sdkBeat(play)).body
  const leaseMs = Date.parse(session.serveUntil) - Date.parse(session.serverTime)
  api.clock.advance({ seconds: 300 })
  expect(leaseMs).toBeLessThanOrEqual(130_000)
})

describe.each([
  ['two seconds', 2],
  ['twenty seconds', 20],
  ['five minutes', 300],
])('two instances whose clocks are %s apart', (_, seconds) => {
  /** The next calls go to the other one. */
  const onOther = async <T>(run: () => Promise<T>): Promise<T> => {
    const behind = api.clock.now().getTime() - other.clock.now().getTime()
    other.clock.advance({ ms: behind + seconds * 1000 })
    const { app } = api
    const borrowed = api as { app: App }
    borrowed.app = other.app
    try {
      return await run()
    } finally {
      borrowed.app = app
    }
  }
  const beatThere = (play: Play) => {
    play.sequence += 1
    const { clientId, sequence, sessionJwt, sessionId } = play
    api.clock.advance({ seconds: 30 })
    return onOther(async () => {
      const response = await other.app.inject({
        method: 'POST',
        url: `/api/v1/sessions/${sessionId}/heartbeat`,
        headers: { authorization: `Bearer ${sessionJwt}` },
        payload: { clientId, sequence, activeMs: 30_000 },
      })
      return { status: response.statusCode, body: response.json() }
    })
  }

  test('bill a session that they serve in turns for no more than its time', async () => {
    const play = await openSession(await freshMarket(), { minutes: 60 })
    await play.beat()
    let usedMs = 0
    for (let turn = 0; turn < 6; turn += 1) {
      const answer = turn % 2 === 0 ? await beatThere(play) : await sdkBeat(play)
      expect(answer.status).toBe(200)
      expect(answer.body.session.status).toBe('active')
      expect(answer.body.session.usedMs).toBeGreaterThanOrEqual(usedMs)
      usedMs = answer.body.session.usedMs
    }
    await sdkBeat(play)
    const { body } = await play.call('complete')
    expect(body.session.usedMs).toBeLessThanOrEqual(210_000 + Math.min(seconds, 1) * 1000)
    // Clocks further apart than the slack of an interval lose time, in the user’s favour.
    if (seconds < 15) expect(body.session.usedMs).toBeGreaterThanOrEqual(209_000)
  })

  test.each<[string, (play: Play) => Promise<unknown>]>([
    [
      'paused and resumed by its app',
      async (play) => {
        await play.call('pause')
        await play.call('resume')
      },
    ],
    ['resumed once more, because the answer was lost', (play) => play.call('resume', { sequence: 50 })],
    [
      'paused and resumed in the marketplace',
      async (play) => {
        await play.market('POST', '/pause')
        await play.market('POST', '/resume')
      },
    ],
    [
      'launched once more',
      async (play) => {
        const { body } = await play.market('POST', '/relaunch')
        expect((await validateLaunch(play, body)).status).toBe(200)
      },
    ],
  ])('bill nothing twice where it is %s on the one that is behind', async (_what, run) => {
    const play = await openSession(await freshMarket(), { minutes: 60 })
    const { session } = (await beatThere(play)).body
    await run(play)
    play.sequence = 100
    expect((await beatThere(play)).body.session.usedMs).toBeLessThanOrEqual(session.usedMs + 30_000)
  })

  test.each([
    2, 60,
  ])('serve %i minutes until their end, and no longer than a lease, on the one that is behind', async (minutes) => {
    const play = await openSession(await freshMarket(), { minutes })
    await beatThere(play)
    const { session } = (await play.read()).body
    const [serveUntil, serverTime] = [Date.parse(session.serveUntil), Date.parse(session.serverTime)]
    expect(serveUntil).toBeGreaterThan(serverTime)
    expect(serveUntil).toBeLessThanOrEqual(Date.parse(session.endsAt))
    expect(serveUntil - serverTime).toBeLessThanOrEqual(130_000)
  })

  test('count no more than was paid for after a pause in the marketplace on the one that is behind', async () => {
    const play = await openSession(await freshMarket(), { minutes: 1 })
    await beatThere(play)
    for (const path of ['/pause', '/resume']) expect((await play.market('POST', path)).status).toBe(200)
    api.clock.advance({ seconds: 8 })
    const { status, body } = await beatThere(play)
    expect(status).toBe(200)
    expect(body.session.usedMs).toBeLessThanOrEqual(60_000)
  })
})

test('a launch made by an instance that is twenty seconds ahead opens the app on the other', async () => {
  api.clock.advance({ seconds: 20 })
  const play = await openSession(await freshMarket(), { validate: false })
  api.clock.advance({ seconds: -20 })
  expect((await validateLaunch(play)).status).toBe(200)
  expect((await sdkBeat(play)).body.session.status).toBe('active')
})

test('after all of it the ledger is right', async () => {
  expect((await api.deps.db.inBatch(checkLedger)).findings).toEqual([])
})
