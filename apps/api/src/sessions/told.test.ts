import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { accessTokenOf, startTestApi, type TestApi } from '../../test/harness.ts'
import {
  createMarket,
  type Market,
  openSession,
  type Play,
  validateLaunch,
  withNewUser,
} from '../../test/play.ts'
import { sweepSessions } from './sweep-sessions.ts'

// What the marketplace does reaches the app with its next beat. Until then the app does as it was told last, and that is
// what its user pays for.

let api: TestApi
let market: Market

beforeAll(async () => {
  api = await startTestApi()
  market = await createMarket(api, { tokens: 1_000_000 })
})
afterAll(() => api.close())

const freshMarket = () => withNewUser(market)
const completeByUser = async (play: Play) =>
  api.call('POST', `/api/v1/sessions/${play.sessionId}/complete`, {
    token: await accessTokenOf(api, play.user.id),
    body: {},
  })
const unbilledOf = async ({ user }: Play): Promise<number> =>
  (
    await api.deps.db.batch.query<{ ms: number }>(
      'select coalesce(sum(unbilled_ms), 0) as ms from unbilled_time where user_id = $1',
      [user.id],
    )
  )[0]!.ms

describe('resumed in the marketplace', () => {
  async function pausedFor(seconds: number, by: 'app' | 'marketplace' = 'marketplace') {
    const play = await openSession(await freshMarket(), { minutes: 30 })
    await play.use(60)
    if (by === 'app') await play.call('pause')
    else {
      await play.market('POST', '/pause')
      await play.beat()
    }
    api.clock.advance({ seconds })
    const { body } = await play.market('POST', '/resume')
    expect(body.session).toMatchObject({ status: 'active', usedMs: 60_000 })
    return { play, resumed: body.session }
  }

  test.each([
    'app',
    'marketplace',
  ] as const)('a pause of the %s bills nothing until the app hears of it', async (by) => {
    const { play, resumed } = await pausedFor(100, by)
    expect(resumed.serveUntil).toBeNull()
    api.clock.advance({ seconds: 20 })
    expect((await play.look()).body).toMatchObject({ usedMs: 60_000, serveUntil: null })
    const told = await play.beat({ afterSeconds: 9 })
    expect(told.body.session.usedMs).toBe(60_000)
    expect(Date.parse(told.body.session.serveUntil) - api.clock.now().getTime()).toBe(130_000)
    expect((await play.beat({ afterSeconds: 30 })).body.session.usedMs).toBe(90_000)
    expect(await unbilledOf(play)).toBe(0)
  })

  test.each([
    { what: 'the app pauses it again', run: (play: Play) => play.call('pause') },
    { what: 'the app ends it', run: (play: Play) => play.call('complete', { activeMs: 20_000 }) },
    { what: 'the app resumes it, too', run: (play: Play) => play.call('resume', { sequence: 99 }) },
    { what: 'it is paused again', run: (play: Play) => play.market('POST', '/pause') },
    { what: 'it is ended there', run: completeByUser },
    {
      what: 'another browser takes it over',
      run: async (play: Play) => {
        const { body } = await play.market('POST', '/relaunch')
        return validateLaunch(play, { launchJwt: body.launchJwt, clientId: 'second_client' })
      },
    },
  ])('with the page closed, nothing is billed up to where $what', async ({ run }) => {
    const { play } = await pausedFor(100)
    api.clock.advance({ seconds: 20 })
    expect((await run(play)).body.session.usedMs).toBe(60_000)
    expect(await unbilledOf(play)).toBe(0)
  })

  test('with a minute left, it waits for its app longer than a lease', async () => {
    const play = await openSession(await freshMarket(), { minutes: 2 })
    await play.use(60)
    await play.market('POST', '/pause')
    await play.beat({ final: true })
    await play.market('POST', '/resume')
    api.clock.advance({ minutes: 5 })
    await sweepSessions(api.deps.db, { now: api.clock.now(), marketplaceUrl: api.deps.config.marketplaceUrl })
    expect((await play.look()).body).toMatchObject({ status: 'active', remainingMs: 60_000 })
    await play.beat()
    expect((await play.beat({ afterSeconds: 30 })).body.session.usedMs).toBe(90_000)
  })
})

describe('paused in the marketplace, and the app has not heard of it', () => {
  async function pausedAfterBeat() {
    const play = await openSession(await freshMarket(), { minutes: 30 })
    await play.use(60)
    api.clock.advance({ seconds: 10 })
    expect((await play.market('POST', '/pause')).body.session).toMatchObject({
      usedMs: 70_000,
      serveUntil: null,
    })
    return play
  }

  test('what it shows until its beat is nobody’s to pay, and goes on the allowance', async () => {
    const play = await pausedAfterBeat()
    expect((await play.beat({ afterSeconds: 20 })).body.session).toMatchObject({
      status: 'paused',
      usedMs: 70_000,
    })
    expect(await unbilledOf(play)).toBe(20_000)
    await play.beat({ afterSeconds: 30 })
    expect((await play.market('POST', '/resume')).body.session).toMatchObject({
      usedMs: 70_000,
      serveUntil: null,
    })
    expect(await unbilledOf(play)).toBe(20_000)
  })

  test('a pause that the app asks for, too, is how it hears of it', async () => {
    const play = await pausedAfterBeat()
    api.clock.advance({ seconds: 20 })
    await play.call('pause')
    api.clock.advance({ seconds: 20 })
    expect((await play.market('POST', '/resume')).body.session.serveUntil).toBeNull()
    expect((await play.beat({ afterSeconds: 20 })).body.session.usedMs).toBe(70_000)
    expect(await unbilledOf(play)).toBe(20_000)
  })

  test('resumed before it heard of either, it has what is left of its lease, and pays for that', async () => {
    const play = await pausedAfterBeat()
    api.clock.advance({ seconds: 5 })
    const { session } = (await play.market('POST', '/resume')).body
    expect(Date.parse(session.serveUntil) - api.clock.now().getTime()).toBe(115_000)
    expect((await play.beat({ afterSeconds: 15 })).body.session.usedMs).toBe(85_000)
    expect(await unbilledOf(play)).toBe(5_000)
  })

  test.each([
    { gap: 45, counts: 45_000 },
    { gap: 46, counts: 0 },
    { gap: 500, counts: 0 },
  ])('resumed before it heard of either, what it says of its use was billed already: $gap s', async ({
    gap,
    counts,
  }) => {
    const play = await pausedAfterBeat()
    api.clock.advance({ seconds: 5 })
    await play.market('POST', '/resume')
    const beat = await play.beat({ afterSeconds: gap, activeMs: 10_000 })
    expect(beat.body.session.usedMs).toBe(70_000 + counts)
    expect((await play.beat({ afterSeconds: 60, activeMs: 60_000 })).body.session.usedMs).toBe(
      130_000 + counts,
    )
  })

  test('extended and unheard of after that, its own word counts again', async () => {
    const play = await pausedAfterBeat()
    await play.market('POST', '/resume')
    await play.beat()
    await play.market('POST', '/extend', { minutes: 5 })
    expect((await play.beat({ afterSeconds: 60, activeMs: 50_000 })).body.session.usedMs).toBe(120_000)
  })

  test('it shows no more than its lease, however the session goes on', async () => {
    for (const run of [
      completeByUser,
      (play: Play) => play.beat({ final: true }),
      (play: Play) => play.market('POST', '/resume'),
    ]) {
      const play = await pausedAfterBeat()
      api.clock.advance({ seconds: 500 })
      expect((await run(play)).body.session.usedMs).toBe(70_000)
      expect(await unbilledOf(play)).toBe(120_000)
    }
  })

  test('a page that said goodbye shows nothing', async () => {
    const play = await openSession(await freshMarket(), { minutes: 30 })
    await play.use(60)
    await play.beat({ final: true })
    api.clock.advance({ seconds: 10 })
    await play.market('POST', '/pause')
    api.clock.advance({ seconds: 10 })
    await play.market('POST', '/resume')
    expect((await play.beat({ afterSeconds: 10 })).body.session.usedMs).toBe(60_000)
    expect(await unbilledOf(play)).toBe(0)
  })
})

describe('extended, and the app has not heard of it', () => {
  /** A minute is paid for, 40 s of it are used; the app knows that it has 20 s more. */
  async function extendedAfter(seconds: number) {
    const play = await openSession(await freshMarket(), { minutes: 1 })
    await play.use(40)
    api.clock.advance({ seconds })
    const { body } = await play.market('POST', '/extend', { minutes: 1 })
    expect(body.session).toMatchObject({
      durationSeconds: 120,
      remainingMs: 80_000 - Math.min(20, seconds) * 1000,
    })
    return { play, extended: body.session }
  }

  test.each([
    { before: 'the end of the time it knew of', at: 10, heardAfter: 30 },
    { before: 'it, and heard of long after it', at: 10, heardAfter: 80 },
    { before: 'its return, after that end', at: 25, heardAfter: 15 },
    { before: 'its return, long after that end', at: 100, heardAfter: 25 },
  ])('is billed what the app knew of: extended before $before', async ({ at, heardAfter }) => {
    const { play, extended } = await extendedAfter(at)
    if (at > 20) expect(extended.serveUntil).toBeNull()
    else expect(Date.parse(extended.serveUntil) - api.clock.now().getTime()).toBe(20_000 - at * 1000)
    const told = await play.beat({ afterSeconds: heardAfter })
    expect(told.body.session).toMatchObject({ status: 'active', usedMs: 60_000 })
    expect(told.body.session.serveUntil).not.toBeNull()
    expect((await play.beat({ afterSeconds: 30 })).body.session.usedMs).toBe(90_000)
    expect(await unbilledOf(play)).toBe(0)
  })

  test('once more changes nothing in that', async () => {
    const { play } = await extendedAfter(10)
    await play.market('POST', '/extend', { minutes: 1 })
    expect((await play.beat({ afterSeconds: 30 })).body.session.usedMs).toBe(60_000)
  })

  test('is not over when the lease is: its minute waits for the app', async () => {
    const { play } = await extendedAfter(10)
    api.clock.advance({ seconds: 200 })
    await sweepSessions(api.deps.db, { now: api.clock.now(), marketplaceUrl: api.deps.config.marketplaceUrl })
    expect((await play.look()).body).toMatchObject({ status: 'active', serveUntil: null })
    expect((await play.beat({ activeMs: 20_000 })).body.session.usedMs).toBe(60_000)
  })

  test('an end in the marketplace bills what the app knew of', async () => {
    const { play } = await extendedAfter(10)
    api.clock.advance({ seconds: 34 })
    expect((await completeByUser(play)).body.session.usedMs).toBe(60_000)
  })

  test('with time left, a beat counts what it always did', async () => {
    const play = await openSession(await freshMarket(), { minutes: 10 })
    await play.use(60)
    api.clock.advance({ seconds: 10 })
    await play.market('POST', '/extend', { minutes: 1 })
    expect((await play.beat({ afterSeconds: 20 })).body.session.usedMs).toBe(90_000)
  })
})
