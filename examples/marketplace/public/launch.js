import { webAddress } from './element.js'

/**
 * Goes to the app. What a provider typed as its address is believed only as far as it is a web address.
 *
 * @param {string} launchUrl
 */
export function launch(launchUrl) {
  const address = webAddress(launchUrl)
  if (!address) throw new Error('The app has no web address')
  location.assign(address)
}
