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

/** @param {(balance: Balance | null) => void} listener */
export function onBalanceChange(listener) {
  listeners.add(listener)
}

/** Asks the server. @returns {Promise<Balance | null>} */
export async function refreshBalance() {
  const asked = currentUser()?.id
  const answer = asked ? await call('getBalance') : null
  if (asked !== currentUser()?.id) return balance
  balance = answer
  for (const listener of listeners) listener(balance)
  return balance
}
