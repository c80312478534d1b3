/**
 * The launch JWT: taken from the address, read and verified.
 *
 * @module
 */
import { MarketplaceError } from './errors.ts'
import type { Crypto, Navigation } from './ports.ts'
import type { PublicKeySet } from './wire.ts'

/**
 * Takes `launch_jwt` out of query and fragment, and leaves every other byte of the address as it was.
 * History, referrers and screenshots would else carry it on.
 */
export function takeLaunchJwt({ href, rewrite }: Navigation): string | undefined {
  let jwt: string | undefined
  const address = href()
  const clean = address.replace(/([?&#])launch_jwt=([^&#]*)(&?)/g, (_, before, value, after) => {
    jwt ||= value
    return after && before
  })
  if (clean !== address) rewrite(clean)
  return jwt
}

interface LaunchClaims {
  aud: string
  sid: string
  iss?: string
}

const decode = (base64url: string) => atob(base64url.replace(/-/g, '+').replace(/_/g, '/'))

// A character per byte, because Hermes has no TextDecoder; what is read of it is ASCII.
const toJson = (base64url: string) => JSON.parse(decode(base64url))

/**
 * Reads a launch JWT without believing it. `exp` and `nbf` are left to the server: the device's
 * clock has no say in them.
 *
 * @throws {MarketplaceError} `launch_invalid`, `launch_wrong_provider`
 */
export function readLaunchJwt(jwt: string, providerId: string): LaunchClaims {
  let header: Record<string, unknown> | undefined
  let claims: LaunchClaims | undefined
  try {
    ;[header, claims] = jwt.split('.', 2).map(toJson)
  } catch {
    // Not a JWT: refused below.
  }
  if (header?.alg !== 'ES256' || header.typ !== 'launch+jwt' || 'crit' in header || !claims?.sid)
    throw new MarketplaceError('launch_invalid')
  if (claims.aud !== providerId) throw new MarketplaceError('launch_wrong_provider')
  return claims
}

/**
 * Verifies the signature against a key set. Undefined when this cannot be told here: no WebCrypto,
 * or a key the set does not hold. Then the server decides.
 */
export async function verifyLaunchJwt(
  jwt: string,
  { keys }: PublicKeySet,
  crypto: Crypto,
): Promise<boolean | undefined> {
  const [header, claims, signature] = jwt.split('.')
  const { kid } = toJson(header!)
  const key = keys.find((candidate) => candidate.kid === kid)
  return (
    key &&
    crypto.verifyEs256?.(
      key,
      Uint8Array.from(decode(signature!), (char) => char.charCodeAt(0)),
      new TextEncoder().encode(`${header}.${claims}`),
    )
  )
}
