import { createHmac, randomBytes } from 'node:crypto'
import { type Answer, addUser, type TestApi, type TestUser } from './harness.ts'

const random = () => randomBytes(8).toString('hex')

/** What Stripe's events are about: one purchase, its payment intent and its charge. */
export interface Payment {
  purchaseId: string
  amountCents: number
  currency?: string
  paymentIntentId: string
}

export function paymentOf(purchase: { id: string; amountCents: number }): Payment {
  return {
    purchaseId: purchase.id,
    amountCents: purchase.amountCents,
    paymentIntentId: `pi_${random()}`,
  }
}

export type EventBody = Record<string, unknown> & { id: string; type: string }

/** An event as Stripe sends it; `created` stays out unless the test cares. */
export function stripeEvent(type: string, object: object, more: object = {}): EventBody {
  return {
    id: `evt_${random()}`,
    object: 'event',
    api_version: '2019-01-01',
    livemode: false,
    type,
    data: { object },
    ...more,
  }
}

export const completed = (payment: Payment, changes: object = {}) =>
  stripeEvent('checkout.session.completed', {
    id: `cs_${random()}`,
    object: 'checkout.session',
    client_reference_id: payment.purchaseId,
    metadata: { purchaseId: payment.purchaseId },
    amount_total: payment.amountCents,
    currency: payment.currency ?? 'usd',
    payment_intent: payment.paymentIntentId,
    payment_status: 'paid',
    customer_details: { email: 'buyer@example.com', name: 'A. Buyer' },
    ...changes,
  })

export const expired = (payment: Payment) => ({
  ...completed(payment, { payment_status: 'unpaid', payment_intent: null }),
  type: 'checkout.session.expired',
})

export const refunded = (payment: Payment, amountRefunded: number, changes: object = {}) =>
  stripeEvent('charge.refunded', {
    id: `ch_${payment.paymentIntentId}`,
    object: 'charge',
    amount: payment.amountCents,
    amount_refunded: amountRefunded,
    currency: payment.currency ?? 'usd',
    payment_intent: payment.paymentIntentId,
    refunded: amountRefunded >= payment.amountCents,
    metadata: {},
    ...changes,
  })

/** What is told of one refund, by `refund.created`, `refund.failed` and their like. */
export const refundTold = (type: string, payment: Payment, changes: object = {}) =>
  stripeEvent(type, {
    id: `re_${payment.paymentIntentId}`,
    object: 'refund',
    amount: payment.amountCents,
    charge: `ch_${payment.paymentIntentId}`,
    currency: payment.currency ?? 'usd',
    payment_intent: payment.paymentIntentId,
    metadata: {},
    status: type === 'refund.failed' ? 'failed' : 'succeeded',
    ...changes,
  })

export const disputeOf = (payment: Payment, changes: object = {}) => ({
  id: `dp_${payment.paymentIntentId}`,
  object: 'dispute',
  amount: payment.amountCents,
  charge: `ch_${payment.paymentIntentId}`,
  currency: payment.currency ?? 'usd',
  payment_intent: payment.paymentIntentId,
  status: 'needs_response',
  ...changes,
})

/** What is told of one dispute: `told` is `created`, `updated`, `funds_withdrawn` or `closed`. */
export const disputeTold = (told: string, payment: Payment, changes: object = {}, more: object = {}) =>
  stripeEvent(`charge.dispute.${told}`, disputeOf(payment, changes), more)

export const disputed = (payment: Payment, id = `dp_${payment.paymentIntentId}`) =>
  disputeTold('created', payment, { id })

export const disputeClosed = (payment: Payment, status: string, id = `dp_${payment.paymentIntentId}`) =>
  disputeTold('closed', payment, { id, status })

/** Signs without the stripe package, from its documentation: HMAC-SHA256 over `timestamp.body`. */
export function signatureOf(text: string, secret: string, at: Date): string {
  const timestamp = Math.floor(at.getTime() / 1000)
  return `t=${timestamp},v1=${createHmac('sha256', secret).update(`${timestamp}.${text}`).digest('hex')}`
}

export function sendEvent(api: TestApi, event: object): Promise<Answer> {
  const text = JSON.stringify(event)
  const signature = signatureOf(text, api.deps.config.stripeWebhookSecret, api.clock.now())
  return api.call('POST', '/webhooks/stripe', { text, headers: { 'stripe-signature': signature } })
}

/** A purchase begun by its owner, not paid. */
export async function beginPurchase(
  api: TestApi,
  token: string,
  tokens: number,
): Promise<{ id: string; amountCents: number; tokens: number }> {
  const { body } = await api.call('POST', '/tokens/purchase', { token, body: { tokens } })
  return body.purchase
}

/** A purchase, paid, of somebody new. */
export async function buyTokens(api: TestApi, tokens: number): Promise<{ user: TestUser; payment: Payment }> {
  const user = await addUser(api)
  const payment = paymentOf(await beginPurchase(api, user.token, tokens))
  await tellEvents(api, completed(payment))
  return { user, payment }
}

/** Sends events one after another. @throws where one is not taken */
export async function tellEvents(api: TestApi, ...events: object[]): Promise<void> {
  for (const event of events) {
    const { status, text } = await sendEvent(api, event)
    if (status !== 200) throw new Error(`Stripe's event got ${status}: ${text}`)
  }
}
