import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addEndedSession, addProvider, addUser, startTestApi, type TestApi } from '../../test/harness.ts'
import {
  beginPurchase,
  completed,
  disputeTold,
  type EventBody,
  expired,
  type Payment,
  paymentOf,
  refunded,
  refundTold,
  sendEvent,
} from '../../test/stripe-events.ts'
import { createId, PUBLIC_TENANT_ID } from '../id.ts'
import { captureHolds } from '../ledger/capture-holds.ts'
import { checkLedger } from '../ledger/check-ledger.ts'
import { placeHold } from '../ledger/place-hold.ts'

let api: TestApi
let providerId: string
beforeAll(async () => {
  api = await startTestApi()
  providerId = await addProvider(api, { ownerId: (await addUser(api)).id })
})
afterAll(() => api.close())

/** What happened at Stripe, in words. */
interface Story {
  tokens: number
  isPaid: boolean
  refunds: Refund[]
  /** Whether what the charge says was refunded falls when a refund fails, which Stripe does not promise. */
  isFalling: boolean
  disputes: Dispute[]
}

interface Refund {
  /** Hundredths of the price, as far as that is left. */
  percent: number
  hasFailed: boolean
}

interface Dispute {
  /** Hundredths of the price; undefined where the bank names no amount. */
  percent: number | undefined
  /** Whether the bank asked before it took the money. */
  isAsked: boolean
  end: 'inquiry' | 'warning_closed' | 'open' | 'won' | 'lost'
}

const centsOf = (amountCents: number, percent: number) => Math.floor((amountCents * percent) / 100)

const story: fc.Arbitrary<Story> = fc.record({
  tokens: fc.integer({ min: 50, max: 30_000 }),
  isPaid: fc.boolean(),
  refunds: fc.array(fc.record({ percent: fc.integer({ min: 0, max: 100 }), hasFailed: fc.boolean() }), {
    maxLength: 3,
  }),
  isFalling: fc.boolean(),
  disputes: fc.array(
    fc.record({
      percent: fc.option(fc.integer({ min: 0, max: 110 }), { nil: undefined }),
      isAsked: fc.boolean(),
      end: fc.constantFrom(
        'inquiry' as const,
        'warning_closed' as const,
        'open' as const,
        'won' as const,
        'lost' as const,
      ),
    }),
    { maxLength: 3 },
  ),
})

/** One delivery: of which event, and whether some tokens are spent before it. */
const delivery = fc.record({
  pick: fc.nat(),
  spend: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 5_000 })),
})

/** The model: what a purchase is worth in the end, whatever the order. */
function expectedOf({ tokens, isPaid, disputes }: Story, amountCents: number, refundedCents: number) {
  if (!isPaid) return { worth: 0, status: 'failed' }
  const standing = disputes.filter(({ end }) => end === 'open' || end === 'lost')
  const disputedCents = standing.reduce((sum, { percent }) => sum + centsOf(amountCents, percent ?? 100), 0)
  const takenCents = Math.min(amountCents, refundedCents + disputedCents)
  const worth = tokens - Math.floor((tokens * takenCents) / amountCents)
  if (standing.length > 0) return { worth, status: 'disputed' }
  return { worth, status: refundedCents === amountCents ? 'refunded' : 'paid' }
}

/** Refunds as Stripe makes them one after the other, what it tells of them, and what arrives. */
function refund(payment: Payment, { refunds, isFalling }: Story) {
  const events: EventBody[] = []
  // Where nothing fails, the charge alone tells enough.
  const isTold = refunds.some(({ hasFailed }) => hasFailed)
  let [saidCents, arrivedCents] = [0, 0]
  for (const [i, { percent, hasFailed }] of refunds.entries()) {
    const amount = Math.min(centsOf(payment.amountCents, percent), payment.amountCents - saidCents)
    const about = { id: `re_${i}_${payment.paymentIntentId}`, amount }
    saidCents += amount
    events.push(refunded(payment, saidCents))
    if (isTold) events.push(refundTold('refund.created', payment, { ...about, status: 'pending' }))
    if (hasFailed) {
      events.push(refundTold('refund.failed', payment, about))
      events.push(refundTold('refund.updated', payment, { ...about, status: 'failed' }))
      if (isFalling) saidCents -= amount
    } else arrivedCents += amount
  }
  return { events, arrivedCents }
}

/** What the bank tells of one dispute, in its order. */
function tell(payment: Payment, id: string, { percent, isAsked, end }: Dispute): EventBody[] {
  const amount = percent === undefined ? undefined : centsOf(payment.amountCents, percent)
  const told = (what: string, status: string) => disputeTold(what, payment, { id, amount, status })
  const isOnlyAsked = end === 'inquiry' || end === 'warning_closed'
  return [
    ...(isAsked || isOnlyAsked ? [told('created', 'warning_needs_response')] : []),
    ...(isOnlyAsked ? [] : [told(isAsked ? 'funds_withdrawn' : 'created', 'needs_response')]),
    ...(end === 'inquiry' || end === 'open' ? [] : [told('closed', end)]),
  ]
}

test('however often and in whatever order events come, wallet and debt are what the model says', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(story, { minLength: 1, maxLength: 2 }),
      fc.array(delivery, { maxLength: 10 }),
      // The order of everything that is still to come after those.
      fc.array(fc.nat(), { minLength: 60, maxLength: 60 }),
      async (stories, deliveries, order) => {
        const user = await addUser(api)
        const pool: EventBody[] = []
        const purchases = []
        for (const told of stories) {
          const purchase = await beginPurchase(api, user.token, told.tokens)
          const payment = paymentOf(purchase)
          const { events, arrivedCents } = refund(payment, told)
          purchases.push({ purchase, expected: expectedOf(told, purchase.amountCents, arrivedCents) })
          if (told.isPaid) pool.push(completed(payment), completed(payment))
          pool.push(expired(payment))
          pool.push(...events)
          for (const [i, dispute] of told.disputes.entries()) {
            pool.push(...tell(payment, `dp_${i}_${payment.paymentIntentId}`, dispute))
          }
        }
        let spent = 0
        for (const { pick, spend } of deliveries) {
          if (spend > 0) spent += await trySpend(user.id, spend)
          await deliver(pool[pick % pool.length])
        }
        // Everything arrives in the end.
        const rest = [...pool]
        for (let turn = 0; rest.length > 0; turn += 1) {
          await deliver(...rest.splice((order[turn] ?? 0) % rest.length, 1))
        }
        const { body } = await api.call('GET', '/tokens/balance', { token: user.token })
        expect(body.available).toBeGreaterThanOrEqual(0)
        const worth = purchases.reduce((sum, { expected }) => sum + expected.worth, 0)
        expect(body.total - (body.debt ?? 0)).toBe(worth - spent)
        for (const { purchase, expected } of purchases) {
          const found = await api.call('GET', `/tokens/purchases/${purchase.id}`, { token: user.token })
          expect(found.body.status).toBe(expected.status)
        }
      },
    ),
    { numRuns: process.env.LONG === '1' ? 500 : 60 },
  )
  const { findings } = await api.deps.db.inBatch((tx) => checkLedger(tx))
  expect(findings).toEqual([])
}, 600_000)

async function deliver(...events: (EventBody | undefined)[]): Promise<void> {
  for (const event of events) if (event) expect((await sendEvent(api, event)).status).toBe(200)
}

/** Spends like a session does, when there is enough. */
async function trySpend(walletId: string, amount: number): Promise<number> {
  const now = api.clock.now()
  const reference = createId('ses', now)
  try {
    await api.deps.db.inTenant(PUBLIC_TENANT_ID, async (tx) => {
      await placeHold(tx, { walletId, reference, amount, now })
      const capture = {
        reference,
        amount,
        providerId,
        feeBasisPoints: 2_000,
        description: 'Used',
        now,
      }
      await captureHolds(tx, [{ tenantId: PUBLIC_TENANT_ID, ...capture }])
      const session = { id: reference, userId: walletId, providerId, tokens: amount, charged: amount, now }
      await addEndedSession(tx, session)
    })
    return amount
  } catch (error) {
    expect(error).toMatchObject({ code: 'insufficient_tokens' })
    return 0
  }
}
