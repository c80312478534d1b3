import { webAddress } from './element.js'

/** Whoever stops the next page from loading can press again after it. */
const LEAVING_MS = 20_000

/**
 * Goes to an app or to the checkout. An address that came from elsewhere is believed only as far as it is a web address.
 *
 * Until the next page answers, this one is still there to be pressed, and a second press would open a second session.
 * So what led away stays busy: the promise is fulfilled when the next page should have been there long ago.
 *
 * @param {string} address
 * @returns {Promise<void>}
 */
export function leaveFor(address) {
  const checked = webAddress(address)
  if (!checked) throw new Error('What leads away has no web address')
  location.assign(checked)
  return new Promise((resolve) => setTimeout(resolve, LEAVING_MS))
}
