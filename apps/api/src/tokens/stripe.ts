/**
 * Stripe's API and signatures. No other file knows the `stripe` package.
 *
 * @module
 */
import type { Logger } from 'pino'
import Stripe from 'stripe'
import { Problem } from '../errors.ts'
import { type Checkout, resultUrl } from './checkout.ts'
import { formatMoney } from './format-money.ts'
import { describeTokens } from './purchase.ts'
import { STRIPE_EVENT_TYPES } from './stripe-event.ts'

/** Three tries of this and the pauses between them end before our own request does. */
const TIMEOUT_MS = 6_000
const RETRIES = 2
/** Nobody waits for it, and who stops a process waits for no second try: the next run asks again. */
const ONCE = { maxNetworkRetries: 0 }
/** More than any second has, and an end to what says again and again that there is more. */
const EVENTS_PER_SECOND_MAX = 1_000
/** How old a signature may be: Stripe's own figure. */
const TOLERANCE_SECONDS = 300

export function createStripeCheckout(input: {
  secretKey: string
  apiBase: string | undefined
  marketplaceUrl: string
  log: Logger
}): Checkout {
  const { secretKey, apiBase, marketplaceUrl, log } = input
  const stripe = new Stripe(secretKey, {
    maxNetworkRetries: RETRIES,
    timeout: TIMEOUT_MS,
    telemetry: false,
    ...(apiBase !== undefined && addressOf(apiBase)),
  })
  return {
    async start(purchase) {
      const { id, tokens, amountCents, currency } = purchase
      try {
        const session = await stripe.checkout.sessions.create(
          {
            mode: 'payment',
            client_reference_id: id,
            metadata: { purchaseId: id },
            // Goes on to the charge, so that a refund or dispute names its purchase by itself.
            payment_intent_data: { metadata: { purchaseId: id } },
            line_items: [
              {
                quantity: 1,
                price_data: {
                  currency,
                  unit_amount: amountCents,
                  product_data: { name: describeTokens(tokens) },
                },
              },
            ],
            success_url: resultUrl(marketplaceUrl, id, 'success'),
            cancel_url: resultUrl(marketplaceUrl, id, 'cancelled'),
          },
          { idempotencyKey: id },
        )
        if (!session.url) throw new Error('the Checkout Session has no address')
        return { checkoutUrl: session.url, checkoutSessionId: session.id }
      } catch (error) {
        // Chosen fields: the error as a whole holds headers.
        const { type, code, statusCode, requestId, message } = error as Stripe.errors.StripeError
        log.error(
          { purchaseId: id, type, code, statusCode, stripeRequestId: requestId, message },
          'Stripe refused',
        )
        // Its bounds are those of the account's own currency as well, and of the ways to pay: only Stripe knows them all.
        const bound =
          code === 'amount_too_small' ? 'little' : code === 'amount_too_large' ? 'much' : undefined
        if (bound) {
          const costs = `${describeTokens(tokens)} cost ${formatMoney(amountCents, currency)}`
          throw new Problem('amount_not_payable', { detail: `${costs}, too ${bound} for one payment.` })
        }
        throw new Problem(
          'payment_unavailable',
          { retryAfterSeconds: 5 },
          'Stripe did not open a Checkout Session',
        )
      }
    },
    async findSession({ purchaseId, checkoutSessionId }) {
      try {
        const session = await stripe.checkout.sessions.retrieve(
          checkoutSessionId,
          { expand: ['payment_intent.latest_charge'] },
          ONCE,
        )
        return { session, disputes: await listDisputes(stripe, session) }
      } catch (error) {
        const { type, code, statusCode, requestId, message } = error as Stripe.errors.StripeError
        if (code === 'resource_missing') return undefined
        log.error(
          { purchaseId, type, code, statusCode, stripeRequestId: requestId, message },
          'Stripe did not say what became of a purchase',
        )
        throw new Problem('payment_unavailable', { retryAfterSeconds: 5 }, 'Stripe did not answer')
      }
    },
    async listUndelivered({ from, to }) {
      const [gte, lt] = [from.getTime() / 1000, to.getTime() / 1000]
      try {
        const listing = stripe.events.list(
          { created: { gte, lt }, delivery_success: false, types: [...STRIPE_EVENT_TYPES], limit: 100 },
          ONCE,
        )
        if ((await listing).has_more && lt - gte > 1) return undefined
        return (await listing.autoPagingToArray({ limit: EVENTS_PER_SECOND_MAX })).reverse()
      } catch (error) {
        const { type, code, statusCode, requestId, message } = error as Stripe.errors.StripeError
        log.error(
          { type, code, statusCode, stripeRequestId: requestId, message },
          'Stripe did not list what it could not deliver',
        )
        throw new Problem('payment_unavailable', { retryAfterSeconds: 5 }, 'Stripe did not answer')
      }
    },
    async refund({ id, purchaseId, paymentIntentId, amountCents, isOld }) {
      try {
        const given = isOld ? await findRefund(stripe, { id, paymentIntentId }) : undefined
        if (given !== undefined) return { stripeRefundId: given }
        const refund = await stripe.refunds.create(
          {
            payment_intent: paymentIntentId,
            amount: amountCents,
            reason: 'requested_by_customer',
            metadata: { purchaseId, refundId: id },
          },
          { idempotencyKey: id },
        )
        return { stripeRefundId: refund.id }
      } catch (error) {
        const { type, code, statusCode, requestId, message } = error as Stripe.errors.StripeError
        log.error(
          { purchaseId, refundId: id, type, code, statusCode, stripeRequestId: requestId, message },
          'Stripe refused a refund',
        )
        // What Stripe understood and declined will be declined again; all else is unknown and may have happened.
        if (error instanceof Stripe.errors.StripeInvalidRequestError) throw new Problem('refund_refused')
        throw new Problem('payment_unavailable', { retryAfterSeconds: 5 }, 'Stripe did not answer a refund')
      }
    },
  }
}

/** Of a payment that is disputed, which few are: that takes a call more. */
async function listDisputes(stripe: Stripe, session: Stripe.Checkout.Session): Promise<Stripe.Dispute[]> {
  const intent = session.payment_intent
  if (intent === null || typeof intent !== 'object') return []
  const charge = intent.latest_charge
  if (charge === null || typeof charge !== 'object' || charge.disputed !== true) return []
  return (await stripe.disputes.list({ payment_intent: intent.id, limit: 100 }, ONCE)).data
}

/** A refund that Stripe has given, or is giving, under our id. */
async function findRefund(
  stripe: Stripe,
  { id, paymentIntentId }: { id: string; paymentIntentId: string },
): Promise<string | undefined> {
  for await (const refund of stripe.refunds.list({ payment_intent: paymentIntentId, limit: 100 })) {
    const isVoid = refund.status === 'failed' || refund.status === 'canceled'
    if (refund.metadata?.refundId === id && !isVoid) return refund.id
  }
  return undefined
}

/** As the `stripe` package wants it: an IPv6 address without its brackets. */
export function addressOf(apiBase: string) {
  const { protocol, hostname, port } = new URL(apiBase)
  const isHttp = protocol === 'http:'
  return {
    protocol: isHttp ? ('http' as const) : ('https' as const),
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (isHttp ? 80 : 443) : Number(port),
  }
}

/**
 * Whether there is a body that this could be the signature of: it names a time of the last five minutes and something of the form of
 * a signature. It is read as the `stripe` package reads it, so that it refuses nothing that the package would take.
 */
export function mayBeSignedByStripe(signature: unknown, now: Date): signature is string {
  if (typeof signature !== 'string') return false
  const items = signature.split(',').map((item) => item.split('='))
  const signedAt = Number.parseInt(items.findLast(([name]) => name === 't')?.[1] ?? '', 10)
  const isFresh = Math.floor(now.getTime() / 1000) - signedAt <= TOLERANCE_SECONDS
  return isFresh && items.some(([name, value]) => name === 'v1' && /^[0-9a-f]{64}$/.test(value ?? ''))
}

/** Whether these very bytes were signed with the secret within the last five minutes. */
export function isSignedByStripe(input: {
  body: Buffer
  signature: string
  secret: string
  now: Date
}): boolean {
  const { body, signature, secret, now } = input
  try {
    return Boolean(
      Stripe.webhooks.signature?.verifyHeader(
        body,
        signature,
        secret,
        TOLERANCE_SECONDS,
        undefined as never,
        now.getTime(),
      ),
    )
  } catch (error) {
    if (error instanceof Stripe.errors.StripeSignatureVerificationError) return false
    throw error
  }
}

/** A `Stripe-Signature` as Stripe would make it: for the sandbox. */
export function signLikeStripe(input: { body: string; secret: string; now: Date }): string {
  return Stripe.webhooks.generateTestHeaderString({
    payload: input.body,
    secret: input.secret,
    timestamp: Math.floor(input.now.getTime() / 1000),
  } as never)
}
