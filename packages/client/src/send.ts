import { MarketplaceProblem, Unreachable } from './problem.ts'

export interface Request {
  method: string
  path: string
  body?: unknown
  accessToken?: string | undefined
  idempotencyKey?: string | undefined
  signal?: AbortSignal | undefined
}

export type Send = (request: Request) => Promise<unknown>

const TIMEOUT_MS = 20_000

/**
 * One request, one answer.
 *
 * @throws {MarketplaceProblem} what was refused. @throws {Unreachable} when no answer came.
 */
export function createSend(apiUrl: string, fetch: typeof globalThis.fetch): Send {
  return async ({ method, path, body, accessToken, idempotencyKey, signal }) => {
    // Not `AbortSignal.any`, which browsers of 2023 lack.
    const over = new AbortController()
    const callOff = () => over.abort(signal?.reason)
    const timer = setTimeout(callOff, TIMEOUT_MS)
    signal?.addEventListener('abort', callOff)
    if (signal?.aborted) callOff()
    let response: Response
    let text: string
    try {
      response = await fetch(apiUrl + path, {
        method,
        headers: {
          accept: 'application/json',
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(accessToken !== undefined && { authorization: `Bearer ${accessToken}` }),
          ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        credentials: 'omit',
        signal: over.signal,
      })
      text = await response.text()
    } catch (error) {
      // Called off by the caller, not by the network.
      if (signal?.aborted) throw error
      throw new Unreachable('The marketplace did not answer', { cause: error })
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', callOff)
    }
    const answer = parse(text)
    if (response.ok && answer === undefined && text !== '')
      throw new Unreachable('Something else answered in the place of the marketplace')
    if (response.ok) return answer
    throw new MarketplaceProblem(response.status, answer, Number(response.headers.get('retry-after')) || 0)
  }
}

/** A proxy in between may answer with something else than JSON. */
function parse(text: string): unknown {
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
