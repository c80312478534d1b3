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

export interface Checkout {
  /**
   * Opens a page to pay a purchase at. Asked again for the same purchase it opens the same one.
   *
   * @throws {Problem} `payment_unavailable`
   */
  start(purchase: PurchaseRow): Promise<StartedCheckout>
}

export type CheckoutResult = 'success' | 'cancelled'

/**
 * The marketplace's page a buyer comes back to. `success` means that the buyer went through with it; whether the
 * money came is what the purchase's status says.
 */
export function resultUrl(marketplaceUrl: string, purchaseId: string, result: CheckoutResult): string {
  return `${marketplaceUrl}/?purchase=${purchaseId}&result=${result}`
}
