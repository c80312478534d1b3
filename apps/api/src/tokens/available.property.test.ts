/**
 * What is shown as available is exactly what can be spent: by the balance, by an opening and by what is taken back, each of which
 * computes it apart.
 *
 * @module
 */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { accessTokenOf, startTestApi, type TestApi } from '../../test/harness.ts'
import { createMarket, type Market, openSession, type Play, withNewUser } from '../../test/play.ts'
import {
  beginPurchase,
  completed,
  disputeClosed,
  disputed,
  type Payment,
  paymentOf,
  refunded,
  sendEvent,
} from '../../test/stripe-events.ts'
import { checkLedger } from '../ledger/check-ledger.ts'

const RUNS = process.env.LONG === '1' ? 300 : 30

const step = fc.oneof(
  fc.record({ what: fc.constant('buy' as const), tokens: fc.integer({ min: 50, max: 200 }) }),
  fc.record({ what: fc.constant('open' as const), percent: fc.integer({ min: 1, max: 100 }) }),
  fc.record({ what: fc.constant('end' as const), pick: fc.nat(), beats: fc.integer({ min: 0, max: 2 }) }),
  fc.record({
    what: fc.constant('refund' as const),
    pick: fc.nat(),
    percent: fc.integer({ min: 1, max: 100 }),
  }),
  fc.record({ what: fc.constant('dispute' as const), pick: fc.nat() }),
  fc.record({ what: fc.constant('win' as const), pick: fc.nat() }),
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** What was bought is held, or a part of it, when it is taken back; then a session ends, and the bank gives back. */
const OWING: Step[] = [
  { what: 'buy', tokens: 100 },
  { what: 'open', percent: 90 },
  { what: 'refund', pick: 0, percent: 10 },
  { what: 'dispute', pick: 0 },
  { what: 'end', pick: 0, beats: 1 },
  { what: 'win', pick: 0 },
]

interface Shown {
  available: number
  held: number
  total: number
  debt: number
}

let api: TestApi
let market: Market
beforeAll(async () => {
  api = await startTestApi()
  market = await createMarket(api)
})
afterAll(() => api.close())

const tokenOf = ({ user }: Market) => accessTokenOf(api, user.id)

async function see(mine: Market): Promise<Shown> {
  const { body } = await api.call('GET', '/tokens/balance', { token: await tokenOf(mine) })
  return { debt: 0, ...body }
}

/** A minute of the app, at this price. */
async function open(mine: Market, tokens: number) {
  await setPrice(tokens)
  return api.call('POST', '/sessions', {
    token: await tokenOf(mine),
    body: { providerId: mine.providerId, durationMinutes: 1 },
  })
}

const setPrice = (tokens: number) =>
  api.deps.db.batch.query('update providers set tokens_per_minute = $2 where id = $1', [
    market.providerId,
    tokens,
  ])

/** Opens for all that is shown and for one more, and takes the one that opened back. */
async function tryToSpend(mine: Market, { available }: Shown) {
  const more = await open(mine, available + 1)
  const all = await open(mine, available)
  if (all.status === 201)
    await api.call('POST', `/api/v1/sessions/${all.body.session.id}/complete`, {
      token: await tokenOf(mine),
      body: {},
    })
  return { all: all.status, more: [more.status, more.body.required, more.body.available] }
}

/** So much is taken back: of what is available, and the rest is owed. */
function without({ available, held, debt }: Shown, tokens: number): Shown {
  const left = Math.max(0, available - tokens)
  return { available: left, held, total: left + held, debt: debt + Math.max(0, tokens - available) }
}

/** A user of the market, and what the steps are about. */
function createLife(mine: Market) {
  const running: Play[] = []
  const payments: Payment[] = []
  const [pickOf, send] = [
    <T>(of: T[], pick: number) => of[pick % of.length],
    async (...events: object[]) => {
      for (const event of events) expect((await sendEvent(api, event)).status).toBe(200)
    },
  ]
  return async (did: Step): Promise<void> => {
    if (did.what === 'buy') {
      const payment = paymentOf(await beginPurchase(api, await tokenOf(mine), did.tokens))
      payments.push(payment)
      return send(completed(payment))
    }
    if (did.what === 'open') {
      const { available, debt } = await see(mine)
      if (debt > 0) return
      await setPrice(Math.floor((available * did.percent) / 100))
      running.push(await openSession(mine, { minutes: 1 }))
      return
    }
    if (did.what === 'end') {
      const [play] = running.length > 0 ? running.splice(did.pick % running.length, 1) : []
      for (let beat = 0; beat < did.beats; beat += 1) await play?.beat({ afterSeconds: 11 })
      await play?.call('complete')
      return
    }
    const payment = pickOf(payments, did.pick)
    if (payment === undefined) return
    if (did.what === 'refund')
      return send(refunded(payment, Math.max(1, Math.floor((payment.amountCents * did.percent) / 100))))
    await send(did.what === 'dispute' ? disputed(payment) : disputeClosed(payment, 'won'))
  }
}

test('what is shown as available opens a session, one more does not, and what is taken back takes it and owes the rest', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 6, maxLength: 10 }), async (steps) => {
      const mine = await withNewUser(market, { tokens: 100 })
      const live = createLife(mine)
      const [left, leaves]: [Shown[], Shown[]] = [[], []]
      for (const did of steps) {
        const before = await see(mine)
        await live(did)
        const shown = await see(mine)
        expect(shown.total).toBe(shown.available + shown.held)
        if (did.what === 'refund' || did.what === 'dispute') {
          left.push(shown)
          leaves.push(without(before, before.total - before.debt - (shown.total - shown.debt)))
        }
        expect(await tryToSpend(mine, shown)).toEqual({
          all: shown.debt > 0 ? 402 : 201,
          more: [402, shown.available + 1, shown.available],
        })
        expect(await see(mine)).toEqual(shown)
      }
      expect(left).toEqual(leaves)
    }),
    { numRuns: RUNS, examples: [[OWING]] },
  )
  const { findings } = await api.deps.db.inBatch(checkLedger)
  expect(findings).toEqual([])
}, 600_000)
