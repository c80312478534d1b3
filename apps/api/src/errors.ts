/**
 * Every refusal the API knows: one table gives the status, the sentence, and the documented cause and cure.
 *
 * Answers follow RFC 9457 (`application/problem+json`).
 *
 * @module
 */

import { BODY_KIB_MAX } from './body-limit.ts'

interface Entry {
  status: number
  title: string
  /** What to do about it; part of the answer and of the docs. */
  cure: string
}

export const PROBLEMS = {
  // -- every route
  validation_failed: {
    status: 400,
    title: 'The request does not have the documented shape',
    cure: 'Correct what `errors` names. Values are never coerced and unknown properties are refused.',
  },
  malformed_json: {
    status: 400,
    title: 'The body is not valid JSON',
    cure: 'Send one JSON value in UTF-8, with its Content-Type.',
  },
  unauthenticated: {
    status: 401,
    title: 'No valid credential was sent',
    cure: 'Send `Authorization: Bearer …` with a credential this route accepts; refresh or sign in again if it expired.',
  },
  forbidden: {
    status: 403,
    title: 'This credential may not do that',
    cure: 'Use the account or the key scope that the route names.',
  },
  not_found: { status: 404, title: 'There is nothing here for you', cure: 'Check the address and the id.' },
  method_not_allowed: {
    status: 405,
    title: 'This address does not take that method',
    cure: 'Use a method that the `Allow` header lists.',
  },
  payload_too_large: {
    status: 413,
    title: 'The body is too large',
    cure: `Send at most ${BODY_KIB_MAX} KiB.`,
  },
  unsupported_media_type: {
    status: 415,
    title: 'A body of this Content-Type or Content-Encoding is not understood here',
    cure: 'Send `Content-Type: application/json` and no `Content-Encoding`.',
  },
  malformed_request: {
    status: 400,
    title: 'What was sent is not an HTTP request',
    cure: 'Check what stands between you and us: a proxy, or a client that writes headers by hand.',
  },
  request_timeout: {
    status: 408,
    title: 'The request took too long to arrive',
    cure: 'Send it again, whole.',
  },
  headers_too_large: {
    status: 431,
    title: 'The headers are too large',
    cure: 'Send less than 16 KB of headers.',
  },
  rate_limited: {
    status: 429,
    title: 'Too many requests',
    cure: 'Wait for the seconds in `Retry-After`, then try again.',
  },
  internal_error: {
    status: 500,
    title: 'Something went wrong on our side',
    cure: 'Try again; if it stays, tell us the `requestId`.',
  },
  unavailable: {
    status: 503,
    title: 'The service cannot answer at this moment',
    cure: 'Try again after the seconds in `Retry-After`; nothing was changed.',
  },
  // -- idempotency
  idempotency_key_invalid: {
    status: 400,
    title: 'The Idempotency-Key cannot be used',
    cure: 'Send one header of 1 to 255 characters, without control characters.',
  },
  idempotency_key_reused: {
    status: 422,
    title: 'This Idempotency-Key was used for a different request',
    cure: 'Use a new key for a new request; repeat a request with the same key and the same body.',
  },
  idempotency_in_progress: {
    status: 409,
    title: 'The first request with this Idempotency-Key is still running',
    cure: 'Repeat the request after the seconds in `Retry-After`.',
  },
  // -- accounts
  email_taken: { status: 409, title: 'This e-mail address has an account', cure: 'Sign in instead.' },
  invalid_credentials: {
    status: 401,
    title: 'E-mail address or password is wrong',
    cure: 'Check both, or reset the password.',
  },
  refresh_token_invalid: {
    status: 401,
    title: 'This refresh token is not valid any more',
    cure: 'Sign in again. Each refresh token works once; using an old one ends that sign-in everywhere.',
  },
  password_wrong: {
    status: 403,
    title: 'The current password is wrong',
    cure: 'Send the password the account has now, or reset it.',
  },
  link_invalid: {
    status: 400,
    title: 'This link does not work any more',
    cure: 'Ask for a new one. Each link works once, for a limited time, for the address it was sent to.',
  },
  sign_in_not_found: {
    status: 404,
    title: 'There is no such sign-in',
    cure: 'Take an id from GET /auth/sign-ins; it may have ended already.',
  },
  account_in_use: {
    status: 409,
    title: 'The account cannot be deleted yet',
    cure: 'Settle what `detail` names first.',
  },
  // -- tokens
  insufficient_tokens: {
    status: 402,
    title: 'There are not enough tokens available',
    cure: 'Buy tokens, end a running session, or choose fewer minutes.',
  },
  spending_limit_reached: {
    status: 409,
    title: 'The account’s own spending limit is reached',
    cure: 'Choose fewer minutes, wait, or raise the limit with PUT /tokens/limits. Buying tokens does not help.',
  },
  price_changed: {
    status: 409,
    title: 'The app costs more than the user was shown',
    cure: 'Show `tokensPerMinute` as it is now, and ask again.',
  },
  history_line_not_found: {
    status: 404,
    title: 'There is no such line in the history',
    cure: 'Take an id from GET /tokens/history.',
  },
  package_not_found: {
    status: 404,
    title: 'There is no such package',
    cure: 'Take an id from GET /tokens/packages.',
  },
  amount_not_payable: {
    status: 409,
    title: 'One payment does not take this amount',
    cure: 'Choose fewer tokens, or more where `detail` says that it is too little.',
  },
  purchase_not_found: { status: 404, title: 'There is no such purchase', cure: 'Check the id.' },
  purchase_not_refundable: {
    status: 409,
    title: 'This purchase cannot be refunded now',
    cure: 'Only a paid purchase whose money the bank has not taken can be refunded, one refund at a time.',
  },
  refund_exceeds_paid: {
    status: 409,
    title: 'More than was paid cannot be given back',
    cure: 'Give back what is left at most; `detail` names it.',
  },
  refund_refused: {
    status: 409,
    title: 'The payment provider refused the refund',
    cure: 'Look at the payment at the payment provider; nothing was given back.',
  },
  payment_unavailable: {
    status: 503,
    title: 'The payment provider cannot be reached',
    cure: 'Try again in a moment; nothing was charged.',
  },
  stripe_signature_invalid: {
    status: 400,
    title: 'The Stripe-Signature does not fit this body',
    cure: 'Send the raw body as Stripe signed it, and check STRIPE_WEBHOOK_SECRET.',
  },
  // -- providers
  provider_not_found: {
    status: 404,
    title: 'There is no such provider',
    cure: 'Take an id from GET /providers.',
  },
  provider_status_invalid: {
    status: 409,
    title: 'The provider cannot go to that status from where it is',
    cure: 'Drafts go to in_review; operators list and suspend.',
  },
  listing_change_gone: {
    status: 409,
    title: 'What was looked at has changed since',
    cure: 'Read it again: it was changed once more, or decided already.',
  },
  limit_reached: {
    status: 409,
    title: 'There are as many of these as there may be',
    cure: 'Remove one that is not needed, or ask us for more.',
  },
  member_not_found: {
    status: 404,
    title: 'There is no such member',
    cure: 'Take an id from the list of the provider’s members.',
  },
  primary_owner_stays: {
    status: 409,
    title: 'The primary owner cannot leave, be removed or take another role',
    cure: 'Transfer the provider to another member first.',
  },
  invitation_not_found: {
    status: 404,
    title: 'There is no such invitation',
    cure: 'Take an id from the list of the provider’s invitations; it may have been accepted already.',
  },
  already_member: {
    status: 409,
    title: 'That address is on the team already',
    cure: 'Change the member’s role instead.',
  },
  already_invited: {
    status: 409,
    title: 'That address was invited already',
    cure: 'Send the invitation again, or take it back first.',
  },
  invitation_for_other_address: {
    status: 403,
    title: 'This invitation was sent to another address',
    cure: 'Sign in to the account that has the invited address, or register it.',
  },
  api_key_not_found: {
    status: 404,
    title: 'There is no such API key',
    cure: 'Take an id from the list of the provider’s keys.',
  },
  // -- webhooks
  webhook_endpoint_not_found: {
    status: 404,
    title: 'There is no such webhook endpoint',
    cure: 'Take an id from the list of the provider’s webhook endpoints.',
  },
  webhook_delivery_not_found: {
    status: 404,
    title: 'There is no such delivery',
    cure: 'Take an id from the endpoint’s deliveries; they are kept for 30 days.',
  },
  webhook_endpoint_disabled: {
    status: 409,
    title: 'The webhook endpoint is disabled',
    cure: 'Enable it first, with PATCH and `status`.',
  },
  // -- earnings
  payout_not_found: {
    status: 404,
    title: 'There is no such payout',
    cure: 'Take an id from the list of the provider’s payouts.',
  },
  email_not_verified: {
    status: 409,
    title: 'The provider’s owner has not confirmed their e-mail address',
    cure: 'Let the owner open the link we mail them; POST /auth/email/resend sends another.',
  },
  payout_exceeds_payable: {
    status: 409,
    title: 'The payout is more than can be paid out now',
    cure: 'Pay out what `available` says at most; the rest becomes payable later.',
  },
  payout_status_invalid: {
    status: 409,
    title: 'The payout is settled already',
    cure: 'Only a pending payout can be paid or cancelled.',
  },
  // -- sessions
  session_not_found: { status: 404, title: 'There is no such session', cure: 'Check the id.' },
  session_ended: {
    status: 409,
    title: 'The session has ended',
    cure: 'Open a new session in the marketplace.',
  },
  session_too_long: {
    status: 409,
    title: 'The session would outlive its 24 hours',
    cure: 'Choose fewer minutes, or open a new session when this one is over.',
  },
  session_superseded: {
    status: 409,
    title: 'Another client holds the session now',
    cure: 'Stop here: the user went on elsewhere. Relaunch from the marketplace to take it back.',
  },
  session_paused_by_user: {
    status: 409,
    title: 'The user paused the session in the marketplace',
    cure: 'Let the user resume it in the marketplace.',
  },
  session_not_started: {
    status: 409,
    title: 'The session was never validated',
    cure: 'Validate its launch JWT first.',
  },
  launch_invalid: {
    status: 401,
    title: 'The launch JWT is not valid',
    cure: 'Open the app from the marketplace again; an older link is void once a newer one was made.',
  },
  launch_expired: {
    status: 401,
    title: 'The launch JWT has expired',
    cure: 'Send the user back to the marketplace, which makes a new one at no charge.',
  },
  launch_already_used: {
    status: 409,
    title: 'The launch JWT was used by another client',
    cure: 'Open the app from the marketplace again; a launch link works in one browser, once.',
  },
  origin_not_allowed: {
    status: 403,
    title: 'This origin may not use the provider’s sessions',
    cure: 'Add the page’s origin to the provider’s `allowedOrigins`.',
  },
} as const satisfies Record<string, Entry>

export type ProblemCode = keyof typeof PROBLEMS

/** What a money problem adds, and headers such as Retry-After. */
export interface ProblemExtras {
  required?: number
  available?: number
  debt?: number
  /** Where the user gets a new launch. */
  returnUrl?: string
  /** The spending limit that stands in the way. */
  limitTokens?: number
  /** The price as it is now. */
  tokensPerMinute?: number
  errors?: { path: string; message: string }[]
  retryAfterSeconds?: number
  allow?: string
  acceptEncoding?: string
  /** The sentence of this very case; else the title's cure stands in. */
  detail?: string
}

/**
 * A refusal that the caller can act on.
 *
 * @example throw new Problem('insufficient_tokens', { required: 120, available: 30 })
 */
export class Problem extends Error {
  override name = 'Problem'
  readonly code: ProblemCode
  readonly extras: ProblemExtras

  /** @param ours what only the log may know */
  constructor(code: ProblemCode, extras: ProblemExtras = {}, ours?: string) {
    super(ours ?? PROBLEMS[code].title)
    this.code = code
    this.extras = extras
  }

  get status(): number {
    return PROBLEMS[this.code].status
  }
}
