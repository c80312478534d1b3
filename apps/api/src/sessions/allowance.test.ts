import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Answer, accessTokenOf, addUser, startTestApi, type TestApi } from '../../test/harness.ts'
import { createMarket, openSession, type Play } from '../../test/play.ts'
import { sweepSessions } from './sweep-sessions.ts'

let api: TestApi

beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())

const open = async (): Promise<Play> => {
  const play = await openSession(await createMarket(api, { tokens: 100_000 }), { minutes: 480 })
  await play.beat()
  return play
}

const leaseMs = ({ body }: Answer) =>
  Date.parse(body.session.serveUntil) - Date.parse(body.session.serverTime)

test('the beat that uses up the allowance already says that the lease is short', async () => {
  const play = await open()
  const leases = []
  for (let i = 0; i < 5; i += 1) leases.push(leaseMs(await play.beat({ afterSeconds: 131, activeMs: 0 })))
  expect(leases).toEqual([130_000, 130_000, 130_000, 130_000, 45_000])
})

test('pausing and resuming in the marketplace instead of beating is no free ride', async () => {
  const play = await open()
  const leases = []
  for (let i = 0; i < 6; i += 1) {
    api.clock.advance({ seconds: 125 })
    await play.market('POST', '/pause')
    // No more than the app has: of its lease 5 s are left.
    leases.push(leaseMs(await play.market('POST', '/resume')))
    leases.push(leaseMs(await play.beat()))
  }
  expect(leases.slice(0, 8)).toEqual([5_000, 130_000, 5_000, 130_000, 5_000, 130_000, 5_000, 130_000])
  expect(leases.slice(8).filter((lease) => lease > 45_000)).toEqual([])
})

test('nor is pausing there right after each beat, in a page that is kept from hearing of it', async () => {
  const play = await open()
  const leases = []
  for (let i = 0; i < 6; i += 1) {
    api.clock.advance({ seconds: 1 })
    await play.market('POST', '/pause')
    api.clock.advance({ seconds: 125 })
    await play.market('POST', '/resume')
    leases.push(leaseMs(await play.beat()))
  }
  expect(leases).toEqual([130_000, 130_000, 130_000, 130_000, 45_000, 45_000])
})

test('resuming what runs instead of beating is no free ride', async () => {
  const play = await open()
  const leases = []
  for (let i = 0; i < 6; i += 1) {
    api.clock.advance({ seconds: 125 })
    play.sequence += 1
    leases.push(leaseMs(await play.call('resume', { clientId: play.clientId, sequence: play.sequence })))
  }
  // The sixth changes nothing any more: the lease has run out, and the gap counts with the next beat.
  expect(leases).toEqual([130_000, 130_000, 130_000, 130_000, 45_000, Number.NaN])
  expect((await play.beat()).body.session.usedMs).toBe(45_000)
})

test('beyond the allowance, nobody pays for what is after the 24 hours', async () => {
  const play = await openSession(await createMarket(api, { tokens: 100_000 }), { minutes: 480 })
  const opened = api.clock.now().getTime()
  for (let i = 0; i < 6; i += 1) await play.beat({ afterSeconds: 131, activeMs: 0 })
  // Nothing of what follows counts: it says goodbye in time, and is not away for half an hour.
  while (api.clock.now().getTime() < opened + 23.8 * 3_600_000) {
    await play.beat({ final: true })
    api.clock.advance({ minutes: 20 })
    await play.beat()
  }
  api.clock.advance({ ms: opened + 24 * 3_600_000 - 10_000 - api.clock.now().getTime() })
  const { usedMs, serveUntil } = (await play.beat()).body.session
  expect(Date.parse(serveUntil)).toBe(opened + 24 * 3_600_000)
  api.clock.advance({ minutes: 5 })
  expect((await play.look()).body).toMatchObject({ endReason: 'expired', usedMs: usedMs + 10_000 })
})

test('an app that pauses and says activeMs 0 is no free ride either', async () => {
  const play = await open()
  for (let i = 0; i < 5; i += 1) {
    api.clock.advance({ seconds: 125 })
    await play.call('pause', { activeMs: 0 })
    await play.call('resume')
  }
  api.clock.advance({ seconds: 125 })
  expect((await play.call('pause', { activeMs: 0 })).body.session.usedMs).toBe(45_000)
})

test('beyond the allowance, taking over instead of beating is paid for', async () => {
  const play = await open()
  for (let i = 0; i < 20; i += 1) {
    api.clock.advance({ seconds: 46 })
    const { body } = await play.market('POST', '/relaunch')
    const clientId = `taker_${String(i).padStart(6, '0')}`
    await api.call('POST', '/api/v1/sessions/validate', { body: { launchJwt: body.launchJwt, clientId } })
  }
  // The 130 s of the first browser and eleven times 45 s are more than 10 minutes; the eight after them count.
  expect((await play.look()).body.usedMs).toBe(8 * 45_000)
})

test('beyond the allowance, a session left to itself or ended in the marketplace counts its last 45 s', async () => {
  const market = await createMarket(api, { tokens: 100_000 })
  for (let i = 0; i < 5; i += 1) {
    await (await openSession(market)).beat()
    api.clock.advance({ minutes: 31 })
    await sweepSessions(api.deps.db, { now: api.clock.now(), marketplaceUrl: 'http://localhost:4001' })
  }
  const left = await openSession(market)
  const ended = await openSession(market)
  api.clock.advance({ seconds: 120 })
  await api.call('POST', `/api/v1/sessions/${ended.sessionId}/complete`, {
    token: await accessTokenOf(api, market.user.id),
    body: {},
  })
  api.clock.advance({ minutes: 31 })
  await sweepSessions(api.deps.db, { now: api.clock.now(), marketplaceUrl: 'http://localhost:4001' })
  expect((await left.look()).body).toMatchObject({ endReason: 'abandoned', usedMs: 45_000, tokensCharged: 3 })
  expect((await ended.look()).body).toMatchObject({
    endReason: 'completed',
    usedMs: 45_000,
    tokensCharged: 3,
  })
})

test('who comes back together after an outage is asked about together, each by their own allowance', async () => {
  const market = await createMarket(api, { tokens: 100_000 })
  const spent = await openSession(market, { minutes: 480 })
  await spent.beat()
  for (let i = 0; i < 4; i += 1) await spent.beat({ afterSeconds: 131, activeMs: 0 })
  const others = []
  for (let i = 0; i < 6; i += 1) {
    const other = await openSession({ ...market, user: await addUser(api, { tokens: 10_000 }) })
    await other.beat()
    others.push(other)
  }
  api.clock.advance({ seconds: 125 })
  const beats = await Promise.all(
    [...others.slice(0, 3), spent, ...others.slice(3)].map((play) => play.beat({ activeMs: 0 })),
  )
  expect(beats.map(leaseMs)).toEqual([130_000, 130_000, 130_000, 45_000, 130_000, 130_000, 130_000])
})

// Each of these asks on its own whether somebody is over it.
const ways: [string, number, (play: Play) => Promise<Answer>][] = [
  ['a beat', 4, (play) => play.beat({ afterSeconds: 131, activeMs: 0 })],
  [
    'a pause',
    4,
    async (play) => {
      api.clock.advance({ seconds: 131 })
      await play.call('pause', { activeMs: 0 })
      return play.call('resume')
    },
  ],
  ['a launch', 5, (play) => play.beat()],
]
const windows = ways.flatMap(([what, spent, run]) => [
  { what, spent, run, hours: 23, lease: 45_000 },
  { what, spent, run, hours: 24, lease: 130_000 },
])
test.each(windows)('$what $hours h later leaves a lease of $lease ms', async ({
  spent,
  run,
  hours,
  lease,
}) => {
  const market = await createMarket(api, { tokens: 100_000 })
  // It is kept by the hour: all of it in one.
  api.clock.advance({ ms: 3_600_000 - (api.clock.now().getTime() % 3_600_000) })
  const before = await openSession(market, { minutes: 480 })
  await before.beat()
  for (let i = 0; i < spent; i += 1) await before.beat({ afterSeconds: 131, activeMs: 0 })
  await before.call('complete')
  api.clock.advance({ hours })
  const play = await openSession(market, { minutes: 480 })
  await play.beat()
  expect(leaseMs(await run(play))).toBe(lease)
})

test('the allowance is one provider’s: with another one leases stay long', async () => {
  const market = await createMarket(api, { tokens: 100_000 })
  const elsewhere = await openSession({ ...(await createMarket(api)), user: market.user }, { minutes: 480 })
  const play = await openSession(market, { minutes: 480 })
  await play.beat()
  for (let i = 0; i < 5; i += 1) await play.beat({ afterSeconds: 131, activeMs: 0 })
  expect(leaseMs(await play.beat())).toBe(45_000)
  expect(leaseMs(await elsewhere.beat())).toBe(130_000)
})
