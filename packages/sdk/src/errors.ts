/**
 * Everything that can be wrong, each with a sentence for the developer and one for the user.
 *
 * @module
 */
import type { ProblemDetails } from './wire.ts'

const open = 'Please open this app from the marketplace.'
const stale = `This link does not work any more. ${open}`
const setUp = 'This app is not set up correctly.'
const waiting = 'The marketplace cannot be reached. We keep trying.'
const over = 'Your session is over.'

// Short, because they travel to every page; the README explains each code. Where the code says it, or the API does in its
// `detail`, there is no sentence for the developer.
const sentences = {
  config_invalid: [setUp, 'Set apiUrl and providerId.'],
  launch_missing: [open, 'No launch JWT, and no session to continue.'],
  launch_invalid: [stale, 'The launch JWT is forged or void. Is apiUrl right?'],
  launch_wrong_provider: [stale, 'Is providerId right?'],
  launch_already_used: [stale],
  launch_expired: [stale],
  session_ended: [over],
  session_superseded: ['Your session is in another browser.'],
  session_invalid: [over],
  session_paused_by_user: ['Resume this session in the marketplace.'],
  origin_not_allowed: [setUp, 'Add this origin to allowedOrigins.'],
  offline: [waiting, 'No network, or a blocked request. Is apiUrl right?'],
  server_unavailable: [waiting],
  rate_limited: [waiting],
  request_refused: ['Please try again.', 'See error.problem.'],
  not_running: [over],
} satisfies Record<string, [user: string, developer?: string]>

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
    const [user, developer = code]: [string, string?] = sentences[code]
    super(problem?.detail ? `${developer} (${problem.detail})` : developer)
    this.code = code
    this.userMessage = user
    this.problem = problem
    this.retryAfterMs = retryAfterMs
  }

  /** True where the SDK tries again by itself. */
  get isTemporary(): boolean {
    return /^(off|server|rate)/.test(this.code)
  }
}
