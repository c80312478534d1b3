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

// Short, because they travel to every page; the README explains each code.
const sentences = {
  config_invalid: ['Set apiUrl and providerId.', setUp],
  launch_missing: ['No launch JWT, and no session to continue.', open],
  launch_invalid: ['The launch JWT is forged or void. Is apiUrl right?', stale],
  launch_wrong_provider: ['The launch JWT is for another provider. Is providerId right?', stale],
  launch_already_used: ['Another browser used the launch JWT.', stale],
  launch_expired: ['The launch JWT is too old.', stale],
  session_ended: ['The session has ended.', over],
  session_superseded: ['Another browser holds the session.', 'Your session is in another browser.'],
  session_invalid: ['The session JWT is unknown.', over],
  session_paused_by_user: ['Paused in the marketplace.', 'Resume this session in the marketplace.'],
  origin_not_allowed: ['Add this origin to allowedOrigins.', setUp],
  offline: ['No network, or a blocked request. Is apiUrl right?', waiting],
  server_unavailable: ['The API failed.', waiting],
  rate_limited: ['Too many requests.', waiting],
  request_refused: ['The API refused, see error.problem.', 'Please try again.'],
  not_running: ['No session is running.', over],
} satisfies Record<string, [developer: string, user: string]>

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
    const [developer, user] = sentences[code]
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
