/**
 * What we understand of Stripe's events. Their shape is never trusted: what is missing or odd is named, not thrown.
 *
 * @module
 */

/** What an event says, reduced to what we need; kept as it is until its purchase is known. */
export type StripeFact =
  | { kind: 'paid'; purchaseId: string; paymentIntentId?: string; amountCents: number; currency: string }
  /** Checkout is done, the bank takes its time. */
  | { kind: 'awaited'; purchaseId: string; paymentIntentId?: string }
  | { kind: 'failed'; purchaseId: string }
  | {
      kind: 'refunded'
      purchaseId?: string
      paymentIntentId?: string
      refundedCents: number
      currency?: string
    }
  /** One refund by itself; it may fail after `refunded` had counted it. */
  | {
      kind: 'refund'
      purchaseId?: string
      paymentIntentId?: string
      refundId: string
      amountCents: number
      currency?: string
      hasFailed: boolean
    }
  /** The bank holds the money, or only asks about it. */
  | ({ kind: 'disputed'; isInquiry?: boolean } & DisputeFact)
  | ({ kind: 'dispute_closed'; isWon: boolean } & DisputeFact)
  | { kind: 'unknown' }
  | { kind: 'malformed'; why: string; purchaseId?: string }

/** Without an amount it is of the whole payment, as all were that were kept before amounts were. */
interface DisputeFact {
  purchaseId?: string
  paymentIntentId?: string
  disputeId: string
  amountCents?: number
  currency?: string
}

export interface StripeEvent {
  id: string
  type: string
  /** When Stripe says it happened. */
  at: Date | undefined
  fact: StripeFact
}

/** What an endpoint at Stripe has to be sent, and what is asked for where it was not. */
export const STRIPE_EVENT_TYPES = [
  'checkout.session.completed',
  'checkout.session.expired',
  'checkout.session.async_payment_succeeded',
  'checkout.session.async_payment_failed',
  'charge.refunded',
  'refund.created',
  'refund.updated',
  'refund.failed',
  'charge.refund.updated',
  'charge.dispute.created',
  'charge.dispute.updated',
  'charge.dispute.funds_withdrawn',
  'charge.dispute.closed',
] as const

export type Json = Record<string, unknown>

class Malformed extends Error {}

/** Undefined where there is nothing that could be kept: no JSON, no id. */
export function readStripeEvent(body: string): StripeEvent | undefined {
  let event: Json | undefined
  try {
    event = asObject(JSON.parse(body))
  } catch {
    return undefined
  }
  const id = readId(event?.id)
  if (event === undefined || id === undefined) return undefined
  const type = readId(event.type) ?? 'unknown'
  // The database's calendar begins later than that of JavaScript.
  const isInstant = typeof event.created === 'number' && event.created >= 0
  const at = isInstant ? new Date(Number(event.created) * 1000) : undefined
  const object = asObject(asObject(event.data)?.object) ?? {}
  return { id, type, at: at && Number.isNaN(at.getTime()) ? undefined : at, fact: readFact(type, object) }
}

/** What the object of an event of that type says. */
export function readFact(type: string, object: Json): StripeFact {
  try {
    switch (type as (typeof STRIPE_EVENT_TYPES)[number]) {
      case 'checkout.session.completed':
      case 'checkout.session.async_payment_succeeded':
        return readCompleted(object)
      case 'checkout.session.expired':
      case 'checkout.session.async_payment_failed':
        return { kind: 'failed', purchaseId: readPurchaseId(object) }
      case 'charge.refunded':
        return {
          kind: 'refunded',
          ...readPayment(object),
          refundedCents: readWhole(object.amount_refunded, 'amount_refunded'),
          ...readOwnCurrency(object),
        }
      case 'refund.created':
      case 'refund.updated':
      case 'refund.failed':
      case 'charge.refund.updated':
        return readRefund(type, object)
      case 'charge.dispute.created':
      case 'charge.dispute.updated':
      case 'charge.dispute.funds_withdrawn':
      case 'charge.dispute.closed':
        return readDispute(type, object)
      default:
        return { kind: 'unknown' }
    }
  } catch (error) {
    if (error instanceof Malformed) return { kind: 'malformed', why: error.message }
    throw error
  }
}

function readCompleted(object: Json): StripeFact {
  const purchaseId = readPurchaseId(object)
  const paymentIntentId = readId(object.payment_intent)
  const payment = { purchaseId, ...(paymentIntentId !== undefined && { paymentIntentId }) }
  if (object.payment_status === 'unpaid') return { kind: 'awaited', ...payment }
  if (object.payment_status !== 'paid') throw new Malformed('payment_status is neither paid nor unpaid')
  return {
    kind: 'paid',
    ...payment,
    amountCents: readWhole(object.amount_total, 'amount_total'),
    currency: readCurrency(object.currency),
  }
}

/** `client_reference_id` and `metadata.purchaseId` say the same; one of them is enough. */
function readPurchaseId(object: Json): string {
  const reference = readId(object.client_reference_id)
  const fromMetadata = readId(asObject(object.metadata)?.purchaseId)
  if (reference !== undefined && fromMetadata !== undefined && reference !== fromMetadata) {
    throw new Malformed('client_reference_id and metadata.purchaseId differ')
  }
  const purchaseId = fromMetadata ?? reference
  if (purchaseId === undefined) throw new Malformed('it names no purchase')
  return purchaseId
}

/** How a charge or dispute leads to a purchase: by its payment intent, or by metadata that came with it. */
function readPayment(object: Json): { purchaseId?: string; paymentIntentId?: string } {
  const purchaseId = readId(asObject(object.metadata)?.purchaseId)
  const paymentIntentId = readId(object.payment_intent)
  if (purchaseId === undefined && paymentIntentId === undefined)
    throw new Malformed('it names no payment intent')
  return {
    ...(purchaseId !== undefined && { purchaseId }),
    ...(paymentIntentId !== undefined && { paymentIntentId }),
  }
}

/** Canceled is as good as failed: either way the money is back in our balance at Stripe. */
function readRefund(type: string, object: Json): StripeFact {
  const refundId = readId(object.id)
  if (refundId === undefined) throw new Malformed('the refund has no id')
  const { status } = object
  return {
    kind: 'refund',
    ...readPayment(object),
    refundId,
    amountCents: readWhole(object.amount, 'amount'),
    ...readOwnCurrency(object),
    hasFailed: type === 'refund.failed' || status === 'failed' || status === 'canceled',
  }
}

/** Each event tells the dispute as it was then, so its status counts whatever the event is called. */
function readDispute(type: string, object: Json): StripeFact {
  const { status, amount } = object
  const dispute = {
    ...readPayment(object),
    disputeId: readDisputeId(object),
    ...(amount !== undefined && amount !== null && { amountCents: readWhole(amount, 'amount') }),
    ...readOwnCurrency(object),
  }
  const isClosed = status === 'won' || status === 'lost' || status === 'warning_closed'
  if (isClosed || type === 'charge.dispute.closed')
    return { kind: 'dispute_closed', ...dispute, isWon: readIsWon(status) }
  const isInquiry = typeof status === 'string' && status.startsWith('warning_')
  return { kind: 'disputed', ...dispute, ...(isInquiry && { isInquiry }) }
}

function readDisputeId(object: Json): string {
  const id = readId(object.id) ?? readId(object.charge) ?? readId(object.payment_intent)
  if (id === undefined) throw new Malformed('the dispute has no id')
  return id
}

/** An inquiry that was closed never took the money; everything else that is not won leaves it with the buyer. */
function readIsWon(status: unknown): boolean {
  if (typeof status !== 'string') throw new Malformed('the dispute has no status')
  return status === 'won' || status === 'warning_closed'
}

function readWhole(value: unknown, name: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0)
    throw new Malformed(`${name} is not a whole amount`)
  return value as number
}

const readOwnCurrency = ({ currency }: Json) =>
  typeof currency === 'string' ? { currency: readCurrency(currency) } : {}

function readCurrency(value: unknown): string {
  if (typeof value !== 'string' || !/^[a-z]{3}$/i.test(value)) throw new Malformed('currency is no currency')
  return value.toLowerCase()
}

/** An id, also out of an object that was expanded. Printable ASCII only: it goes into the database and the log. */
export function readId(value: unknown): string | undefined {
  const text = asObject(value)?.id ?? value
  return typeof text === 'string' && /^[\x21-\x7e]{1,255}$/.test(text) ? text : undefined
}

export function asObject(value: unknown): Json | undefined {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Json) : undefined
}
