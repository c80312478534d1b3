/**
 * Why a server does not serve.
 *
 * @module
 */

const statuses = {
  /** No session JWT came with the request. */
  session_jwt_missing: 401,
  /** Forged, expired, of another provider, or not a session JWT. */
  session_jwt_invalid: 401,
  /** Paused, ended, or without a beat for too long. */
  session_not_served: 402,
  /** The marketplace cannot be asked and the last lease has run out. */
  marketplace_unavailable: 503,
  /** A webhook that was not signed with this secret, or not now. */
  webhook_invalid: 400,
} as const

export type ServerErrorCode = keyof typeof statuses

/**
 * A refusal with the HTTP status to answer.
 *
 * @example
 * if (error instanceof ServerError) return error.toResponse()
 */
export class ServerError extends Error {
  override readonly name = 'ServerError'
  declare readonly code: ServerErrorCode
  declare readonly status: number

  constructor(code: ServerErrorCode, message: string) {
    super(message)
    this.code = code
    this.status = statuses[code]
  }

  /** RFC 9457, for whoever answers with a `Response`. */
  toResponse(): Response {
    const { code, status, message } = this
    return new Response(JSON.stringify({ title: message, status, code }), {
      status,
      headers: { 'content-type': 'application/problem+json' },
    })
  }
}
