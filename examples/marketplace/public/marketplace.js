/**
 * The marketplace's API: the client, with what this page wants to know besides.
 *
 * @module
 */
import { createMarketplaceClient } from './client.js'
import { apiUrl } from './config.js'

export { MarketplaceProblem, SignedOut, Unreachable } from './client.js'

const client = createMarketplaceClient({ apiUrl, storageKey: 'tally.sign-in', fetch: watchedFetch })
export const { call, currentUser, onSignInChange, refreshToken, register, signIn } = client

let isLeaving = false

/** Whether the user signs out just now. Every other end of a sign-in is news to them. */
export const isSigningOut = () => isLeaving

export async function signOut() {
  isLeaving = true
  await client.signOut().finally(() => {
    isLeaving = false
  })
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
