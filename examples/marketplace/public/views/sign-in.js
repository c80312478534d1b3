/**
 * Registering, signing in, and what links in our mails lead to.
 *
 * @module
 */
import { fill, h } from '../element.js'
import { emailField, field, makeForm, NEW_PASSWORD_HINT, passwordField } from '../form.js'
import { call, register, signIn } from '../marketplace.js'
import { say } from '../notice.js'

/** @param {{ query: URLSearchParams }} context */
export function showSignIn({ query }) {
  const next = query.get('next') ?? '/'
  return form({
    title: 'Sign in',
    lead: 'Welcome back.',
    button: 'Sign in',
    fields: [emailField(), passwordField('current-password')],
    submit: ({ email, password }) => signIn({ email, password }),
    next,
    other: [
      'New here? ',
      h('a', { href: `#/register?next=${encodeURIComponent(next)}` }, 'Make an account'),
      '. ',
      h('a', { href: '#/forgot-password' }, 'Forgot your password?'),
    ],
  })
}

/** @param {{ query: URLSearchParams }} context */
export function showRegister({ query }) {
  const next = query.get('next') ?? '/'
  return form({
    title: 'Make an account',
    lead: 'One account, one balance, every app. Nothing is charged until you buy tokens.',
    button: 'Register',
    fields: [
      emailField(),
      passwordField('new-password', { hint: NEW_PASSWORD_HINT }),
      field('displayName', 'Name (if you like)', { autocomplete: 'name', maxlength: '80' }),
    ],
    submit: ({ email, password, displayName }) =>
      register({ email, password, ...(displayName && { displayName }) }),
    next,
    other: [
      'Have one already? ',
      h('a', { href: `#/sign-in?next=${encodeURIComponent(next)}` }, 'Sign in'),
      '.',
    ],
  })
}

export function showForgotPassword() {
  return form({
    title: 'Forgot your password?',
    lead: 'We mail you a link to choose a new one. It works once, for an hour.',
    button: 'Send the link',
    fields: [emailField()],
    submit: ({ email }) => call('requestPasswordReset', { body: { email } }),
    told: 'If this address has an account, a link is on its way.',
    other: [h('a', { href: '#/sign-in' }, 'Back to signing in')],
  })
}

/** @param {{ query: URLSearchParams }} context */
export function showResetPassword({ query }) {
  const token = takeToken(query, '#/reset-password')
  if (!token) return linkIsGone()
  return form({
    title: 'Choose a new password',
    lead: 'It ends every sign-in of your account, here and elsewhere.',
    button: 'Change it',
    fields: [passwordField('new-password', { hint: NEW_PASSWORD_HINT })],
    submit: ({ password }) => call('resetPassword', { body: { token, newPassword: password } }),
    told: 'Your password is changed. Sign in with it.',
    other: [
      h('a', { href: '#/sign-in' }, 'Sign in'),
      '. ',
      h('a', { href: '#/forgot-password' }, 'Ask for another link'),
      '.',
    ],
  })
}

/** @param {{ query: URLSearchParams }} context */
export async function showVerifyEmail({ query }) {
  const token = takeToken(query, '#/verify-email')
  if (!token && !history.state?.confirmed) return linkIsGone()
  // The link works once, and this page may be reloaded.
  const email =
    history.state?.confirmed ?? (await call('verifyEmail', { body: { token: token ?? '' } })).email
  history.replaceState({ ...history.state, confirmed: email }, '')
  const title = 'Your address is confirmed'
  return {
    title,
    content: [
      h('h1', { tabindex: '-1' }, title),
      h('p', { class: 'lead' }, `Thank you. ${email} is yours.`),
      h('div', { class: 'actions' }, h('a', { class: 'button', href: '#/' }, 'Choose an app')),
    ],
  }
}

/**
 * Out of the address bar, so that it stays in nobody's history; kept behind it for a reload.
 *
 * @param {URLSearchParams} query @param {string} address
 * @returns {string | undefined}
 */
function takeToken(query, address) {
  const given = query.get('token')
  // Another link in the same tab is another matter.
  if (given) history.replaceState({ key: history.state?.key, token: given }, '', address)
  return history.state?.token
}

function linkIsGone() {
  const title = 'Open the link in the mail again'
  return {
    title,
    content: [
      h('h1', { tabindex: '-1' }, title),
      h(
        'p',
        { class: 'lead' },
        'This address is only the end of it. If the mail is gone, ask for another one.',
      ),
      h(
        'div',
        { class: 'actions' },
        h('a', { class: 'button', href: '#/forgot-password' }, 'Forgot your password?'),
        h('a', { class: 'button is-quiet', href: '#/account' }, 'Confirm your address'),
      ),
    ],
  }
}

function form({ title, lead, button, fields, submit, next = '/', told = '', other }) {
  const element = makeForm({
    button,
    fields,
    submit,
    other,
    done() {
      if (told) {
        fill(element, h('p', { class: 'notice' }, told), h('p', { class: 'quiet' }, other))
        say(told)
        return
      }
      say('Signed in')
      // Only a page of ours, whatever the address bar said.
      location.hash = next.startsWith('/') ? `#${next}` : '#/'
    },
  })
  return { title, content: [h('h1', { tabindex: '-1' }, title), h('p', { class: 'lead' }, lead), element] }
}
