/**
 * What went wrong, in words that say what to do.
 *
 * @module
 */
import { formatNumber, formatTokens } from './format.js'
import { MarketplaceProblem, SignedOut, Unreachable } from './marketplace.js'

/** @type {Record<string, [title: string, text: string]>} */
const words = {
  invalid_credentials: ['That did not fit', 'E-mail address or password is wrong. Check both and try again.'],
  email_taken: ['You have an account already', 'This e-mail address is registered. Sign in instead.'],
  spending_limit_reached: [
    'That is more than you allow yourself',
    'Your own spending limit stands in the way. Choose fewer minutes, or wait.',
  ],
  price_changed: [
    'The price has changed',
    'Nothing was reserved. The new price stands above: take it, or leave it.',
  ],
  password_wrong: ['That is not your password', 'Nothing was changed. Type the one you signed in with.'],
  account_in_use: ['The account cannot be closed yet', 'End your sessions first, and settle what is owed.'],
  sign_in_not_found: ['This sign-in is over already', 'Nothing is left to end.'],
  link_invalid: [
    'This link does not work any more',
    'Each link works once, for a limited time. Ask for a new one.',
  ],
  session_ended: ['This session is over', 'It was settled; see below what it cost. Open a new one to go on.'],
  session_too_long: [
    'That would be too long',
    'A session lives at most 24 hours, pauses included. Choose fewer minutes.',
  ],
  session_not_found: [
    'No such session',
    'It does not exist, or it belongs to another account. Are you signed in as the right person?',
  ],
  purchase_not_found: [
    'No such purchase',
    'It does not exist, or it belongs to another account. Are you signed in as the right person?',
  ],
  provider_not_found: [
    'This app is not on offer',
    'It was taken off the list, or the link is wrong. Nothing was charged.',
  ],
  payment_unavailable: [
    'The payment page cannot be reached',
    'Nothing was charged. Please try again in a moment.',
  ],
  rate_limited: ['A little too fast', 'Please wait a moment, then try again.'],
  unavailable: ['We are overloaded', 'Nothing was changed. Please try again in a moment.'],
  validation_failed: ['Something is not filled in right', 'Please check what you entered.'],
}

/** @param {unknown} error @returns {{ title: string, text: string }} */
export function describeProblem(error) {
  if (error instanceof Unreachable)
    return {
      title: 'The marketplace cannot be reached',
      text: 'Check your connection. Running sessions are safe: nobody pays for time they did not get.',
    }
  if (error instanceof SignedOut)
    return { title: 'You are signed out', text: 'Please sign in again to go on where you were.' }
  if (!(error instanceof MarketplaceProblem)) {
    console.error(error)
    return { title: 'Something went wrong in this page', text: 'Reload it and try again.' }
  }
  if (error.code === 'insufficient_tokens') return describeShortage(error)
  const [title, text] = words[error.code] ?? [error.message, error.detail]
  if (error.status >= 500 && error.requestId)
    return { title, text: `${text} If it stays, tell us ${error.requestId}.` }
  if (error.retryAfterSeconds > 1)
    return { title, text: `${text} (${formatNumber(error.retryAfterSeconds)} seconds)` }
  return { title, text }
}

/** @param {MarketplaceProblem} problem */
function describeShortage({ required = 0, available = 0, debt }) {
  if (debt)
    return {
      title: 'A refund is still open',
      text: `Tokens that were refunded to you had been spent already: ${formatTokens(debt)} are owed. Buy tokens to settle that, then sessions open again.`,
    }
  return {
    title: 'Not enough tokens',
    text: `This needs ${formatTokens(required)}. You can spend ${formatNumber(available)}, so ${formatNumber(required - available)} are missing.`,
  }
}
