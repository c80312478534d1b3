/**
 * What Stripe answers wrongly, or not at all, when it is asked for a purchase: nothing is credited, and no other purchase waits for it.
 *
 * @module
 */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { captureLog } from '../../test/captured-log.ts'
import { holdLock } from '../../test/hold-lock.ts'
import { type StripeBuyers, startStripeBuyers } from '../../test/stripe-buyers.ts'
import { sendJson } from '../../test/stripe-server.ts'

let it: StripeBuyers
beforeAll(async () => {
  it = await startStripeBuyers()
})
beforeEach(() => it.reset())
afterAll(() => it.close())

test.each([
  ['500', 500, { error: { type: 'api_error' } }],
  ['401', 401, { error: { type: 'invalid_request_error' } }],
  ['403', 403, { error: { type: 'invalid_request_error' } }],
  ['429', 429, { error: { type: 'rate_limit_error' } }],
  ['400', 400, { error: { type: 'invalid_request_error' } }],
])('while Stripe answers %s nothing changes, and the next run begins with another purchase', async (_, status, body) => {
  const first = await it.pay()
  it.api.clock.advance({ seconds: 1 })
  const second = await it.pay()
  it.api.clock.advance({ minutes: 10 })
  it.stripe.answerWith = (_request, response) => {
    sendJson(response, status, body)
  }
  await it.reconcile()
  expect([it.asked(first), it.asked(second)]).toEqual([1, 0])
  expect(await Promise.all([first, second].map(it.standing))).toEqual([
    ['pending', 0],
    ['pending', 0],
  ])
  it.stripe.answerWith = it.stripe.answer
  await it.reconcile()
  expect([(await it.standing(first))[0], (await it.standing(second))[0]]).toEqual(['pending', 'paid'])
  it.api.clock.advance({ minutes: 10 })
  await it.reconcile()
  expect(await it.standing(first)).toEqual(['paid', 1_000])
})

test('an answer that is no JSON is no answer', async () => {
  const bought = await it.pay()
  it.api.clock.advance({ minutes: 10 })
  it.stripe.answerWith = (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end('<html>')
  }
  await it.reconcile()
  expect([...(await it.standing(bought)), await it.eventsOf(bought)]).toEqual(['pending', 0, []])
})

const MALFORMED = 'reconciliation.malformed'
test.each([
  ['another amount', { amount_total: 949 }, 'reconciliation.paid', 'paid 949 usd, the price is 950 usd'],
  ['another currency', { currency: 'eur' }, 'reconciliation.paid', 'paid 950 eur, the price is 950 usd'],
  ['no amount', { amount_total: null }, MALFORMED, 'amount_total is not a whole amount'],
  ['another id', { id: 'cs_test_other' }, MALFORMED, 'Stripe answered with another Checkout Session'],
  [
    'another purchase',
    { client_reference_id: 'pur_other', metadata: { purchaseId: 'pur_other' } },
    MALFORMED,
    'the Checkout Session names another purchase',
  ],
  [
    'two purchases',
    { client_reference_id: 'pur_other' },
    MALFORMED,
    'client_reference_id and metadata.purchaseId differ',
  ],
  ['no purchase', { client_reference_id: null, metadata: {} }, MALFORMED, 'it names no purchase'],
  [
    'a status of tomorrow',
    { status: 'postponed', payment_status: 'unpaid' },
    MALFORMED,
    'the Checkout Session is neither open, complete nor expired',
  ],
])('an answer with %s is refused as an event is, once, and keeps no other purchase waiting', async (_, changes, type, why) => {
  const [bought, other] = [await it.pay(), await it.pay()]
  const answered = { ...bought.session, ...changes }
  it.stripe.sessions.set(String(bought.session.id), answered)
  it.api.clock.advance({ minutes: 10 })
  const refusedBefore = (await it.figures()).stripeEventsRefused
  const { log, logged } = captureLog()
  await it.reconcile({ log })
  it.api.clock.advance({ hours: 1 })
  await it.reconcile({ log })
  expect(await it.standing(bought)).toEqual(['pending', 0])
  expect(await it.eventsOf(bought)).toEqual([{ type, outcome: 'refused', why }])
  expect(logged().match(/Stripe event refused/g)).toHaveLength(1)
  expect((await it.figures()).stripeEventsRefused).toBe(refusedBefore + 1)
  expect(await it.standing(other)).toEqual(['paid', 1_000])
})

test('what the answer names instead is not credited', async () => {
  const [bought, named] = [await it.pay(), await it.buy()]
  const { client_reference_id, metadata } = named.session
  Object.assign(bought.session, { client_reference_id, metadata })
  await it.api.deps.db.batch.query(`update purchases set reconcile_at = 'infinity' where id = $1`, [
    named.payment.purchaseId,
  ])
  it.api.clock.advance({ minutes: 10 })
  await it.reconcile()
  expect(await Promise.all([bought, named].map(it.standing))).toEqual([
    ['pending', 0],
    ['pending', 0],
  ])
})

test('a purchase of the test mode is not known to a live key: it stays, and keeps no other waiting', async () => {
  const [first, second] = [await it.pay(), await it.pay()]
  it.api.clock.advance({ minutes: 10 })
  const { log, logged } = captureLog()
  await it.reconcile({ log, config: { ...it.api.deps.config, stripeSecretKey: 'sk_live_x' } })
  expect([it.asked(first), it.asked(second)]).toEqual([1, 1])
  expect(logged().match(/Stripe does not know the Checkout Session/g)).toHaveLength(2)
  expect(await Promise.all([first, second].map(it.standing))).toEqual([
    ['pending', 0],
    ['pending', 0],
  ])
  it.api.clock.advance({ minutes: 10 })
  await it.reconcile()
  expect(await it.standing(first)).toEqual(['paid', 1_000])
})

test('one that somebody has locked is left to them, and keeps no other waiting', async () => {
  const locked = await it.pay()
  it.api.clock.advance({ seconds: 1 })
  const other = await it.pay()
  it.api.clock.advance({ minutes: 10 })
  const release = await holdLock(it.api, 'select from purchases where id = $1 for update', [
    locked.payment.purchaseId,
  ])
  await it.reconcile()
  await release()
  expect([it.asked(locked), await it.standing(other)]).toEqual([0, ['paid', 1_000]])
  await it.reconcile()
  expect(await it.standing(locked)).toEqual(['paid', 1_000])
})

test('one that cannot be credited keeps no other waiting', async () => {
  const [broken, other] = [await it.pay(), await it.pay()]
  await it.asOwner('update purchases set tokens = 0 where id = $1', [broken.payment.purchaseId])
  it.api.clock.advance({ minutes: 10 })
  const { log, logged } = captureLog()
  await it.reconcile({ log })
  expect(logged()).toContain('a purchase could not be reconciled')
  expect([await it.standing(broken), await it.standing(other)]).toEqual([
    ['pending', 0],
    ['paid', 1_000],
  ])
  expect(await it.eventsOf(broken)).toEqual([])
})
