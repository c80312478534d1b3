import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Answer, startTestApi, type TestApi } from '../../test/harness.ts'
import {
  createMarket,
  type Market,
  openSession,
  type Play,
  validateLaunch,
  withNewUser,
} from '../../test/play.ts'

let api: TestApi
let market: Market

beforeAll(async () => {
  api = await startTestApi()
  market = await createMarket(api)
})
afterAll(() => api.close())

const LONG = 130_000
const SHORT = 45_000
const leaseMs = ({ body }: Answer) =>
  Date.parse(body.session.serveUntil) - Date.parse(body.session.serverTime)

/** A user of their own, and what was served them and not billed: with one session, whole leases first. */
async function unbilled(ms: number): Promise<{ mine: Market; play: Play }> {
  const mine = await withNewUser(market)
  const play = await openSession(mine, { minutes: 480 })
  await play.beat()
  let left = ms
  for (; left > LONG; left -= LONG) await play.beat({ afterSeconds: 131, activeMs: 0 })
  api.clock.advance({ ms: left })
  return { mine, play }
}

describe('ten minutes are allowed, and a millisecond more is not', () => {
  const ways: [string, (given: { mine: Market; play: Play }) => Promise<Answer>][] = [
    ['a beat', ({ play }) => play.beat({ activeMs: 0 })],
    [
      'a pause',
      async ({ play }) => {
        await play.call('pause', { activeMs: 0 })
        return play.call('resume')
      },
    ],
    [
      'a launch',
      async ({ mine, play }) => {
        await play.call('complete', { activeMs: 0 })
        return (await openSession(mine)).beat()
      },
    ],
  ]
  test.each(
    ways.flatMap(([what, run]) => [
      { what, run, ms: 600_000, lease: LONG },
      { what, run, ms: 600_001, lease: SHORT },
    ]),
  )('$what after $ms ms leaves a lease of $lease ms', async ({ run, ms, lease }) => {
    expect(leaseMs(await run(await unbilled(ms)))).toBe(lease)
  })
})

test('the beat that uses up the allowance shortens the lease that a paused session will have', async () => {
  const { mine, play } = await unbilled(0)
  const paused = await openSession(mine, { minutes: 480 })
  await paused.beat()
  await paused.call('pause')
  for (let i = 0; i < 5; i += 1) await play.beat({ afterSeconds: 131, activeMs: 0 })
  expect(leaseMs(await paused.call('resume'))).toBe(SHORT)
})

test('sessions that fall silent with one provider shorten no lease with another', async () => {
  const mine = await withNewUser(market)
  for (let i = 0; i < 14; i += 1) {
    await openSession(mine, { minutes: 480 })
    api.clock.advance({ seconds: 50 })
  }
  expect(leaseMs(await (await openSession(mine)).beat())).toBe(SHORT)
  const elsewhere = await openSession({ ...(await createMarket(api)), user: mine.user })
  expect(leaseMs(await elsewhere.beat())).toBe(LONG)
})

test('beyond the allowance, asking for a launch again starts no clock anew', async () => {
  const { mine, play } = await unbilled(600_001)
  await play.beat({ activeMs: 0 })
  const next = await openSession(mine)
  api.clock.advance({ seconds: 30 })
  expect((await validateLaunch(next)).body.session).toMatchObject({ status: 'active', usedMs: 30_000 })
  expect((await next.beat()).body.session.usedMs).toBe(30_000)
})

test.each<[string, (play: Play) => Promise<unknown>]>([
  ['a beat', (play) => play.beat({ activeMs: 0 })],
  ['a pause', (play) => play.call('pause', { activeMs: 0 })],
  ['resuming what runs', (play) => play.call('resume', { clientId: play.clientId, sequence: 99 })],
  [
    'another browser',
    async (play) => {
      const { body } = await play.market('POST', '/relaunch')
      const taking = { launchJwt: body.launchJwt, clientId: 'another_browser' }
      return api.call('POST', '/api/v1/sessions/validate', { body: taking })
    },
  ],
  ['an end', (play) => play.call('complete', { activeMs: 0 })],
])('what %s leaves unbilled is kept by the hour, in UTC, that it happened in', async (_what, run) => {
  const day = 86_400_000
  const fiveToTwo = 13 * 3_600_000 + 55 * 60_000
  api.clock.advance({ ms: day + fiveToTwo - (api.clock.now().getTime() % day) })
  const mine = await withNewUser(market)
  const play = await openSession(mine, { minutes: 480 })
  await play.beat()
  api.clock.advance({ seconds: 100 })
  await run(play)
  const kept = await api.deps.db.batch.query(
    'select hour, unbilled_ms as ms from unbilled_time where user_id = $1',
    [mine.user.id],
  )
  const hour = new Date(Math.floor(api.clock.now().getTime() / 3_600_000) * 3_600_000)
  expect(kept).toEqual([{ hour, ms: 100_000 }])
})
