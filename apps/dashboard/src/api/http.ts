/**
 * One request to the API, and what may come back instead of an answer.
 *
 * @module
 */

const TIMEOUT_MS = 20_000

export interface FieldError {
  path: string
  message: string
}

/** What the API refused (RFC 9457). */
export class Problem extends Error {
  override name = 'Problem'
  readonly status: number
  readonly code: string
  readonly detail: string
  readonly errors: readonly FieldError[]
  readonly requestId: string
  readonly retryAfterSeconds: number
  /** What money problems say there is. */
  readonly available: number | undefined

  constructor(response: Response, body: unknown) {
    const fields = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>
    super(textOf(fields.title) || `The API answered ${response.status}`)
    this.status = response.status
    this.code = textOf(fields.code) || 'unknown'
    this.detail = textOf(fields.detail)
    this.errors = Array.isArray(fields.errors) ? fields.errors : []
    this.requestId = textOf(fields.requestId) || (response.headers.get('x-request-id') ?? '')
    this.retryAfterSeconds = Number(response.headers.get('retry-after')) || 0
    this.available = typeof fields.available === 'number' ? fields.available : undefined
  }
}

/** No answer came: no network, or no API. */
export class Unreachable extends Error {
  override name = 'Unreachable'
}

/** Nobody is signed in, or not any more. */
export class SignedOut extends Error {
  override name = 'SignedOut'
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : '')

export interface Sending {
  method?: string
  body?: object
  accessToken?: string | undefined
  idempotencyKey?: string
  accept?: string
  signal?: AbortSignal | undefined
  /** A stream lasts; everything else answers within seconds. */
  isStream?: boolean
}

/** @throws {Problem | Unreachable} */
export async function send(path: string, sending: Sending = {}): Promise<Response> {
  const { method = 'GET', body, accessToken, idempotencyKey, accept, signal, isStream } = sending
  const headers: Record<string, string> = {}
  if (body) headers['content-type'] = 'application/json'
  if (accessToken) headers.authorization = `Bearer ${accessToken}`
  if (idempotencyKey) headers['idempotency-key'] = idempotencyKey
  if (accept) headers.accept = accept
  const signals = [signal, isStream ? undefined : AbortSignal.timeout(TIMEOUT_MS)].filter((each) => !!each)
  let response: Response
  try {
    response = await fetch(path, {
      method,
      headers,
      body: body ? JSON.stringify(body) : null,
      credentials: 'omit',
      signal: AbortSignal.any(signals),
    })
  } catch (error) {
    if (signal?.aborted) throw error
    throw new Unreachable('The marketplace did not answer', { cause: error })
  }
  if (response.ok) return response
  throw new Problem(response, await response.json().catch(() => undefined))
}

/** What was answered; undefined for a 204, and for a 202 where there is nothing to say yet. @throws {Unreachable} */
export async function readJson<T>(response: Response): Promise<T> {
  const text = await response.text().catch(breakOff)
  if (text === '') return undefined as T
  try {
    return JSON.parse(text) as T
  } catch (cause) {
    // A page to sign in to somebody's network, say.
    throw new Unreachable('Something else answered in the place of the marketplace', { cause })
  }
}

export function breakOff(cause: unknown): never {
  throw new Unreachable('The answer broke off', { cause })
}
