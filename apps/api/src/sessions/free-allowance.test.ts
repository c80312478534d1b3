/**
 * Where nothing is to be billed, nothing is unbilled: test sessions and free ones leave the allowance to those that are paid for.
 *
 * @module
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { accessTokenOf, addProvider, addUser, startTestApi, type TestApi } from '../../test/harness.ts'
import { type Market, openSession, type Play, validateLaunch } from '../../test/play.ts'
import { sweepSessions } from './sweep-sessions.ts'

let api: TestApi

beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())

/** Somebody who owns an app, and tokens to pay for it. */
async function addOwner(tokensPerMinute: number): Promise<Market> {
  const user = await addUser(api, { tokens: 100_000 })
  return { api, user, providerId: await addProvider(api, { ownerId: user.id, tokensPerMinute }) }
}

const setPrice = ({ providerId }: Market, tokensPerMinute: number) =>
  api.deps.db.batch.query('update providers set tokens_per_minute = $2 where id = $1', [
    providerId,
    tokensPerMinute,
  ])

async function leaseOfAPaidOne(market: Market): Promise<number> {
  await setPrice(market, 4)
  const { session } = (await (await openSession(market)).beat()).body
  return Date.parse(session.serveUntil) - Date.parse(session.serverTime)
}

const notedMs = async ({ user }: Market) => {
  const [row] = await api.deps.db.batch.query<{ ms: number }>(
    'select coalesce(sum(unbilled_ms), 0) as ms from unbilled_time where user_id = $1',
    [user.id],
  )
  return row?.ms
}

// Of each, five times over is beyond the allowance.
const ways: [string, (open: () => Promise<Play>) => Promise<unknown>][] = [
  [
    'late beats',
    async (open) => {
      const play = await open()
      await play.beat()
      for (let i = 0; i < 5; i += 1) await play.beat({ afterSeconds: 131, activeMs: 0 })
    },
  ],
  [
    'pauses that say nothing was used',
    async (open) => {
      const play = await open()
      for (let i = 0; i < 6; i += 1) {
        await play.beat()
        api.clock.advance({ seconds: 125 })
        await play.call('pause', { activeMs: 0 })
        await play.call('resume')
      }
    },
  ],
  [
    'takeovers',
    async (open) => {
      const play = await open()
      for (let i = 0; i < 14; i += 1) {
        api.clock.advance({ seconds: 50 })
        const { launchJwt } = (await play.market('POST', '/relaunch')).body
        await validateLaunch(play, { launchJwt, clientId: `taker_${String(i).padStart(6, '0')}` })
      }
    },
  ],
  [
    'ends by silence',
    async (open) => {
      for (let i = 0; i < 5; i += 1) await (await open()).beat()
      api.clock.advance({ minutes: 31 })
      const { marketplaceUrl } = api.deps.config
      await sweepSessions(api.deps.db, { now: api.clock.now(), marketplaceUrl })
    },
  ],
  [
    'endings in the marketplace',
    async (open) => {
      for (let i = 0; i < 5; i += 1) {
        const play = await open()
        await play.beat()
        const token = await accessTokenOf(api, play.user.id)
        await api.call('POST', `/api/v1/sessions/${play.sessionId}/complete`, { token, body: {} })
      }
      api.clock.advance({ seconds: 131 })
    },
  ],
  [
    'silence that is not over',
    async (open) => {
      for (let i = 0; i < 5; i += 1) await (await open()).beat()
      api.clock.advance({ seconds: 131 })
    },
  ],
]

describe.each(ways)('%s', (_what, abandon) => {
  test('in sessions that are paid for use up the allowance', async () => {
    const market = await addOwner(4)
    await abandon(() => openSession(market, { minutes: 60 }))
    expect(await leaseOfAPaidOne(market)).toBe(45_000)
  })

  test.each([
    { kind: 'test', price: 4, isTest: true },
    { kind: 'free', price: 0, isTest: false },
  ])('in $kind sessions leave it alone', async ({ price, isTest }) => {
    const market = await addOwner(price)
    await abandon(() => openSession(market, { minutes: 60, isTest }))
    expect(await notedMs(market)).toBe(0)
    expect(await leaseOfAPaidOne(market)).toBe(130_000)
  })
})
