/**
 * Payments that Stripe has and has given up telling: only who asks for them learns of them.
 *
 * @module
 */
import type { Deps } from '../../src/deps.ts'
import type { Checkout } from '../../src/tokens/checkout.ts'
import { createCheckout } from '../../src/tokens/create-checkout.ts'
import type { Marketplace } from './marketplace.ts'

export interface UntoldPayment {
  purchaseId: string
  amountCents: number
  paymentIntent: string
  /** What the model does once it was found. */
  learn: () => void
}

export class UntoldPayments {
  #payments = new Map<string, UntoldPayment>()

  pay(payment: UntoldPayment): void {
    this.#payments.set(payment.purchaseId, payment)
  }

  /** Stripe, as far as somebody asks: every page is open but of those that were paid so. */
  checkoutOf(deps: Deps): Checkout {
    const sandbox = createCheckout(deps)
    return {
      ...sandbox,
      findSession: async (asked) => {
        const payment = this.#payments.get(asked.purchaseId)
        if (!payment) return sandbox.findSession(asked)
        const { purchaseId, amountCents, paymentIntent } = payment
        const session = {
          id: asked.checkoutSessionId,
          client_reference_id: purchaseId,
          status: 'complete',
          payment_status: 'paid',
          amount_total: amountCents,
          currency: 'usd',
          payment_intent: paymentIntent,
        }
        return { session, disputes: [] }
      },
    }
  }

  /** The model learns of what was found by now. */
  async learn(marketplace: Marketplace): Promise<void> {
    const found = await marketplace.rows<{ id: string }>(
      'select id from purchases where id = any ($1) and paid_at is not null',
      [[...this.#payments.keys()]],
    )
    for (const { id } of found) {
      this.#payments.get(id)?.learn()
      this.#payments.delete(id)
    }
  }

  /** How many nobody has found. */
  get left(): number {
    return this.#payments.size
  }
}
