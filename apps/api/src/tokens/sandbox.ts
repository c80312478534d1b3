/**
 * Checkout without Stripe: a page of our own, and events signed as Stripe would. Never in production.
 *
 * @module
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Config } from '../config.ts'
import type { Checkout } from './checkout.ts'
import type { PurchaseRow } from './purchase.ts'

export const SANDBOX_CHECKOUT_PATH = '/sandbox/checkout'

export function isSandbox({ isProduction, stripeSecretKey }: Config): boolean {
  return !isProduction && stripeSecretKey === undefined
}

export function createSandboxCheckout({ publicUrl, keyEncryptionKey }: Config): Checkout {
  return {
    async start({ id }) {
      const token = tokenOf(keyEncryptionKey, id)
      return {
        checkoutUrl: `${publicUrl}${SANDBOX_CHECKOUT_PATH}/${id}?token=${token}`,
        checkoutSessionId: `cs_sandbox_${id}`,
      }
    },
    // Its page stays open until somebody presses a button, and what that tells is never lost.
    findSession: async ({ checkoutSessionId }) => ({
      session: { id: checkoutSessionId, status: 'open' },
      disputes: [],
    }),
    listUndelivered: async () => [],
    refund: async ({ id }) => ({ stripeRefundId: stripeIdOf(id) }),
  }
}

/** Whether somebody has the checkout's address, and did not just guess an id. */
export function isCheckoutToken({ openingKeys }: Config, purchaseId: string, token: string): boolean {
  const given = Buffer.from(token)
  return openingKeys.some((key) => {
    const expected = Buffer.from(tokenOf(key, purchaseId))
    return expected.length === given.length && timingSafeEqual(expected, given)
  })
}

function tokenOf(keyEncryptionKey: Buffer, purchaseId: string): string {
  const key = createHmac('sha256', keyEncryptionKey).update('sandbox checkout').digest()
  return createHmac('sha256', key).update(purchaseId).digest('base64url')
}

const stripeIdOf = (refundId: string) => `re_sandbox_${refundId}`

/** The events Stripe would send when money was given back; what the charge says is the sum of all refunds, as there. */
export function makeSandboxRefund(
  purchase: PurchaseRow,
  about: {
    refund: { id: string; amountCents: number }
    paymentIntentId: string | null
    refundedCents: number
    now: Date
  },
): string[] {
  const { id, amountCents, currency } = purchase
  const { refund, paymentIntentId, refundedCents, now } = about
  const charge = { id: `ch_sandbox_${id}`, currency, payment_intent: paymentIntentId }
  const event = (type: string, object: object) =>
    JSON.stringify({
      id: `evt_sandbox_${type === 'charge.refunded' ? 'refunded' : 'refund'}_${refund.id}`,
      object: 'event',
      created: Math.floor(now.getTime() / 1000),
      livemode: false,
      type,
      data: { object },
    })
  return [
    event('refund.created', {
      ...charge,
      id: stripeIdOf(refund.id),
      object: 'refund',
      metadata: { purchaseId: id, refundId: refund.id },
      amount: refund.amountCents,
      status: 'succeeded',
    }),
    event('charge.refunded', {
      ...charge,
      object: 'charge',
      metadata: { purchaseId: id },
      amount: amountCents,
      amount_refunded: refundedCents + refund.amountCents,
    }),
  ]
}

/** The event Stripe would send. One id per purchase and outcome: a second click is a repetition. */
export function makeSandboxEvent(
  purchase: PurchaseRow,
  { isPaid, now }: { isPaid: boolean; now: Date },
): string {
  const { id, amountCents, currency } = purchase
  return JSON.stringify({
    id: `evt_sandbox_${isPaid ? 'paid' : 'expired'}_${id}`,
    object: 'event',
    created: Math.floor(now.getTime() / 1000),
    livemode: false,
    type: isPaid ? 'checkout.session.completed' : 'checkout.session.expired',
    data: {
      object: {
        id: `cs_sandbox_${id}`,
        object: 'checkout.session',
        client_reference_id: id,
        metadata: { purchaseId: id },
        mode: 'payment',
        amount_total: amountCents,
        currency,
        payment_intent: isPaid ? `pi_sandbox_${id}` : null,
        payment_status: isPaid ? 'paid' : 'unpaid',
        status: isPaid ? 'complete' : 'expired',
      },
    },
  })
}
