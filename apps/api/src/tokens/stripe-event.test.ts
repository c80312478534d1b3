import fc from 'fast-check'
import { expect, test } from 'vitest'
import { completed, disputeTold, refundTold, stripeEvent } from '../../test/stripe-events.ts'
import { readFact, readStripeEvent, STRIPE_EVENT_TYPES } from './stripe-event.ts'

const payment = { purchaseId: 'pur_1', amountCents: 950, paymentIntentId: 'pi_1' }
const factOf = (event: object) => readStripeEvent(JSON.stringify(event))?.fact

test('every type that is asked for is understood, and Stripe takes so many', () => {
  expect(STRIPE_EVENT_TYPES.filter((type) => readFact(type, {}).kind === 'unknown')).toEqual([])
  expect(STRIPE_EVENT_TYPES.length).toBeLessThanOrEqual(20)
})

test('a completed checkout says what was paid for which purchase', () => {
  expect(factOf(completed(payment))).toEqual({
    kind: 'paid',
    purchaseId: 'pur_1',
    paymentIntentId: 'pi_1',
    amountCents: 950,
    currency: 'usd',
  })
})

test.each([
  ['by its reference alone', { metadata: null }, 'paid'],
  ['by its metadata alone', { client_reference_id: null }, 'paid'],
  ['with an expanded payment intent', { payment_intent: { id: 'pi_1' } }, 'paid'],
  ['while the bank takes its time', { payment_status: 'unpaid' }, 'awaited'],
  ['with two purchases', { client_reference_id: 'pur_2' }, 'malformed'],
  ['with no purchase', { client_reference_id: null, metadata: {} }, 'malformed'],
  ['with no amount', { amount_total: null }, 'malformed'],
  ['with half a cent', { amount_total: 949.5 }, 'malformed'],
  ['with an amount as text', { amount_total: '950' }, 'malformed'],
  ['with a negative amount', { amount_total: -1 }, 'malformed'],
  ['with no currency', { currency: undefined }, 'malformed'],
  ['with no payment status', { payment_status: undefined }, 'malformed'],
  ['with a payment status of tomorrow', { payment_status: 'no_payment_required' }, 'malformed'],
])('a completed checkout %s is understood as such', (_, changes, kind) => {
  expect(factOf(completed(payment, changes))?.kind).toBe(kind)
})

test.each([
  ['created', 'needs_response', { kind: 'disputed' }],
  ['created', undefined, { kind: 'disputed' }],
  ['created', 'warning_needs_response', { kind: 'disputed', isInquiry: true }],
  ['created', 'lost', { kind: 'dispute_closed', isWon: false }],
  ['updated', 'warning_under_review', { kind: 'disputed', isInquiry: true }],
  ['updated', 'under_review', { kind: 'disputed' }],
  ['updated', 'warning_closed', { kind: 'dispute_closed', isWon: true }],
  ['funds_withdrawn', 'needs_response', { kind: 'disputed' }],
  ['closed', 'won', { kind: 'dispute_closed', isWon: true }],
  ['closed', 'prevented', { kind: 'dispute_closed', isWon: false }],
])('a dispute that is told as %s with the status %s is understood as such', (told, status, fact) => {
  const about = { disputeId: 'dp_pi_1', paymentIntentId: 'pi_1', amountCents: 95, currency: 'usd' }
  expect(factOf(disputeTold(told, payment, { amount: 95, status }))).toEqual({ ...about, ...fact })
})

test.each([
  ['refund.created', 'pending', false],
  ['refund.updated', 'succeeded', false],
  ['refund.updated', 'requires_action', false],
  ['refund.updated', 'canceled', true],
  ['charge.refund.updated', 'failed', true],
  ['refund.failed', undefined, true],
])('a refund that is told as %s with the status %s is understood as such', (type, status, hasFailed) => {
  const about = { refundId: 're_pi_1', paymentIntentId: 'pi_1', amountCents: 950, currency: 'usd' }
  expect(factOf(refundTold(type, payment, { status }))).toEqual({ kind: 'refund', ...about, hasFailed })
})

test.each([
  ['no id', { id: null }],
  ['no amount', { amount: undefined }],
  ['no payment', { payment_intent: null }],
])('a refund with %s is malformed', (_, changes) => {
  expect(factOf(refundTold('refund.failed', payment, changes))?.kind).toBe('malformed')
})

test.each([
  ['half a cent', { amount: 9.5 }],
  ['an amount as text', { amount: '95' }],
  ['no status at its end', { status: undefined }],
])('a dispute with %s is malformed', (_, changes) => {
  expect(factOf(disputeTold('closed', payment, changes))?.kind).toBe('malformed')
})

test('what has no id or is no JSON is no event', () => {
  for (const text of ['', 'x', 'null', '[]', '"evt_1"', '{}', '{"id":7}', '{"id":"a b"}']) {
    expect(readStripeEvent(text)).toBeUndefined()
  }
})

test('nothing that Stripe could send makes the reader throw', () => {
  const types = fc.constantFrom(
    'checkout.session.completed',
    'checkout.session.expired',
    'charge.refunded',
    'refund.created',
    'refund.failed',
    'charge.refund.updated',
    'charge.dispute.created',
    'charge.dispute.updated',
    'charge.dispute.funds_withdrawn',
    'charge.dispute.closed',
    'customer.created',
  )
  const object = fc.dictionary(
    fc.constantFrom(
      'id',
      'client_reference_id',
      'metadata',
      'payment_intent',
      'payment_status',
      'amount_total',
      'amount_refunded',
      'amount',
      'currency',
      'status',
      'charge',
    ),
    fc.oneof(fc.jsonValue(), fc.constantFrom('paid', 'usd', 'pi_1', 'won', 'warning_closed', 'canceled')),
  )
  fc.assert(
    fc.property(types, fc.oneof(object, fc.jsonValue()), fc.jsonValue(), (type, data, created) => {
      const event = readStripeEvent(JSON.stringify(stripeEvent(type, data as object, { created })))
      expect(event?.fact.kind).toBeTypeOf('string')
    }),
  )
})
