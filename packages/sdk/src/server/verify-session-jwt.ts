/**
 * Session JWTs, verified where they arrive.
 *
 * @module
 */
import type { PublicKey, PublicKeySet } from '../wire.ts'
import { belongsToRequest } from './belongs-to-request.ts'
import { bounded } from './bounded.ts'
import { ServerError } from './server-error.ts'

/** Keys are asked for again after this long, */
const KEYS_LIFE_MS = 10 * 60_000
/** and for an unknown key id no more often than this, or strangers could make us ask all day. */
const KEYS_PAUSE_MS = 30_000
const CLOCK_TOLERANCE_SECONDS = 30

export interface SessionClaims {
  iss: string
  aud: string
  /** The user, stable for your provider. */
  sub: string
  /** The session. */
  sid: string
  /** The browser that holds it. */
  cid: string
  iat: number
  exp: number
}

export interface VerifyOptions {
  apiUrl: string
  providerId: string
  /** `iss` of the JWTs where it is not `apiUrl`. */
  issuer?: string | undefined
  fetch?: typeof fetch | undefined
  /** Milliseconds since 1970. */
  now?: (() => number) | undefined
}

const toBytes = (base64url: string) =>
  Uint8Array.from(atob(base64url.replace(/-/g, '+').replace(/_/g, '/')), (char) => char.charCodeAt(0))

const toJson = (base64url: string) => JSON.parse(new TextDecoder().decode(toBytes(base64url)))

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

/**
 * Makes a verifier that keeps the marketplace's keys. ES256 only, `typ` and `aud` checked, keys only
 * from the marketplace's own set (RFC 8725).
 *
 * @example
 * const verify = createJwtVerifier({ apiUrl: 'https://api.example.com', providerId: 'prv_…' })
 * const { sub, sid } = await verify(jwt)
 */
export function createJwtVerifier(options: VerifyOptions): (jwt: string) => Promise<SessionClaims> {
  // What is global is asked for when it is needed: tests and tracers replace it later.
  const { providerId, now = () => Date.now() } = options
  const apiUrl = options.apiUrl.replace(/\/+$/, '')
  const issuer = options.issuer ?? apiUrl
  let keys: PublicKey[] = []
  let askedAt = Number.NEGATIVE_INFINITY
  let missedAt = Number.NEGATIVE_INFINITY
  let asking: Promise<void> | undefined
  const imported = new Map<string, CryptoKey>()

  async function askForKeys(signal: AbortSignal): Promise<void> {
    const url = `${apiUrl}/api/v1/keys/public`
    const response = await (options.fetch ?? fetch)(url, { signal })
    if (!response.ok) throw new Error(`the key set answered ${response.status}`)
    const answer = (await response.json()) as Partial<PublicKeySet>
    // A proxy's JSON must not take the place of the keys that are kept.
    if (!Array.isArray(answer.keys)) throw new Error('the answer is no key set')
    keys = answer.keys
    askedAt = now()
    imported.clear()
  }

  async function findKey(kid: unknown): Promise<CryptoKey> {
    const has = () => keys.some((key) => key.kid === kid)
    // A clock that was set back has passed, too.
    const since = (then: number) => Math.abs(now() - then)
    const age = since(askedAt)
    const isWorthAsking = !has() || since(missedAt) > KEYS_PAUSE_MS
    if (isWorthAsking && (age > KEYS_LIFE_MS || (!has() && age > KEYS_PAUSE_MS))) {
      if (!asking || belongsToRequest())
        asking = bounded(askForKeys).finally(() => {
          asking = undefined
        })
      // Keys that are kept go on being good while the marketplace cannot be asked.
      await asking.catch(() => {
        missedAt = now()
        if (!has()) throw new ServerError('marketplace_unavailable', 'The key set cannot be read.')
      })
    }
    const key = keys.find((each) => each.kid === kid && each.crv === 'P-256')
    if (!key) throw new ServerError('session_jwt_invalid', 'The session JWT names an unknown key.')
    const { kty, crv, x, y } = key
    let ready = imported.get(key.kid)
    if (!ready) {
      ready = await crypto.subtle.importKey('jwk', { kty, crv, x, y }, algorithm, false, ['verify'])
      imported.set(key.kid, ready)
    }
    return ready
  }

  const refuse = (why: string): never => {
    throw new ServerError('session_jwt_invalid', `The session JWT ${why}.`)
  }

  return async (jwt) => {
    const parts = jwt.split('.')
    if (parts.length !== 3 || jwt.length > 8192) refuse('is not a JWT')
    const [first, second, third] = parts as [string, string, string]
    let header: Record<string, unknown>
    let claims: SessionClaims
    let signature: Uint8Array
    try {
      // `null` is JSON, too.
      header = toJson(first) ?? {}
      claims = toJson(second)
      signature = toBytes(third)
    } catch {
      return refuse('cannot be read')
    }
    if (header.alg !== 'ES256' || header.typ !== 'session+jwt' || 'crit' in header)
      refuse('is of another kind')
    const signed = new TextEncoder().encode(`${first}.${second}`)
    const key = await findKey(header.kid)
    const isGenuine = await crypto.subtle.verify(algorithm, key, signature as BufferSource, signed)
    if (!isGenuine) refuse('is forged')
    if (claims.aud !== providerId) refuse('is for another provider')
    if (claims.iss !== issuer) refuse('is of another issuer')
    if (!(claims.exp > now() / 1000 - CLOCK_TOLERANCE_SECONDS)) refuse('has expired')
    return claims
  }
}
