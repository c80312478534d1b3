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

/**
 * Sends JSON and returns JSON.
 *
 * @throws {MarketplaceError} with the API's own code where the SDK knows it. An answer that is not
 * the API's (a proxy, a captive portal) counts as the network's fault, never as a refusal.
 */
export async function request<Answer>(
  { fetch, timers }: Pick<Ports, 'fetch' | 'timers'>,
  url: string,
  body?: object,
  jwt?: string,
  timeoutMs = REQUEST_TIMEOUT_MS,
): Promise<Answer> {
  const abort = new AbortController()
  const timer = timers.set(() => abort.abort(), timeoutMs)
  const headers: Record<string, string> = {}
  if (body) headers['content-type'] = 'application/json'
  if (jwt) headers.authorization = `Bearer ${jwt}`
  try {
    const response = await fetch(url, {
      method: body ? 'POST' : 'GET',
      headers,
      body: body ? JSON.stringify(body) : null,
      credentials: 'omit',
      signal: abort.signal,
    })
    const answer = await response.json().catch(() => undefined)
    if (response.ok && answer) return answer
    throw toError(response, answer)
  } catch (error) {
    throw error instanceof MarketplaceError ? error : new MarketplaceError('offline')
  } finally {
    timers.clear(timer)
  }
}

function toError({ status, headers }: Response, problem?: ProblemDetails): MarketplaceError {
  const retryAfterMs = Number(headers.get('retry-after')) * 1000 || 0
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
