/**
 * What becomes of a purchase whose events never come: Stripe is asked, and its answer counts as the event would have, once.
 *
 * @module
 */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { captureLog } from '../../test/captured-log.ts'
import { addUser } from '../../test/harness.ts'
import { type Bought, type StripeBuyers, startStripeBuyers } from '../../test/stripe-buyers.ts'
import { completed, disputeOf, expired, paymentOf, sendEvent } from '../../test/stripe-events.ts'
import { paidSession } from '../../test/stripe-server.ts'
import { PUBLIC_TENANT_ID } from '../id.ts'
import { createPurchase } from './create-purchase.ts'

let it: StripeBuyers
beforeAll(async () => {
  it = await startStripeBuyers()
})
beforeEach(() => it.reset())
afterAll(() => it.close())

test('a payment whose event was lost is credited, once', async () => {
  const bought = await it.pay()
  it.api.clock.advance({ minutes: 9 })
  await it.reconcile()
  expect([it.asked(bought), ...(await it.standing(bought))]).toEqual([0, 'pending', 0])
  it.api.clock.advance({ minutes: 1 })
  await it.reconcile()
  await it.reconcile()
  expect([it.asked(bought), ...(await it.standing(bought))]).toEqual([1, 'paid', 1_000])
  it.api.clock.advance({ hours: 24 })
  await it.reconcile()
  expect([it.asked(bought), ...(await it.standing(bought))]).toEqual([1, 'paid', 1_000])
})

test('its event, when it comes after all, changes nothing; until then it counts as lost', async () => {
  const before = (await it.figures()).stripeEventsLost
  const bought = await it.pay()
  it.api.clock.advance({ minutes: 10 })
  const { log, logged } = captureLog()
  await it.reconcile({ log })
  expect(logged()).toContain('a payment was found that no event of Stripe had told of')
  expect((await it.figures()).stripeEventsLost).toBe(before + 1)
  await sendEvent(it.api, completed(bought.payment))
  await sendEvent(it.api, expired(bought.payment))
  expect(await it.standing(bought)).toEqual(['paid', 1_000])
  expect((await it.figures()).stripeEventsLost).toBe(before)
})

test('an event that is applied while Stripe is asked credits it alone', async () => {
  const before = (await it.figures()).stripeEventsLost
  const bought = await it.pay()
  it.stripe.answerWith = (request, response) => {
    sendEvent(it.api, completed(bought.payment)).then(() => it.stripe.answer(request, response))
  }
  it.api.clock.advance({ minutes: 10 })
  await it.reconcile()
  expect([it.asked(bought), ...(await it.standing(bought))]).toEqual([1, 'paid', 1_000])
  expect((await it.eventsOf(bought)).map(({ type }) => type)).toEqual(['checkout.session.completed'])
  expect((await it.figures()).stripeEventsLost).toBe(before)
})

test('events and answers at the same instant credit each purchase once', async () => {
  const all: Bought[] = []
  for (let i = 0; i < 8; i += 1) all.push(await it.pay())
  const arriving: Promise<unknown>[] = []
  it.stripe.answerWith = (request, response) => {
    const bought = all.find(({ session }) => request.url?.includes(String(session.id)))!
    arriving.push(sendEvent(it.api, completed(bought.payment)))
    it.stripe.answer(request, response)
  }
  it.api.clock.advance({ minutes: 10 })
  await Promise.all([it.reconcile(), it.reconcile(), it.reconcile()])
  await Promise.all(arriving)
  expect(await Promise.all(all.map(it.standing))).toEqual(all.map(() => ['paid', 1_000]))
  expect(all.map(it.asked)).toEqual(all.map(() => 1))
})

test('a page that closed unpaid fails its purchase; an event of a payment credits it all the same', async () => {
  const bought = await it.buy()
  bought.session.status = 'expired'
  it.api.clock.advance({ hours: 24 })
  await it.reconcile()
  expect(await it.standing(bought)).toEqual(['failed', 0])
  await sendEvent(it.api, completed(bought.payment))
  expect(await it.standing(bought)).toEqual(['paid', 1_000])
})

test('a page that is open is left alone, and asked for at growing ages', async () => {
  const bought = await it.buy()
  const ages: number[] = []
  for (let minutes = 5; minutes <= 24 * 60; minutes += 5) {
    it.api.clock.advance({ minutes: 5 })
    const before = it.asked(bought)
    await it.reconcile()
    if (it.asked(bought) > before) ages.push(minutes)
  }
  expect(ages).toEqual([10, 20, 30, 45, 70, 105, 160, 240, 360, 540, 810, 1_215])
  expect(await it.standing(bought)).toEqual(['pending', 0])
  expect(await it.eventsOf(bought)).toEqual([])
})

test('what a bank takes its time with is waited for, and credited when it came', async () => {
  const bought = await it.buy()
  const intent = { id: bought.payment.paymentIntentId, status: 'processing', latest_charge: null }
  Object.assign(bought.session, { status: 'complete', payment_intent: intent })
  it.api.clock.advance({ minutes: 10 })
  await it.reconcile()
  expect(await it.standing(bought)).toEqual(['pending', 0])
  Object.assign(bought.session, paidSession(bought.payment))
  it.api.clock.advance({ hours: 24 })
  await it.reconcile()
  expect(await it.standing(bought)).toEqual(['paid', 1_000])
})

test('what a bank declined in the end has failed', async () => {
  const bought = await it.buy()
  const intent = {
    id: bought.payment.paymentIntentId,
    status: 'requires_payment_method',
    latest_charge: null,
  }
  Object.assign(bought.session, { status: 'complete', payment_intent: intent })
  it.api.clock.advance({ minutes: 10 })
  await it.reconcile()
  expect(await it.standing(bought)).toEqual(['failed', 0])
})

test.each([
  ['a part of it was refunded', { amount_refunded: 475 }, {}, ['paid', 500]],
  ['all of it was refunded', { amount_refunded: 950 }, {}, ['refunded', 0]],
  ['it is disputed', { disputed: true }, { status: 'needs_response' }, ['disputed', 0]],
  ['a part of it is disputed', { disputed: true }, { status: 'lost', amount: 475 }, ['disputed', 500]],
  ['the dispute was won', { disputed: true }, { status: 'won' }, ['paid', 1_000]],
])('found paid, when %s, it counts so', async (_, charge, dispute, expected) => {
  const bought = await it.pay(charge)
  it.stripe.disputes.push(disputeOf(bought.payment, dispute))
  it.api.clock.advance({ minutes: 10 })
  await it.reconcile()
  expect(await it.standing(bought)).toEqual(expected)
})

test('one that got no page is not asked for, and fails when nobody can go on with it', async () => {
  const user = await addUser(it.api)
  const price = { tokens: 100, amountCents: 100, discountPercent: 0 }
  const { id } = await it.api.deps.db.inTenant(PUBLIC_TENANT_ID, (tx) =>
    createPurchase(tx, {
      userId: user.id,
      price,
      tokenPriceCents: 1,
      currency: 'usd',
      subject: undefined,
      now: it.api.clock.now(),
    }),
  )
  const bought = { user, payment: paymentOf({ id, amountCents: 100 }), session: {} }
  it.api.clock.advance({ hours: 48 })
  await it.reconcile()
  expect(await it.standing(bought)).toEqual(['pending', 0])
  it.api.clock.advance({ hours: 24 })
  await it.reconcile()
  expect(await it.standing(bought)).toEqual(['failed', 0])
  expect(it.stripe.requests).toEqual([])
  await sendEvent(it.api, completed(bought.payment))
  expect(await it.standing(bought)).toEqual(['paid', 100])
})

test('no transaction is open while Stripe is asked', async () => {
  const bought = await it.pay()
  const open = it.watchTransactions()
  it.api.clock.advance({ minutes: 10 })
  await it.reconcile()
  expect(open).toEqual([0])
  expect((await it.standing(bought))[0]).toBe('paid')
})

test('a run that is to stop asks for no further purchase', async () => {
  const all = [await it.pay(), await it.pay()]
  it.api.clock.advance({ minutes: 10 })
  const stopping = new AbortController()
  it.stripe.answerWith = (request, response) => {
    stopping.abort()
    it.stripe.answer(request, response)
  }
  await it.reconcile({}, stopping.signal)
  expect(all.map(it.asked).sort()).toEqual([0, 1])
  const standing = await Promise.all(all.map(it.standing))
  expect(standing.sort()).toEqual([
    ['paid', 1_000],
    ['pending', 0],
  ])
})

test('of thousands a run asks for two hundred, those first that wait longest', async () => {
  const { user } = await it.buy()
  await it.asOwner(
    `insert into purchases (tenant_id, id, user_id, status, tokens, amount_cents, currency, discount_percent, created_at,
       checkout_session_id, reconcile_at)
     select $1, 'pur_' || lpad(n::text, 26, '0'), $2, 'pending', 50, 50, 'usd', 0, $3::timestamptz - interval '3 hours',
       'cs_test_' || n, $3::timestamptz - n * interval '1 second'
     from generate_series(1, 3000) n`,
    [PUBLIC_TENANT_ID, user.id, it.api.clock.now()],
  )
  it.stripe.requests = []
  await it.reconcile()
  const ids = it.stripe.requests.map(({ url }) => Number(url?.match(/cs_test_(\d+)/)?.[1]))
  expect(ids).toEqual(Array.from({ length: 200 }, (_, i) => 3_000 - i))
})
