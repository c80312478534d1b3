import type { MarketplaceSession } from './session.ts'

/**
 * Islands of one page, and the two pages of a transition, share their session: it ends with the last that holds it,
 * whether in React or in Vue.
 *
 * @returns what gives it back
 */
export function hold(session: MarketplaceSession & { holders?: number }): () => void {
  session.holders = (session.holders ?? 0) + 1
  return () => {
    if (!--session.holders!) session.dispose()
  }
}
