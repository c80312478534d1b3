/**
 * Everything that can be wrong, each with a sentence for the user.
 *
 * @module
 */
import type { ProblemDetails } from './wire.ts'

const open = 'Please open this app from the marketplace.'
const stale = `This link no longer works. ${open}`
const setUp = 'This app is not set up correctly.'
const waiting = 'No connection. We keep trying.'
const over = 'Your session is over.'

// Short, because they travel to every page: a sentence for the user. The developer reads the code, what the API said and
// the README, which explains each.
const sentences = {
  config_invalid: setUp,
  launch_missing: open,
  launch_invalid: stale,
  launch_wrong_provider: stale,
  launch_already_used: stale,
  launch_expired: stale,
  session_ended: over,
  session_superseded: 'Your session is in another browser.',
  session_invalid: over,
  session_paused_by_user: 'Resume this session in the marketplace.',
  origin_not_allowed: setUp,
  offline: waiting,
  server_unavailable: waiting,
  rate_limited: waiting,
  request_refused: 'Please try again.',
  not_running: over,
}

/** What went wrong; `switch` narrows it. */
export type ErrorCode = keyof typeof sentences

/** True for a code that the SDK has sentences for. */
export const isErrorCode = (code: unknown): code is ErrorCode => Object.hasOwn(sentences, code as string)

/**
 * The one error the SDK reports and rejects with.
 *
 * @example
 * session.on('error', ({ error }) => {
 *   if (error.code === 'launch_expired') showHint(error.userMessage)
 * })
 */
export class MarketplaceError extends Error {
  override readonly name = 'MarketplaceError'
  declare readonly code: ErrorCode
  /** A sentence that may be shown to the user. */
  declare readonly userMessage: string
  /** What the API answered, where it did. */
  declare readonly problem: ProblemDetails | undefined
  /** How long the API asked to wait. */
  declare readonly retryAfterMs: number

  constructor(code: ErrorCode, problem?: ProblemDetails, retryAfterMs = 0) {
    super(problem?.detail ? `${code}: ${problem.detail}` : code)
    this.code = code
    this.userMessage = sentences[code]
    this.problem = problem
    this.retryAfterMs = retryAfterMs
  }

  /** True where the SDK tries again by itself: offline, server_unavailable, rate_limited. */
  get isTemporary(): boolean {
    return /^(of|ser|ra)/.test(this.code)
  }
}
