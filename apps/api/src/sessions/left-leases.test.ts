import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectAs } from '../../test/database.ts'
import { type Answer, accessTokenOf, startTestApi, type TestApi } from '../../test/harness.ts'
import {
  createMarket,
  type Market,
  openSession,
  type Play,
  validateLaunch,
  withNewUser,
} from '../../test/play.ts'
import { forgetBeats } from './fold-beats.ts'

// A session that ends in the marketplace, or goes to another browser, leaves its page what there is of the lease. The page is
// told with its next call; whoever keeps it from calling is served for nothing, and that is on their allowance.

let api: TestApi
let market: Market

beforeAll(async () => {
  api = await startTestApi()
  market = await createMarket(api, { tokens: 1_000_000 })
})
afterAll(() => api.close())

const openFresh = async (options = { minutes: 30 }): Promise<Play> =>
  openSession(await withNewUser(market), options)

async function endThere(play: Play): Promise<Answer> {
  const token = await accessTokenOf(api, play.user.id)
  return api.call('POST', `/api/v1/sessions/${play.sessionId}/complete`, { token, body: {} })
}

/** @returns a beat of the browser that holds it from here on; the one before keeps its page. */
async function takeOver(play: Play, clientId: string): Promise<(final?: boolean) => Promise<Answer>> {
  const { launchJwt } = (await play.market('POST', '/relaunch')).body
  const token = (await validateLaunch(play, { launchJwt, clientId })).body.sessionJwt
  let sequence = 0
  return (final = false) => {
    sequence += 1
    const body = { clientId, sequence, final }
    return api.call('POST', `/api/v1/sessions/${play.sessionId}/heartbeat`, { token, body })
  }
}

/** What its user is told of time that was shown on. */
async function shownOn(play: Play) {
  const { unbilledMs, entries } = (await play.market('GET', '/timeline')).body
  const shown = entries.filter(({ what }: { what: string }) => what === 'shown_on')
  const [own] = await api.deps.db.batch.query<{ ms: number }>(
    'select unbilled_ms as ms from sessions where id = $1',
    [play.sessionId],
  )
  const ms = shown.map((entry: { unbilledMs: number }) => entry.unbilledMs)
  expect(unbilledMs - own!.ms).toBe(ms.reduce((sum: number, one: number) => sum + one, 0))
  return ms
}

const leaseMs = ({ body }: Answer) =>
  Date.parse(body.session.serveUntil) - Date.parse(body.session.serverTime)

const LEAVE: [what: string, leave: (play: Play) => Promise<unknown>][] = [
  ['ended in the marketplace', endThere],
  // Which is closed at once.
  ['taken over by another browser', async (play) => (await takeOver(play, 'another_client'))(true)],
]

describe.each(LEAVE)('%s', (_, leave) => {
  test.each<[string, (play: Play) => Promise<Answer>]>([
    ['beat', (play) => play.beat()],
    ['question', (play) => play.read()],
    ['pause', (play) => play.call('pause', { clientId: play.clientId, sequence: 90, activeMs: 0 })],
    ['resumption', (play) => play.call('resume', { clientId: play.clientId, sequence: 90, activeMs: 0 })],
    ['completion', (play) => play.call('complete')],
  ])('its page shows on until the answer to its next %s', async (_, ask) => {
    const play = await openFresh()
    await play.use(60)
    await leave(play)
    api.clock.advance({ seconds: 12 })
    await ask(play)
    api.clock.advance({ seconds: 50 })
    expect(await shownOn(play)).toEqual([12_000])
    // What it asks later it shows no longer.
    await ask(play)
    expect(await shownOn(play)).toEqual([12_000])
  })

  test('a page that hears of nothing shows on to the end of its lease, and no longer', async () => {
    const play = await openFresh()
    await play.use(60)
    api.clock.advance({ seconds: 10 })
    await leave(play)
    expect(await shownOn(play)).toEqual([])
    api.clock.advance({ seconds: 100 })
    expect(await shownOn(play)).toEqual([100_000])
    api.clock.advance({ seconds: 1_000 })
    expect(await shownOn(play)).toEqual([120_000])
    await play.beat()
    expect(await shownOn(play)).toEqual([120_000])
  })

  test.each<[string, number, (play: Play) => Promise<unknown>]>([
    ['said goodbye', 0, (play) => play.beat({ final: true })],
    ['knows that it is paused', 0, (play) => play.call('pause')],
    ['has not heard of a pause', 125, (play) => play.market('POST', '/pause')],
    ['has not heard of a pause and a resumption', 125, (play) => pauseFor(play, 1)],
    ['has not beaten yet', 40, () => Promise.resolve()],
  ])('a page that %s has %i s to show', async (what, seconds, before) => {
    const play = await openFresh()
    if (what !== 'has not beaten yet') await play.beat()
    api.clock.advance({ seconds: what === 'has not heard of a pause and a resumption' ? 4 : 5 })
    await before(play)
    await leave(play)
    api.clock.advance({ seconds: 500 })
    expect(await shownOn(play)).toEqual(seconds === 0 ? [] : [seconds * 1000])
  })

  test('at the end of the paid time it is over', async () => {
    const play = await openFresh({ minutes: 1 })
    await play.use(30)
    api.clock.advance({ seconds: 10 })
    await leave(play)
    api.clock.advance({ seconds: 500 })
    expect(await shownOn(play)).toEqual([20_000])
  })

  test('again and again it uses up the allowance, and then what is shown on is billed', async () => {
    const user = await withNewUser(market)
    const leases = []
    let play = await openSession(user, { minutes: 60 })
    for (let n = 0; n < 6; n += 1) {
      leases.push(leaseMs(await play.beat()))
      await leave(play)
      api.clock.advance({ seconds: 130 })
      play = await openSession(user, { minutes: 60 })
    }
    expect(leases).toEqual([130_000, 130_000, 130_000, 130_000, 130_000, 45_000])
    await play.beat()
    api.clock.advance({ seconds: 10 })
    await leave(play)
    expect((await play.look()).body.usedMs).toBe(45_000)
    api.clock.advance({ seconds: 500 })
    expect(await shownOn(play)).toEqual([])
  })

  test('what its page shows on counts for the allowance of this app and of 24 hours', async () => {
    const user = await withNewUser(market)
    for (let n = 0; n < 5; n += 1) {
      const play = await openSession(user, { minutes: 60 })
      await play.beat()
      await leave(play)
    }
    const leaseOfNext = async (where: Market) => leaseMs(await (await openSession(where)).beat())
    expect(await leaseOfNext(user)).toBe(130_000)
    api.clock.advance({ seconds: 130 })
    const elsewhere = await createMarket(api)
    expect(await leaseOfNext({ ...elsewhere, user: user.user })).toBe(130_000)
    expect(await leaseOfNext(user)).toBe(45_000)
    api.clock.advance({ minutes: 24 * 60 })
    expect(await leaseOfNext(user)).toBe(130_000)
  })
})

async function pauseFor(play: Play, seconds: number): Promise<void> {
  await play.market('POST', '/pause')
  api.clock.advance({ seconds })
  await play.market('POST', '/resume')
}

test('beyond the allowance a pause in the marketplace bills what its page shows on', async () => {
  const play = await openFresh({ minutes: 60 })
  await play.beat()
  for (let n = 0; n < 5; n += 1) await play.beat({ afterSeconds: 131, activeMs: 0 })
  const { usedMs } = (await play.read()).body.session
  api.clock.advance({ seconds: 10 })
  expect((await play.market('POST', '/pause')).body.session).toMatchObject({ usedMs: usedMs + 45_000 })
  api.clock.advance({ seconds: 10 })
  // Nothing more counts until the page has heard of both, and no lease is given twice.
  expect((await play.market('POST', '/resume')).body.session).toMatchObject({ serveUntil: null })
  const told = await play.beat({ afterSeconds: 20 })
  expect(told.body.session).toMatchObject({ usedMs: usedMs + 45_000 })
  expect(leaseMs(told)).toBe(45_000)
})

test('each browser that lost it hears for itself', async () => {
  const first = await openFresh()
  await first.beat()
  const beatOfSecond = await takeOver(first, 'second_client')
  await beatOfSecond()
  api.clock.advance({ seconds: 5 })
  await first.beat()
  await endThere(first)
  api.clock.advance({ seconds: 7 })
  await beatOfSecond()
  api.clock.advance({ seconds: 500 })
  expect(await shownOn(first)).toEqual([5_000, 7_000])
})

test('a session that goes back and forth between two browsers leaves the one that has it again nothing', async () => {
  const play = await openFresh({ minutes: 60 })
  let elsewhere = 0
  for (let n = 0; n < 6; n += 1) {
    await play.beat()
    await takeOver(play, 'another_client')
    api.clock.advance({ seconds: 10 })
    const { launchJwt } = (await play.market('POST', '/relaunch')).body
    await validateLaunch(play, { launchJwt })
    elsewhere += 10_000
    // The other one hears of that, and has shown nothing besides.
    expect(leaseMs(await play.beat())).toBe(130_000)
    await play.use(180)
  }
  const shown: number[] = await shownOn(play)
  expect(shown.slice(0, 6)).not.toContain(130_000)
  expect(shown.filter((ms) => ms === 10_000)).toHaveLength(elsewhere / 10_000)
})

test.each<[string, (play: Play) => Promise<unknown>, (play: Play) => Promise<Answer>]>([
  ['their page was left', (play) => play.beat({ final: true }), (play) => play.beat()],
  ['the app paused them', (play) => play.call('pause'), async (play) => play.call('resume')],
  [
    'they were paused in the marketplace',
    async (play) => {
      await play.market('POST', '/pause')
      await play.beat()
    },
    async (play) => {
      await play.market('POST', '/resume')
      return play.beat()
    },
  ],
  [
    'they were resumed in the marketplace all at once',
    async (play) => {
      await play.market('POST', '/pause')
      await play.beat()
      await play.market('POST', '/resume')
    },
    (play) => play.beat(),
  ],
  [
    'their page was left, and asks to resume what runs',
    (play) => play.beat({ final: true }),
    async (play) => {
      play.sequence += 1
      return play.call('resume', { clientId: play.clientId, sequence: play.sequence, activeMs: 0 })
    },
  ],
])('sessions that were opened beforehand are asked about when they are opened again: %s', async (_, park, unpark) => {
  const user = await withNewUser(market)
  const plays: Play[] = []
  for (let n = 0; n < 8; n += 1) {
    const play = await openSession(user, { minutes: 60 })
    await play.beat()
    await park(play)
    plays.push(play)
  }
  api.clock.advance({ seconds: 60 })
  const leases = []
  for (const play of plays) {
    leases.push(leaseMs(await unpark(play)))
    await endThere(play)
    api.clock.advance({ seconds: 130 })
  }
  expect(leases).toEqual([130_000, 130_000, 130_000, 130_000, 130_000, 45_000, 45_000, 45_000])
})

test('so are those that were launched and never beaten', async () => {
  const user = await withNewUser(market)
  const plays: Play[] = []
  for (let n = 0; n < 8; n += 1) plays.push(await openSession(user, { minutes: 60 }))
  api.clock.advance({ seconds: 60 })
  const leases = []
  for (const play of plays) {
    leases.push(leaseMs(await play.beat({ activeMs: 45_000 })))
    await endThere(play)
    api.clock.advance({ seconds: 130 })
  }
  // What the others were served counts, too: 45 s each, until they are beaten.
  expect(leases).toEqual([130_000, 130_000, 130_000, 130_000, 45_000, 45_000, 45_000, 45_000])
})

test('a pause that nobody comes back to counts before it is over', async () => {
  const user = await withNewUser(market)
  const leases = []
  for (let n = 0; n < 7; n += 1) {
    const play = await openSession(user, { minutes: 60 })
    leases.push(leaseMs(await play.beat()))
    await play.market('POST', '/pause')
    api.clock.advance({ seconds: 131 })
  }
  expect(leases.slice(4)).toEqual([130_000, 45_000, 45_000])
})

describe('beyond the allowance nothing is billed twice', () => {
  async function beyond(minutes = 60) {
    const play = await openFresh({ minutes })
    await play.beat()
    for (let n = 0; n < 5; n += 1) await play.beat({ afterSeconds: 131, activeMs: 0 })
    return { play, usedMs: (await play.beat()).body.session.usedMs as number }
  }

  test('by pauses and resumptions in the marketplace', async () => {
    const { play, usedMs } = await beyond()
    for (let n = 0; n < 4; n += 1) {
      api.clock.advance({ seconds: 1 })
      await pauseFor(play, 1)
      await play.beat()
    }
    // Eight seconds, and what is shown on after the last beat.
    expect((await play.read()).body.session.usedMs - usedMs).toBeLessThanOrEqual(8_000 + 45_000)
    await play.use(60)
    expect((await play.read()).body.session.usedMs - usedMs).toBeLessThanOrEqual(68_000)
  })

  test('by browsers that take it from one another', async () => {
    const { play, usedMs } = await beyond()
    let beat = () => play.beat()
    for (let n = 0; n < 4; n += 1) {
      api.clock.advance({ seconds: 1 })
      beat = await takeOver(play, `taker_${n}_client`)
      await beat()
    }
    expect((await play.look()).body.usedMs - usedMs).toBeLessThanOrEqual(4_000 + 45_000)
    for (let n = 0; n < 3; n += 1) {
      api.clock.advance({ seconds: 30 })
      await beat()
    }
    expect((await play.look()).body.usedMs - usedMs).toBe(94_000)
  })

  test.each([100, 2_000])('by two instances whose clocks are %i ms apart', async (skewMs) => {
    const { play, usedMs } = await beyond()
    const began = api.clock.now().getTime()
    for (let n = 0; n < 6; n += 1) {
      const beat = await takeOver(play, `taker_${n}_client`)
      api.clock.advance({ ms: 50 - skewMs })
      await beat()
      api.clock.advance({ ms: skewMs + 10_000 })
    }
    const wallMs = api.clock.now().getTime() - began
    expect((await play.look()).body.usedMs - usedMs).toBeLessThanOrEqual(wallMs + 45_000)
  })
})

test('an answer is given also where it cannot be noted that a page has heard', async () => {
  const play = await openFresh()
  await play.beat()
  await endThere(play)
  const owner = await connectAs(api.databaseUrl)
  await owner.query('begin')
  await owner.query('lock table left_leases in access exclusive mode')
  const { status } = await play.beat()
  await owner.query('rollback')
  await owner.end()
  expect(status).toBe(200)
  api.clock.advance({ seconds: 500 })
  expect(await shownOn(play)).toEqual([130_000])
}, 30_000)

test('nobody else says that it has heard: not another app’s page, nor the provider’s server', async () => {
  const play = await openFresh()
  await play.beat()
  await endThere(play)
  const other = await openFresh()
  const path = `/api/v1/sessions/${play.sessionId}/heartbeat`
  const body = { clientId: play.clientId, sequence: 99 }
  expect((await api.call('POST', path, { token: other.sessionJwt, body })).status).toBe(404)
  await api.call('POST', path, { token: play.sessionJwt, body: { ...body, clientId: 'somebody_else' } })
  await play.look()
  api.clock.advance({ seconds: 500 })
  expect(await shownOn(play)).toEqual([130_000])
})

test('is told as long as beats are kept', async () => {
  const play = await openFresh()
  await play.beat()
  await endThere(play)
  const after = (days: number) => new Date(api.clock.now().getTime() + days * 86_400_000)
  await forgetBeats(api.deps.db, { now: after(119) })
  api.clock.advance({ seconds: 500 })
  expect(await shownOn(play)).toEqual([130_000])
  await forgetBeats(api.deps.db, { now: after(121) })
  expect(await shownOn(play)).toEqual([])
})
