/**
 * What becomes of events that Stripe could not deliver: it is asked for them, and each counts as if it had been, once.
 *
 * @module
 */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { captureLog } from '../../test/captured-log.ts'
import { type Bought, type StripeBuyers, startStripeBuyers } from '../../test/stripe-buyers.ts'
import {
  completed,
  disputeClosed,
  disputed,
  type EventBody,
  expired,
  refunded,
  refundTold,
  sendEvent,
  tellEvents,
} from '../../test/stripe-events.ts'

const FOUND = 'an event was found that Stripe could not deliver'

let it: StripeBuyers
beforeAll(async () => {
  it = await startStripeBuyers()
})
beforeEach(() => it.reset())
afterAll(() => it.close())

/** Somebody whose payment was told. */
async function buyPaid(): Promise<Bought> {
  const bought = await it.buy()
  await tellEvents(it.api, completed(bought.payment))
  return bought
}

/** How many lines of a log, or rows, speak of it. */
const count = (text: string, of: string) => text.split(of).length - 1
const outcomesOf = (...events: EventBody[]) =>
  it.api.deps.db.batch.query<{ type: string; outcome: string; why: string | null }>(
    `select type, outcome, refused_because as why from stripe_events where id = any($1) order by array_position($1, id)`,
    [events.map(({ id }) => id)],
  )

test.each<[string, (bought: Bought) => EventBody[], unknown[]]>([
  ['a refund', ({ payment }) => [refunded(payment, 950)], ['refunded', 0]],
  ['a part of it refunded', ({ payment }) => [refunded(payment, 475)], ['paid', 500]],
  ['a dispute', ({ payment }) => [disputed(payment)], ['disputed', 0]],
  [
    'a dispute and that it was won',
    ({ payment }) => [disputed(payment), disputeClosed(payment, 'won')],
    ['paid', 1_000],
  ],
  [
    'a refund and that it failed',
    ({ payment }) => [refunded(payment, 950), refundTold('refund.failed', payment)],
    ['paid', 1_000],
  ],
])('what was lost of a purchase that is credited, %s, counts', async (_, tell, expected) => {
  const bought = await buyPaid()
  const lost = tell(bought)
  it.lose(600, ...lost)
  await it.startLooking()()
  expect(await it.standing(bought)).toEqual(expected)
})

test('what was lost of a purchase that is pending counts', async () => {
  const [paid, failed] = [await it.buy(), await it.buy()]
  it.lose(600, completed(paid.payment), expired(failed.payment))
  await it.startLooking()()
  expect([await it.standing(paid), await it.standing(failed)]).toEqual([
    ['paid', 1_000],
    ['failed', 0],
  ])
})

test('it is said once, and counts as lost until Stripe delivers it after all', async () => {
  const before = (await it.figures()).stripeEventsLost
  const bought = await buyPaid()
  const refund = refunded(bought.payment, 475)
  it.lose(600, refund)
  const { log, logged } = captureLog()
  const look = it.startLooking({ log })
  await look()
  await look()
  await it.startLooking({ log })()
  expect([count(logged(), FOUND), count(logged(), refund.id)]).toEqual([1, 2])
  expect((await it.figures()).stripeEventsLost).toBe(before + 1)
  await sendEvent(it.api, refund)
  await sendEvent(it.api, refund)
  expect(await it.standing(bought)).toEqual(['paid', 500])
  expect((await it.figures()).stripeEventsLost).toBe(before)
})

test('a payment that was found counts as lost though its event is found, too', async () => {
  const before = (await it.figures()).stripeEventsLost
  const bought = await it.pay()
  it.api.clock.advance({ minutes: 10 })
  await it.reconcile()
  it.lose(600, completed(bought.payment))
  await it.startLooking()()
  expect(await it.standing(bought)).toEqual(['paid', 1_000])
  expect((await it.figures()).stripeEventsLost).toBe(before + 1)
})

test('an event that is five minutes old may be on its way, and is left alone', async () => {
  const bought = await it.buy()
  const look = it.startLooking()
  it.lose(300, completed(bought.payment))
  await look()
  expect(await it.standing(bought)).toEqual(['pending', 0])
  it.api.clock.advance({ seconds: 1 })
  await look()
  expect(await it.standing(bought)).toEqual(['paid', 1_000])
})

test('one that is listed late, or by a clock that is behind ours, is found', async () => {
  const bought = await it.buy()
  const look = it.startLooking()
  await look()
  it.lose(3_900, completed(bought.payment))
  await look()
  expect(await it.standing(bought)).toEqual(['paid', 1_000])
})

test('events that are delivered while they are listed count once, and not as lost', async () => {
  const before = (await it.figures()).stripeEventsLost
  const all: Bought[] = []
  for (let i = 0; i < 8; i += 1) all.push(await it.buy())
  const events = all.map(({ payment }) => completed(payment))
  it.lose(600, ...events)
  const arriving: Promise<unknown>[] = []
  it.stripe.answerWith = (request, response) => {
    arriving.push(...events.map((event) => sendEvent(it.api, event)))
    it.stripe.answer(request, response)
  }
  await Promise.all([it.startLooking()(), it.startLooking()(), it.startLooking()()])
  await Promise.all(arriving)
  expect(arriving).toHaveLength(24)
  expect(await Promise.all(all.map(it.standing))).toEqual(all.map(() => ['paid', 1_000]))
  expect((await it.figures()).stripeEventsLost).toBe(before)
})

test('listed twice, to several processes and in whatever order they count as they would have', async () => {
  const before = (await it.figures()).stripeEventsLost
  const bought = await it.buy()
  const [payment, refund] = [completed(bought.payment), refunded(bought.payment, 475)]
  it.lose(900, refund, refund)
  it.lose(600, payment, payment)
  await Promise.all([it.startLooking()(), it.startLooking()()])
  expect(await it.standing(bought)).toEqual(['paid', 500])
  expect((await it.figures()).stripeEventsLost).toBe(before + 2)
})

test('the oldest are taken first, however many there are', async () => {
  const ids: string[] = []
  for (let i = 0; i < 250; i += 1) {
    const event = refunded({ purchaseId: '', amountCents: 1, paymentIntentId: `pi_other_${i}` }, 1)
    it.lose(2_000_000 - i * i * 30, event)
    ids.push(event.id)
  }
  const { log, logged } = captureLog()
  await it.startLooking({ log })()
  const said = [...logged().matchAll(/"eventId":"(evt_\w+)"/g)].map(([, id]) => id)
  expect(said).toEqual(ids)
})

test('all of one second are taken', async () => {
  const events = Array.from({ length: 250 }, (_, i) =>
    refunded({ purchaseId: '', amountCents: 1, paymentIntentId: `pi_at_once_${i}` }, 1),
  )
  it.lose(600, ...events)
  await it.startLooking()()
  expect(await outcomesOf(...events)).toHaveLength(250)
})

test('events of others in the same account are said once, as when they are sent, and are none of ours that was lost', async () => {
  const before = await it.figures()
  const other = { purchaseId: 'order_1', amountCents: 500, paymentIntentId: 'pi_of_a_shop' }
  const events = [
    completed(other),
    refunded(other, 500),
    disputed({ ...other, paymentIntentId: 'pi_of_two' }),
  ]
  it.lose(600, ...events)
  const { log, logged } = captureLog()
  await it.startLooking({ log })()
  await it.startLooking({ log })()
  expect((await outcomesOf(...events)).map(({ outcome }) => outcome)).toEqual([
    'refused',
    'unmatched',
    'unmatched',
  ])
  expect(events.map(({ id }) => count(logged(), id))).toEqual([1, 1, 1])
  const after = await it.figures()
  expect(after.stripeEventsLost).toBe(before.stripeEventsLost)
  expect(after.stripeEventsRefused).toBe(before.stripeEventsRefused + 1)
})

test('what is malformed is refused as when it is sent, and keeps no other waiting', async () => {
  const [first, second] = [await buyPaid(), await buyPaid()]
  const noAmount = refunded(first.payment, 1, { amount_refunded: '1' })
  const noData = { ...disputed(first.payment), data: null }
  it.lose(600, { ...refunded(first.payment, 1), id: null }, noAmount, noData, refunded(second.payment, 950))
  const { log, logged } = captureLog()
  await it.startLooking({ log })()
  expect(count(logged(), 'a listed Stripe event has no id')).toBe(1)
  expect(await outcomesOf(noAmount, noData)).toEqual([
    { type: 'charge.refunded', outcome: 'refused', why: 'amount_refunded is not a whole amount' },
    { type: 'charge.dispute.created', outcome: 'refused', why: 'it names no payment intent' },
  ])
  expect([await it.standing(first), await it.standing(second)]).toEqual([
    ['paid', 1_000],
    ['refunded', 0],
  ])
})

test('one that cannot be taken keeps no other waiting, and is tried again', async () => {
  const [first, second] = [await buyPaid(), await buyPaid()]
  const bad = { ...refunded(first.payment, 950), id: 'evt_not_now' }
  it.lose(7_200, bad, refunded(second.payment, 950))
  await it.asOwner(`alter table stripe_events add constraint not_now check (id <> 'evt_not_now')`, [])
  const { log, logged } = captureLog()
  const look = it.startLooking({ log })
  await look()
  expect([await it.standing(first), await it.standing(second)]).toEqual([
    ['paid', 1_000],
    ['refunded', 0],
  ])
  expect(count(logged(), 'an event that Stripe could not deliver was not taken')).toBe(1)
  await it.asOwner(`alter table stripe_events drop constraint not_now`, [])
  await look()
  expect(await it.standing(first)).toEqual(['refunded', 0])
})

test('no transaction is open while Stripe is asked', async () => {
  const bought = await buyPaid()
  it.lose(600, refunded(bought.payment, 950))
  const open = it.watchTransactions()
  await it.startLooking()()
  expect(open).toEqual([0])
  expect((await it.standing(bought))[0]).toBe('refunded')
})
