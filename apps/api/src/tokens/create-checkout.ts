import type { Deps } from '../deps.ts'
import type { Checkout } from './checkout.ts'
import { createSandboxCheckout } from './sandbox.ts'
import { createStripeCheckout } from './stripe.ts'

/** Stripe where there is a key for it, else the sandbox. */
export function createCheckout({ config, log }: Pick<Deps, 'config' | 'log'>): Checkout {
  const { stripeSecretKey, stripeApiBase, marketplaceUrl } = config
  if (stripeSecretKey === undefined) return createSandboxCheckout(config)
  return createStripeCheckout({ secretKey: stripeSecretKey, apiBase: stripeApiBase, marketplaceUrl, log })
}
