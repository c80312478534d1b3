import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Answer, accessTokenOf, startTestApi, type TestApi } from '../../test/harness.ts'
import {
  createMarket,
  type Market,
  openSession,
  type Play,
  validateLaunch,
  withNewUser,
} from '../../test/play.ts'
import { sweepSessions } from './sweep-sessions.ts'

let api: TestApi
let market: Market

beforeAll(async () => {
  api = await startTestApi()
  market = await createMarket(api, { tokens: 1_000_000 })
})
afterAll(() => api.close())

const sweep = () =>
  sweepSessions(api.deps.db, { now: api.clock.now(), marketplaceUrl: api.deps.config.marketplaceUrl })
/** A user of their own, where the allowance of unbilled time matters. */
const freshMarket = () => withNewUser(market)

describe('what a gap since the last beat counts', () => {
  // The table of the rules; all in seconds. `undefined`: the SDK says nothing.
  test.each([
    { gap: 0, active: 0, counts: 0, because: 'nothing passed' },
    { gap: 30, active: 30, counts: 30, because: 'an ordinary beat' },
    { gap: 45, active: 0, counts: 45, because: 'up to 45 s the app cannot talk it down' },
    { gap: 45, active: undefined, counts: 45, because: 'nor by silence' },
    { gap: 46, active: 0, counts: 0, because: 'past 45 s the SDK’s sum speaks' },
    { gap: 46, active: undefined, counts: 46, because: 'and without it the gap' },
    { gap: 100, active: 40, counts: 40, because: 'less was active' },
    { gap: 100, active: 400, counts: 100, because: 'never more than passed' },
    { gap: 130, active: undefined, counts: 130, because: 'the longest lease' },
    {
      gap: 131,
      active: undefined,
      counts: 0,
      because: 'past the lease nobody was served unless the SDK says so',
    },
    { gap: 131, active: 131, counts: 130, because: 'and then at most the lease' },
    { gap: 3600 / 4, active: 12, counts: 12, because: 'a laptop slept a quarter of an hour' },
  ])('$gap s with $active s active count $counts s: $because', async ({ gap, active, counts }) => {
    const play = await openSession(await freshMarket(), { minutes: 480 })
    await play.beat()
    const answer = await play.beat({
      afterSeconds: gap,
      ...(active === undefined ? {} : { activeMs: active * 1000 }),
    })
    expect(answer.body.session.usedMs).toBe(counts * 1000)
  })

  test('before the first beat at most the 45 s that were leased count', async () => {
    const play = await openSession(await freshMarket())
    expect((await play.beat({ afterSeconds: 100, activeMs: 100_000 })).body.session.usedMs).toBe(45_000)
  })

  test.each([
    { away: 30, counts: 30 },
    { away: 31, counts: 0 },
    { away: 600, counts: 0 },
  ])('after a final beat $away s away count $counts s', async ({ away, counts }) => {
    const play = await openSession(await freshMarket())
    await play.beat({ final: true })
    const back = await play.beat({ afterSeconds: away, activeMs: away * 1000 })
    expect(back.body.session).toMatchObject({ usedMs: counts * 1000, status: 'active' })
  })

  test.each([
    { call: 'complete', status: 'ended' },
    { call: 'pause', status: 'paused' },
    { call: 'relaunch', status: 'active' },
  ])('after a final beat, $call in the marketplace makes no navigation of it', async ({ call, status }) => {
    const play = await openSession(await freshMarket())
    await play.use(60)
    await play.beat({ final: true })
    api.clock.advance({ seconds: 20 })
    if (call === 'complete') {
      const token = await accessTokenOf(api, play.user.id)
      await api.call('POST', `/api/v1/sessions/${play.sessionId}/complete`, { token })
    } else {
      const { body } = await play.market('POST', `/${call}`)
      play.clientId = 'second_client'
      if (call === 'relaunch') await validateLaunch(play, { launchJwt: body.launchJwt })
    }
    expect((await play.look()).body).toMatchObject({ status, usedMs: 60_000 })
  })

  test('charges nothing for the hour the laptop slept while paused', async () => {
    const play = await openSession(await freshMarket(), { minutes: 480 })
    await play.use(60)
    await play.call('pause', { clientId: play.clientId })
    api.clock.advance({ minutes: 29 })
    const resumed = await play.call('resume')
    expect(resumed.body.session).toMatchObject({ status: 'active', usedMs: 60_000 })
  })
})

describe('serving is a lease', () => {
  const lease = (session: { serveUntil: string | null; serverTime: string }) =>
    session.serveUntil && Date.parse(session.serveUntil) - Date.parse(session.serverTime)

  test('45 s from validate, 130 s from each beat, never past the end', async () => {
    const play = await openSession(await freshMarket(), { minutes: 2, validate: false })
    expect(lease((await validateLaunch(play)).body.session)).toBe(45_000)
    expect(lease((await play.beat()).body.session)).toBe(120_000)
    expect(lease((await play.beat({ afterSeconds: 30 })).body.session)).toBe(90_000)
    const long = await openSession(await freshMarket())
    expect(lease((await long.beat()).body.session)).toBe(130_000)
  })

  test('none while pending, paused, after a final beat, past its end, or after the session', async () => {
    const play = await openSession(await freshMarket(), { validate: false })
    expect((await play.look()).body).toMatchObject({ status: 'pending', serveUntil: null, endsAt: null })
    await validateLaunch(play)
    expect((await play.call('pause')).body.session).toMatchObject({ serveUntil: null, endsAt: null })
    await play.call('resume')
    expect((await play.beat({ final: true })).body.session.serveUntil).toBe(null)
    await play.beat()
    api.clock.advance({ seconds: 131 })
    expect((await play.read()).body.session).toMatchObject({ serveUntil: null, status: 'active' })
    expect((await play.call('complete')).body.session).toMatchObject({ serveUntil: null, endsAt: null })
  })

  test('a read projects the time that is being served and stores nothing', async () => {
    const play = await openSession(await freshMarket())
    await play.beat()
    api.clock.advance({ seconds: 70 })
    const [first, second] = [await play.read(), await play.read()]
    expect(first.body.session).toMatchObject({ usedMs: 70_000, remainingMs: 1_730_000 })
    expect(second.body).toEqual(first.body)
    api.clock.advance({ seconds: 300 })
    expect((await play.read()).body.session.usedMs).toBe(130_000)
    expect((await play.beat({ activeMs: 5_000 })).body.session.usedMs).toBe(5_000)
  })

  test('the projection of a read is the one the database counts with', async () => {
    const play = await openSession(await freshMarket(), { minutes: 3 })
    await play.beat()
    for (let i = 0; i < 12; i += 1) {
      api.clock.advance({ seconds: 17 })
      const [row] = await api.deps.db.batch.query<{ usedMs: number }>(
        'select used_ms + served_ms(s, $2) as "usedMs" from sessions s where id = $1',
        [play.sessionId, api.clock.now()],
      )
      const read = await play.read()
      if (read.body.session.status === 'active') expect(read.body.session.usedMs).toBe(row?.usedMs)
    }
  })
})

describe('no free ride', () => {
  test('beyond 10 minutes served and unbilled in a day, leases are 45 s and every gap counts', async () => {
    const play = await openSession(await freshMarket(), { minutes: 480 })
    await play.beat()
    // 130 s served, nothing counted, five times: 650 s.
    for (let i = 0; i < 5; i += 1) await play.beat({ afterSeconds: 131, activeMs: 0 })
    const answer = await play.beat({ afterSeconds: 100, activeMs: 0 })
    expect(answer.body.session.usedMs).toBe(45_000)
    expect(Date.parse(answer.body.session.serveUntil) - Date.parse(answer.body.session.serverTime)).toBe(
      45_000,
    )
  })

  test('another session with the same provider does not start afresh, one with another provider does', async () => {
    const mine = await freshMarket()
    for (let i = 0; i < 5; i += 1) {
      const play = await openSession(mine, { minutes: 480 })
      await play.beat()
      api.clock.advance({ minutes: 31 })
      await sweep()
    }
    const next = await openSession(mine, { minutes: 480 })
    await next.beat()
    expect((await next.beat({ afterSeconds: 100, activeMs: 0 })).body.session.usedMs).toBe(45_000)
    const other = await openSession({ ...(await createMarket(api)), user: mine.user }, { minutes: 480 })
    await other.beat()
    expect((await other.beat({ afterSeconds: 100, activeMs: 0 })).body.session.usedMs).toBe(0)
  })

  test('sessions that fall silent count before they are settled, so opening new ones gains nothing', async () => {
    const mine = await freshMarket()
    for (let i = 0; i < 14; i += 1) {
      await openSession(mine, { minutes: 480 })
      api.clock.advance({ seconds: 50 })
    }
    // 14 × 45 s were served; none of them is over yet.
    const next = await openSession(mine, { minutes: 480 })
    await next.beat()
    expect((await next.beat({ afterSeconds: 100, activeMs: 0 })).body.session.usedMs).toBe(45_000)
  })

  test('after a day the allowance is back', async () => {
    const mine = await freshMarket()
    const play = await openSession(mine, { minutes: 480 })
    await play.beat()
    for (let i = 0; i < 5; i += 1) await play.beat({ afterSeconds: 131, activeMs: 0 })
    api.clock.advance({ hours: 25 })
    const next = await openSession(mine, { minutes: 480 })
    await next.beat()
    expect((await next.beat({ afterSeconds: 100, activeMs: 0 })).body.session.usedMs).toBe(0)
  })
})

describe('what is closed and what is over', () => {
  test('a resume after a last word opens the app: what passed is not billed, what follows is', async () => {
    const play = await openSession(await freshMarket(), { minutes: 30 })
    await play.use(60)
    await play.beat({ final: true })
    api.clock.advance({ seconds: 40 })
    const { clientId } = play
    play.sequence += 1
    const { body } = await play.call('resume', { clientId, sequence: play.sequence })
    const serveUntil = new Date(api.clock.now().getTime() + 130_000).toISOString()
    expect(body.session).toMatchObject({ status: 'active', usedMs: 60_000, serveUntil })
    const next = await play.beat({ afterSeconds: 30, activeMs: 30_000 })
    expect(next.body.session.usedMs).toBe(90_000)
  })

  test.each([
    'app',
    'marketplace',
  ])('a pause in the %s that uses up the paid time ends the session', async (where) => {
    const play = await openSession(await freshMarket(), { minutes: 1 })
    await play.use(30)
    api.clock.advance({ seconds: 35 })
    const { clientId } = play
    play.sequence += 1
    const paused =
      where === 'app'
        ? await play.call('pause', { clientId, sequence: play.sequence, activeMs: 35_000 })
        : await play.market('POST', '/pause')
    expect(paused.body.session).toMatchObject({ status: 'ended', endReason: 'expired', usedMs: 60_000 })
    expect((await play.market('POST', '/extend', { minutes: 1 })).body.code).toBe('session_ended')
  })
})

describe('an extension after the paid time ran out', () => {
  test.each([
    { late: 10, activeMs: undefined },
    { late: 10, activeMs: 31_000 },
    { late: 60, activeMs: undefined },
    { late: 60, activeMs: 31_000 },
  ])('charges nothing for the $late s in which the app was closed ($activeMs ms active)', async ({
    late,
    activeMs,
  }) => {
    const play = await openSession(await freshMarket(), { minutes: 1 })
    await play.beat()
    await play.beat({ afterSeconds: 30 })
    api.clock.advance({ seconds: 30 + late })
    expect((await play.look()).body).toMatchObject({ usedMs: 60_000, remainingMs: 0, serveUntil: null })
    const extended = await play.market('POST', '/extend', { minutes: 5 })
    expect(extended.body.session).toMatchObject({ usedMs: 60_000, remainingMs: 300_000 })
    const beat = await play.beat({ afterSeconds: 1, ...(activeMs !== undefined && { activeMs }) })
    expect(beat.body.session.usedMs).toBe(60_000)
  })

  const calls: { what: string; run: (play: Play) => Promise<Answer> }[] = [
    { what: 'a beat', run: (play) => play.beat({ activeMs: 0 }) },
    { what: 'a pause', run: (play) => play.call('pause', { activeMs: 0 }) },
    { what: 'an end', run: (play) => play.call('complete', { activeMs: 0 }) },
    { what: 'a pause in the marketplace', run: (play) => play.market('POST', '/pause') },
    {
      what: 'an end in the marketplace',
      run: async (play) =>
        api.call('POST', `/api/v1/sessions/${play.sessionId}/complete`, {
          token: await accessTokenOf(api, play.user.id),
        }),
    },
    {
      what: 'another browser',
      run: async (play) => {
        const { body } = await play.market('POST', '/relaunch')
        return validateLaunch(play, { launchJwt: body.launchJwt, clientId: 'second_client' })
      },
    },
  ]
  test.each(calls)('makes no use of what the laptop slept through, up to $what', async ({ run }) => {
    const play = await openSession(await freshMarket(), { minutes: 1 })
    await play.use(40)
    api.clock.advance({ seconds: 100 })
    await play.market('POST', '/extend', { minutes: 1 })
    api.clock.advance({ seconds: 5 })
    expect((await run(play)).body.session.usedMs).toBe(40_000)
  })

  test('leaves a session alone that has time left', async () => {
    const play = await openSession(await freshMarket(), { minutes: 5 })
    await play.beat()
    api.clock.advance({ seconds: 200 })
    const before = (await play.look()).body
    const { session } = (await play.market('POST', '/extend', { minutes: 5 })).body
    expect([session.usedMs, session.serveUntil]).toEqual([before.usedMs, before.serveUntil])
    expect((await play.beat({ afterSeconds: 1 })).body.session.usedMs).toBe(0)
  })
})
