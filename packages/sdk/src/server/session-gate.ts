/**
 * The gate that a page cannot edit: serves while the marketplace says so.
 *
 * @module
 */
import type { Session } from '../wire.ts'
import { belongsToRequest } from './belongs-to-request.ts'
import { bounded } from './bounded.ts'
import { ServerError } from './server-error.ts'
import { createJwtVerifier, type SessionClaims, type VerifyOptions } from './verify-session-jwt.ts'

export interface GateOptions extends VerifyOptions {
  /** A state that serves is asked for again after this long. Default 10 seconds. */
  freshSeconds?: number | undefined
  /** States kept at a time. Default 10,000. */
  sessionsMax?: number | undefined
}

/** A request that is paid for. */
export interface Served {
  claims: SessionClaims
  session: Session
}

export interface SessionGate {
  /**
   * Lets a request through or says why not.
   *
   * @param credential the session JWT, with or without `Bearer `
   * @throws {ServerError}
   */
  check(credential: string | null | undefined): Promise<Served>
  /** Verifies the JWT alone, without asking for the session's state. @throws {ServerError} */
  verify(jwt: string): Promise<SessionClaims>
}

interface Known {
  session: Session
  askedAt: number
  /** When it was last asked for in vain. */
  missedAt: number
}

/** A refusal is believed only this long: a page that was reloaded or resumed is served from its next beat on. */
const REFUSAL_MS = 1_000

/** By this machine's clock. One that was set back by much tells nothing, and so that it was long ago. */
const since = (thenMs: number, nowMs: number) => Math.abs(nowMs - thenMs)

/** Both instants are the marketplace's, so this machine's clock only measures what passed since. */
function isServed({ session, askedAt }: Known, nowMs: number): boolean {
  const { status, serveUntil, serverTime } = session
  const leaseMs = serveUntil ? Date.parse(serveUntil) - Date.parse(serverTime) : 0
  return status === 'active' && since(askedAt, nowMs) < leaseMs
}

/**
 * Makes the gate. It verifies the session JWT by itself and asks the marketplace for the session's
 * state, at most once per session in `freshSeconds` while it serves, and once a second while it does not. While the marketplace cannot be asked it serves
 * up to the end of the last lease, as the page does.
 *
 * @example
 * const gate = createSessionGate({ apiUrl: 'https://api.example.com', providerId: 'prv_…' })
 * const { claims, session } = await gate.check(request.headers.get('authorization'))
 */
export function createSessionGate(options: GateOptions): SessionGate {
  const { freshSeconds = 10, sessionsMax = 10_000, now = () => Date.now() } = options
  const freshMs = freshSeconds * 1000
  const apiUrl = options.apiUrl.replace(/\/+$/, '')
  const verify = createJwtVerifier(options)
  const known = new Map<string, Known>()
  const asking = new Map<string, Promise<Known>>()

  async function ask(sid: string, jwt: string, signal: AbortSignal): Promise<Known> {
    const askedAt = now()
    const response = await (options.fetch ?? fetch)(`${apiUrl}/api/v1/sessions/${encodeURIComponent(sid)}`, {
      headers: { authorization: `Bearer ${jwt}` },
      signal,
    })
    if (response.status >= 500 || response.status === 429)
      throw new Error(`the API answered ${response.status}`)
    if (!response.ok)
      throw new ServerError('session_jwt_invalid', 'The marketplace does not accept the session JWT.')
    const { session } = (await response.json()) as { session?: Session }
    if (!session?.status) throw new Error('the answer holds no session')
    const state = { session, askedAt, missedAt: 0 }
    known.delete(jwt)
    known.set(jwt, state)
    if (known.size > sessionsMax) known.delete(known.keys().next().value!)
    return state
  }

  async function stateOf(sid: string, jwt: string): Promise<Known> {
    const kept = known.get(jwt)
    const ageMs = kept ? since(Math.max(kept.askedAt, kept.missedAt), now()) : Number.POSITIVE_INFINITY
    if (kept && ageMs < (isServed(kept, now()) ? freshMs : Math.min(freshMs, REFUSAL_MS))) return kept
    let answer = asking.get(jwt)
    if (!answer || belongsToRequest()) {
      answer = bounded((signal) => ask(sid, jwt, signal)).finally(() => asking.delete(jwt))
      asking.set(jwt, answer)
    }
    try {
      return await answer
    } catch (error) {
      if (error instanceof ServerError) {
        known.delete(jwt)
        throw error
      }
      if (kept) {
        // A marketplace that answers nothing makes one request wait in so many seconds, not every one.
        kept.missedAt = now()
        return kept
      }
      throw new ServerError('marketplace_unavailable', 'The marketplace cannot be reached.')
    }
  }

  return {
    verify,
    async check(credential) {
      const jwt = credential?.replace(/^Bearer /i, '')
      if (!jwt)
        throw new ServerError('session_jwt_missing', 'Send the session JWT as `Authorization: Bearer …`.')
      const claims = await verify(jwt)
      const state = await stateOf(claims.sid, jwt)
      const { session } = state
      if (!isServed(state, now()))
        throw new ServerError(
          'session_not_served',
          `The session is ${session.status === 'active' ? 'out of contact' : session.status}.`,
        )
      return { claims, session }
    },
  }
}
