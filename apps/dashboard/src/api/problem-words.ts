import { Problem, SignedOut, Unreachable } from './http.ts'

const words: Record<string, [title: string, text: string]> = {
  invalid_credentials: ['That did not fit', 'E-mail address or password is wrong. Check both and try again.'],
  email_taken: ['There is an account already', 'This e-mail address is registered. Sign in instead.'],
  provider_not_found: [
    'No such app',
    'It does not exist, or it belongs to another account. Are you signed in as the right person?',
  ],
  forbidden: [
    'Your role does not allow that',
    'Ask an owner of the app to do it, or to give you another role.',
  ],
  password_wrong: ['That is not your password', 'Type the password you sign in with.'],
  link_invalid: [
    'This link does not work any more',
    'It works once, for a limited time. Ask whoever sent it for a new one.',
  ],
  already_member: ['Already on the team', 'Change the role in the list instead.'],
  already_invited: ['Already invited', 'Send the invitation again from the list, or take it back first.'],
  not_found: ['There is nothing here', 'It does not exist, or this account may not see it.'],
  rate_limited: ['A little too fast', 'Please wait a moment, then try again.'],
  unavailable: ['The marketplace is overloaded', 'Nothing was changed. Please try again in a moment.'],
  validation_failed: ['Something is not filled in right', 'Please check what is marked.'],
}

/** What a person mends alone: nothing to tell us about. */
const OWN = new Set([
  'validation_failed',
  'invalid_credentials',
  'email_taken',
  'insufficient_tokens',
  'forbidden',
  'password_wrong',
  'link_invalid',
  'invitation_for_other_address',
  'already_member',
  'already_invited',
  'account_in_use',
])

/** What went wrong, in words that say what to do, and what to tell us about it. */
export function describeProblem(error: unknown): { title: string; text: string; requestId?: string } {
  if (error instanceof Unreachable) {
    return { title: 'The marketplace cannot be reached', text: 'Check your connection, then try again.' }
  }
  if (error instanceof SignedOut) {
    return { title: 'You are signed out', text: 'Please sign in again to go on where you were.' }
  }
  if (!(error instanceof Problem)) {
    console.error(error)
    return { title: 'Something went wrong in this page', text: 'Reload it and try again.' }
  }
  const [title, text] = words[error.code] ?? [error.message, error.detail]
  const wait = error.retryAfterSeconds > 1 ? ` (${error.retryAfterSeconds} seconds)` : ''
  return {
    title,
    text: text + wait,
    ...(error.requestId && !OWN.has(error.code) && { requestId: error.requestId }),
  }
}
