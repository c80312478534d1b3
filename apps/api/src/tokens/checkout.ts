/**
 * Where a purchase is paid: Stripe's page, or the sandbox's where there is no Stripe.
 *
 * @module
 */
import type { PurchaseRow } from './purchase.ts'

export interface StartedCheckout {
  checkoutUrl: string
  checkoutSessionId: string | null
}

export interface RefundOrder {
  id: string
  purchaseId: string
  paymentIntentId: string
  amountCents: number
  /** Begun so long ago that its id may be forgotten as a key: what was given back is looked through first. */
  isOld: boolean
}

/** Whose Checkout Session is asked for. */
export interface AskedSession {
  purchaseId: string
  checkoutSessionId: string
}

/** What Stripe answers: nobody has looked at its shape yet. */
export interface AnsweredSession {
  /** With its payment intent and charge, where there are any. */
  session: unknown
  /** Those of its payment. */
  disputes: unknown[]
}

export interface Checkout {
  /**
   * Opens a page to pay a purchase at. Asked again for the same purchase it opens the same one.
   *
   * @throws {Problem} `payment_unavailable`, `amount_not_payable`
   */
  start(purchase: PurchaseRow): Promise<StartedCheckout>
  /**
   * What became of a page that was opened; undefined where none is known by that id, as with a key of another account or mode.
   *
   * @throws {Problem} `payment_unavailable`
   */
  findSession(asked: AskedSession): Promise<AnsweredSession | undefined>
  /**
   * The events of the types that we understand, created within a window of whole seconds, which Stripe has not delivered to
   * every endpoint: the oldest first, of a shape that nobody has looked at yet. Undefined where one answer does not hold them
   * all; those of a single second always come.
   *
   * @throws {Problem} `payment_unavailable`
   */
  listUndelivered(created: { from: Date; to: Date }): Promise<unknown[] | undefined>
  /**
   * Gives money back. Asked again with the same id it gives nothing more.
   *
   * @throws {Problem} `payment_unavailable` when nobody knows what became of it, `refund_refused`
   */
  refund(refund: RefundOrder): Promise<{ stripeRefundId: string }>
}

export type CheckoutResult = 'success' | 'cancelled'

/**
 * The marketplace's page a buyer comes back to. `success` means that the buyer went through with it; whether the
 * money came is what the purchase's status says.
 */
export function resultUrl(marketplaceUrl: string, purchaseId: string, result: CheckoutResult): string {
  return `${marketplaceUrl}/?purchase=${purchaseId}&result=${result}`
}
