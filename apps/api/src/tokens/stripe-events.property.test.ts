import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addEndedSession, addProvider, addUser, startTestApi, type TestApi } from '../../test/harness.ts'
import {
  beginPurchase,
  completed,
  disputeClosed,
  disputed,
  type EventBody,
  expired,
  paymentOf,
  refunded,
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
  /** Hundredths of the price, rising. */
  refunds: number[]
  disputes: ('open' | 'won' | 'lost')[]
}

const story: fc.Arbitrary<Story> = fc.record({
  tokens: fc.integer({ min: 50, max: 30_000 }),
  isPaid: fc.boolean(),
  refunds: fc.array(fc.integer({ min: 0, max: 100 }), { maxLength: 3 }),
  disputes: fc.array(fc.constantFrom('open' as const, 'won' as const, 'lost' as const), { maxLength: 2 }),
})

/** One delivery: of which event, and whether some tokens are spent before it. */
const delivery = fc.record({
  pick: fc.nat(),
  spend: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 5_000 })),
})

/** The model: what a purchase is worth in the end, whatever the order. */
function expectedOf({ tokens, isPaid, refunds, disputes }: Story, amountCents: number) {
  const refundedCents = Math.max(0, ...refunds.map((percent) => Math.floor((amountCents * percent) / 100)))
  if (!isPaid) return { worth: 0, status: 'failed' }
  if (disputes.some((dispute) => dispute !== 'won')) return { worth: 0, status: 'disputed' }
  const worth = tokens - Math.floor((tokens * refundedCents) / amountCents)
  return { worth, status: refundedCents === amountCents ? 'refunded' : 'paid' }
}

test('however often and in whatever order events come, wallet and debt are what the model says', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(story, { minLength: 1, maxLength: 2 }),
      fc.array(delivery, { maxLength: 10 }),
      // The order of everything that is still to come after those.
      fc.array(fc.nat(), { minLength: 20, maxLength: 20 }),
      async (stories, deliveries, order) => {
        const user = await addUser(api)
        const pool: EventBody[] = []
        const purchases = []
        for (const told of stories) {
          const purchase = await beginPurchase(api, user.token, told.tokens)
          const payment = paymentOf(purchase)
          purchases.push({ purchase, expected: expectedOf(told, purchase.amountCents) })
          if (told.isPaid) pool.push(completed(payment), completed(payment))
          pool.push(expired(payment))
          for (const percent of told.refunds) {
            pool.push(refunded(payment, Math.floor((payment.amountCents * percent) / 100)))
          }
          for (const [i, dispute] of told.disputes.entries()) {
            const id = `dp_${i}_${payment.paymentIntentId}`
            pool.push(disputed(payment, id))
            if (dispute !== 'open') pool.push(disputeClosed(payment, dispute, id))
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
