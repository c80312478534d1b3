/**
 * What the API sends and takes, as in its `openapi.json`.
 *
 * @module
 */

export type SessionStatus = 'pending' | 'active' | 'paused' | 'ended'

export type EndReason = 'completed' | 'expired' | 'abandoned' | 'cancelled' | 'revoked'

/** A session as the server tells it. Instants are ISO 8601 strings in UTC. */
export interface Session {
  id: string
  providerId: string
  status: SessionStatus
  endReason: EndReason | null
  /** Stable per user and provider; another provider sees another one. */
  userRef: string
  durationSeconds: number
  usedMs: number
  remainingMs: number
  /** When the time runs out if nothing pauses it; null unless active. */
  endsAt: string | null
  /** Until when the app may serve without a further beat; null when it may not. */
  serveUntil: string | null
  /** The last sequence accepted from this client. */
  sequence: number
  tokensPerMinute: number
  tokensHeld: number
  /** Null until the session has ended. */
  tokensCharged: number | null
  heartbeatIntervalSeconds: number
  warningSeconds: number
  returnUrl: string
  createdAt: string
  startedAt: string | null
  endedAt: string | null
  serverTime: string
}

/** A refusal, RFC 9457. */
export interface ProblemDetails {
  type?: string
  title?: string
  status?: number
  detail?: string
  code?: string
  requestId?: string
  returnUrl?: string
}

/** One published key, RFC 7517. */
export interface PublicKey {
  kty: string
  crv: string
  x: string
  y: string
  kid: string
  use?: string
  alg?: string
}

/** The key set of `GET /api/v1/keys/public`. */
export interface PublicKeySet {
  keys: PublicKey[]
}
