/**
 * The marketplace's public keys, kept between visits.
 *
 * @module
 */
import { request } from './api.ts'
import { verifyLaunchJwt } from './launch-jwt.ts'
import type { Ports } from './ports.ts'

/** The keys only save a round trip; the server verifies again, so nobody waits long for them. */
export const KEYS_TIMEOUT_MS = 3_000

/** Undefined where it cannot be read. */
export const loadKeys = (ports: Ports, apiUrl: string): Promise<unknown> =>
  request(ports, `${apiUrl}/api/v1/keys/public`, undefined, undefined, KEYS_TIMEOUT_MS).catch(() => {})

/** False only for a signature that is certainly wrong; what cannot be told here, the server tells. */
export async function isGenuine(
  jwt: string,
  ports: Ports,
  apiUrl: string,
  storageKey: string,
): Promise<boolean> {
  const { storage, crypto } = ports
  if (!crypto.verifyEs256) return true
  try {
    let keys = JSON.parse(storage.get(storageKey) ?? '{"keys":[]}')
    let verdict = await verifyLaunchJwt(jwt, keys, crypto)
    if (verdict === undefined) {
      keys = await loadKeys(ports, apiUrl)
      // Throws where there are none, before they are kept.
      verdict = await verifyLaunchJwt(jwt, keys, crypto)
      storage.set(storageKey, JSON.stringify(keys))
    }
    return verdict !== false
  } catch {
    return true
  }
}
