/**
 * What may come instead of an answer.
 *
 * @module
 */
import type { CommonProblem, Operations } from './operations.ts'

/** Every code the API refuses with, of all calls. */
export type ProblemCode = CommonProblem | Operations[keyof Operations]['problems']

/**
 * What the API refused (RFC 9457).
 *
 * @example
 * if (error instanceof MarketplaceProblem && error.code === 'insufficient_tokens') offer(error.required)
 */
export class MarketplaceProblem extends Error {
  override readonly name = 'MarketplaceProblem'
  readonly status: number
  /** Newer servers may know more codes than this client. */
  readonly code: ProblemCode | (string & {})
  readonly detail: string
  /** Names the request in the server's log. */
  readonly requestId: string
  readonly required: number | undefined
  readonly available: number | undefined
  readonly debt: number | undefined
  readonly limitTokens: number | undefined
  readonly tokensPerMinute: number | undefined
  readonly errors: { path: string; message: string }[]
  readonly retryAfterSeconds: number

  constructor(status: number, body: unknown, retryAfterSeconds: number) {
    const problem = (body !== null && typeof body === 'object' ? body : {}) as Partial<MarketplaceProblem> & {
      title?: string
    }
    super(problem.title ?? `The API answered ${status}`)
    this.status = status
    this.code = problem.code ?? 'unknown'
    this.detail = problem.detail ?? ''
    this.requestId = problem.requestId ?? ''
    this.required = problem.required
    this.available = problem.available
    this.debt = problem.debt
    this.limitTokens = problem.limitTokens
    this.tokensPerMinute = problem.tokensPerMinute
    this.errors = problem.errors ?? []
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/** No answer came: no network, or no API. Whether the call had an effect is not known. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable'
}

/** Nobody is signed in, or not any more. */
export class SignedOut extends Error {
  override readonly name = 'SignedOut'
}
