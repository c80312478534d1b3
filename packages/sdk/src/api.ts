/**
 * One bounded request to the API, and what its answer means.
 *
 * @module
 */
import { isErrorCode, MarketplaceError } from './errors.ts'
import type { Ports } from './ports.ts'
import type { ProblemDetails } from './wire.ts'

/** A request without an answer is given up after this long. */
export const REQUEST_TIMEOUT_MS = 10_000
/** What a session's page tells is sent a second time after this long, while the first may still be answered. */
export const SECOND_REQUEST_MS = 3_000

/**
 * Sends JSON and returns JSON.
 *
 * With a session JWT it is sent once more where no answer comes for a while, and the first outcome stands: one request
 * may be stuck behind a lost packet, and a beat that comes late counts less than was used. Told twice, it counts once.
 *
 * @throws {MarketplaceError} with the API's own code where the SDK knows it. An answer that is not
 * the API's (a proxy, a captive portal) counts as the network's fault, never as a refusal.
 */
export function request<Answer>(
  { fetch, timers }: Pick<Ports, 'fetch' | 'timers'>,
  url: string,
  body?: object,
  jwt?: string,
  timeoutMs = REQUEST_TIMEOUT_MS,
): Promise<Answer> {
  let timer: unknown
  let again: unknown
  return new Promise<Answer>((resolve, reject) => {
    const abort = new AbortController()
    const send = async () => {
      try {
        const response = await fetch(url, {
          ...(body && { method: 'POST' }),
          headers: {
            ...(body && { 'content-type': 'application/json' }),
            ...(jwt && { authorization: `Bearer ${jwt}` }),
          },
          // Nothing is said without a body.
          body: JSON.stringify(body),
          credentials: 'omit',
          signal: abort.signal,
          cache: 'no-store',
        })
        const answer: unknown = await response.json().catch(() => {})
        // What it is, its status says.
        if (response.ok && answer) resolve(answer as Answer)
        else reject(toError(response, answer as ProblemDetails | undefined))
      } catch {
        reject(new MarketplaceError('offline'))
      }
    }
    timer = timers.set(() => {
      // Not left to the signal: a `fetch` that the page wrapped may not heed it.
      reject(new MarketplaceError('server_unavailable'))
      abort.abort()
    }, timeoutMs)
    if (jwt) again = timers.set(send, SECOND_REQUEST_MS)
    send()
  }).finally(() => {
    timers.clear(timer)
    timers.clear(again)
  })
}

function toError({ status, headers }: Response, problem?: ProblemDetails): MarketplaceError {
  const retryAfterMs = +headers.get('retry-after')! * 1000 || 0
  const code =
    status === 429
      ? 'rate_limited'
      : status >= 500 || !problem?.code
        ? 'server_unavailable'
        : isErrorCode(problem.code)
          ? problem.code
          : status === 401 || status === 404
            ? 'session_invalid'
            : 'request_refused'
  return new MarketplaceError(code, problem, retryAfterMs)
}
