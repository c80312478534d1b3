/**
 * What the user has, shown in the header and known to every view.
 *
 * @module
 */
import { call, currentUser } from './marketplace.js'

/** @typedef {{ available: number, held: number, total: number, debt?: number }} Balance */

/** @type {Balance | null} */
let balance = null
/** @type {Set<(balance: Balance | null) => void>} */
const listeners = new Set()
let asks = 0
let shown = 0

/** @param {(balance: Balance | null) => void} listener */
export function onBalanceChange(listener) {
  listeners.add(listener)
}

/** Asks the server. @returns {Promise<Balance | null>} */
export async function refreshBalance() {
  const asked = currentUser()?.id
  const nth = ++asks
  const answer = asked ? await call('getBalance') : null
  if (asked !== currentUser()?.id) return balance
  // One that was overtaken by a later one is older than what is shown.
  if (nth > shown) {
    shown = nth
    balance = answer
    for (const listener of listeners) listener(balance)
  }
  return balance
}
