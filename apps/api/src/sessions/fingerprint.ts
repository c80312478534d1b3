/**
 * Whether a beat came from the same address and browser as the one before, without keeping either.
 *
 * Keyed, so that who reads the database cannot try addresses; salted by the session, so that two sessions cannot be
 * matched; and 16 bits long, so that even with the key one fingerprint fits 65,536 addresses of IPv4. A change goes
 * unseen once in 65,536.
 *
 * @module
 */
import { createHmac, hash } from 'node:crypto'

export interface Origin {
  address: string
  browser: string
}

/**
 * @returns what makes of an origin 32 bits: the upper half for the address, the lower for the browser.
 * @example const fingerprint = createFingerprint(config.keyEncryptionKey)
 */
export function createFingerprint(keyEncryptionKey: Buffer): (sessionId: string, origin: Origin) => number {
  const key = createHmac('sha256', keyEncryptionKey).update('beat fingerprints').digest('hex')
  // One call instead of an HMAC, which takes ten times as long: what HMAC adds guards outputs that others see whole.
  const bits = (text: string) => Number.parseInt(hash('sha256', `${key} ${text}`, 'hex').slice(0, 4), 16)
  return (sessionId, { address, browser }) =>
    (bits(`${sessionId} address ${address}`) << 16) | bits(`${sessionId} browser ${browser}`)
}
