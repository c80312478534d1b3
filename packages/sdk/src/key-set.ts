/**
 * The marketplace's public keys, kept between visits.
 *
 * @module
 */
import { request } from './api.ts'
import { MarketplaceError } from './errors.ts'
import { readLaunchJwt, verifyLaunchJwt } from './launch-jwt.ts'
import type { Ports } from './ports.ts'

/** The keys only save a round trip; the server verifies again, so nobody waits long for them. */
export const KEYS_TIMEOUT_MS = 3_000

/** Undefined where it cannot be read. */
export const loadKeys = (ports: Ports, apiUrl: string): Promise<unknown> =>
  request(ports, `${apiUrl}/api/v1/keys/public`, undefined, undefined, KEYS_TIMEOUT_MS).catch(() => {})

/**
 * Refuses what is no launch for this provider, and of the signatures only one that is certainly wrong; what cannot be told
 * here, the server tells.
 *
 * @throws {MarketplaceError} `launch_invalid`, `launch_wrong_provider`
 */
export async function checkLaunch(
  jwt: string,
  providerId: string,
  ports: Ports,
  apiUrl: string,
  storageKey: string,
): Promise<void> {
  const { storage, crypto } = ports
  readLaunchJwt(jwt, providerId)
  let verdict: boolean | undefined
  if (crypto.verifyEs256)
    try {
      let keys = JSON.parse(storage.get(storageKey)!) ?? { keys: [] }
      verdict = await verifyLaunchJwt(jwt, keys, crypto)
      if (verdict === undefined) {
        keys = await loadKeys(ports, apiUrl)
        // Throws where there are none, before they are kept.
        verdict = await verifyLaunchJwt(jwt, keys, crypto)
        storage.set(storageKey, JSON.stringify(keys))
      }
    } catch {
      // Neither read nor verified.
    }
  if (verdict === false) throw new MarketplaceError('launch_invalid')
}
