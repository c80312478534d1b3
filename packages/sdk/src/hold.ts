import type { MarketplaceSession } from './session.ts'

/**
 * Islands of one page, and the two pages of a transition, share their session: it ends with the last that holds it,
 * whether in React or in Vue. StrictMode and hot reloading give it back and take it again at once: that changes nothing.
 *
 * @returns what gives it back, once however often it is called: test utilities unmount an app twice
 */
export function hold(session: MarketplaceSession & { holders?: number }): () => void {
  session.holders = (session.holders ?? 0) + 1
  let isHeld = true
  return async () => {
    await undefined
    if (isHeld && !--session.holders!) session.dispose()
    isHeld = false
  }
}
