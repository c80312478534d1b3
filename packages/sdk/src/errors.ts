/**
 * Everything that can be wrong, each with a sentence for the developer and one for the user.
 *
 * @module
 */
import type { ProblemDetails } from './wire.ts'

const again = 'Please open this app from the marketplace again.'
const waiting = 'The marketplace cannot be reached at the moment. We keep trying.'
const over = 'Your session is over.'

const sentences = {
  config_invalid: ['apiUrl and providerId are both needed.', 'This app is not set up correctly.'],
  launch_missing: [
    'No launch_jwt in the address and no session to continue: this visit did not come from the marketplace.',
    'Please open this app from the marketplace.',
  ],
  launch_invalid: [
    'The launch JWT is malformed, forged or void. Compare apiUrl with the marketplace that issued it.',
    `This link is not valid. ${again}`,
  ],
  launch_wrong_provider: [
    'The launch JWT was issued for another provider. Compare providerId with your provider settings.',
    `This link belongs to another app. ${again}`,
  ],
  launch_already_used: [
    'Another browser has used this launch JWT. Each one opens a session once.',
    `This link was already used. ${again}`,
  ],
  launch_expired: ['A launch JWT is good for 120 seconds.', `This link is too old. ${again}`],
  session_ended: ['The session is over.', over],
  session_superseded: [
    'The session was opened again elsewhere, and that client holds it now.',
    'Your session continues in another browser.',
  ],
  session_invalid: ['The API does not accept the session JWT or know the session.', `${over} ${again}`],
  origin_not_allowed: [
    'The API refuses this origin. Add it to allowedOrigins of your provider.',
    'This app is not set up correctly.',
  ],
  offline: ['The API did not answer: no network, a blocked request or a wrong apiUrl.', waiting],
  server_unavailable: ['The API answered with an error of its own.', waiting],
  rate_limited: ['Too many requests. The SDK waits as long as the API asks.', waiting],
  request_refused: [
    'The API refused the request; see error.problem.',
    'That did not work. Please try again.',
  ],
  not_running: ['There is no running session to do this with.', over],
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
  readonly code: ErrorCode
  /** A sentence that may be shown to the user. */
  readonly userMessage: string
  /** What the API answered, where it did. */
  readonly problem: ProblemDetails | undefined
  /** How long the API asked to wait. */
  readonly retryAfterMs: number

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
