/**
 * One request to the API, and what may come back instead of an answer.
 *
 * @module
 */
import { apiUrl } from './config.js'

const TIMEOUT_MS = 20_000

/** What the API refused (RFC 9457). */
export class Problem extends Error {
  /** @param {number} status @param {any} body @param {number} retryAfterSeconds */
  constructor(status, body, retryAfterSeconds) {
    super(body?.title ?? `The API answered ${status}`)
    this.status = status
    this.code = body?.code ?? 'unknown'
    this.detail = body?.detail ?? ''
    this.required = body?.required
    this.available = body?.available
    this.debt = body?.debt
    this.errors = body?.errors ?? []
    this.requestId = body?.requestId ?? ''
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/** No answer came: no network, or no API. */
export class Unreachable extends Error {}

/** Nobody is signed in, or not any more. */
export class SignedOut extends Error {}

/**
 * @param {string} method @param {string} path
 * @param {{ body?: object, accessToken?: string | null, key?: string }} [options]
 */
export async function send(method, path, { body, accessToken, key } = {}) {
  let response
  try {
    response = await fetch(apiUrl + path, {
      method,
      headers: {
        ...(body && { 'content-type': 'application/json' }),
        ...(accessToken && { authorization: `Bearer ${accessToken}` }),
        ...(key && { 'idempotency-key': key }),
      },
      ...(body && { body: JSON.stringify(body) }),
      credentials: 'omit',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
  } catch (error) {
    tellReachable(false)
    throw new Unreachable('The marketplace did not answer', { cause: error })
  }
  tellReachable(true)
  const answer = await response.json().catch(() => undefined)
  if (response.ok) return answer
  throw new Problem(response.status, answer, Number(response.headers.get('retry-after')) || 0)
}

/** @type {(isReachable: boolean) => void} */
let tellReachable = () => {}

/** @param {(isReachable: boolean) => void} listener */
export function onReachable(listener) {
  tellReachable = listener
}
