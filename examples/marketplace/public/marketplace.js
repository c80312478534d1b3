/**
 * The marketplace's API: the client, with what this page wants to know besides.
 *
 * @module
 */
import { createMarketplaceClient, MarketplaceProblem } from './client.js'

export { MarketplaceProblem, SignedOut, Unreachable } from './client.js'

const client = createMarketplaceClient({
  apiUrl: import.meta.env.API_URL,
  storageKey: 'tally.sign-in',
  fetch: watchedFetch,
})
export const { call, currentUser, onSignInChange, refreshToken, register, signIn } = client

/** Keys of calls whose effect is not known, by what was asked. @type {Map<string, string>} */
const unanswered = new Map()

/**
 * Calls what reserves or buys. Where no answer came, or one of a server in trouble, the call may have had its effect:
 * when its button is pressed again it is the same call, under the same key.
 *
 * @template {'createPurchase' | 'createSession' | 'extendSession'} Id
 * @param {Id} id
 * @param {import('./client.js').Input<Id>} input
 * @returns {Promise<import('./client.js').Answer<Id>>}
 */
export async function callOnce(id, input) {
  const asked = JSON.stringify([id, input])
  const idempotencyKey = unanswered.get(asked) ?? crypto.randomUUID()
  unanswered.delete(asked)
  try {
    return await client.call(id, input, { idempotencyKey })
  } catch (error) {
    const isRefused =
      error instanceof MarketplaceProblem && error.status < 500 && error.code !== 'idempotency_in_progress'
    if (!isRefused) unanswered.set(asked, idempotencyKey)
    throw error
  }
}

let isLeaving = false

/** Whether the user signs out just now. Every other end of a sign-in is news to them. */
export const isSigningOut = () => isLeaving

/** Signs out here at once; the API learns of it when it answers. */
export function signOut() {
  isLeaving = true
  void client.signOut()
  isLeaving = false
}

/** @type {(isReachable: boolean) => void} */
let tellReachable = () => {}

/** @param {(isReachable: boolean) => void} listener */
export function onReachable(listener) {
  tellReachable = listener
}

/** @param {RequestInfo | URL} input @param {RequestInit} [init] */
async function watchedFetch(input, init) {
  try {
    const response = await fetch(input, init)
    tellReachable(true)
    return response
  } catch (error) {
    tellReachable(false)
    throw error
  }
}
