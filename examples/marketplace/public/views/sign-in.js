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
  return form({
    title: 'Choose a new password',
    lead: 'It ends every sign-in of your account, here and elsewhere.',
    button: 'Change it',
    fields: [passwordField('new-password', { hint: NEW_PASSWORD_HINT })],
    submit: ({ password }) => call('resetPassword', { body: { token, newPassword: password } }),
    told: 'Your password is changed. Sign in with it.',
    other: [h('a', { href: '#/sign-in' }, 'Sign in')],
  })
}

/** @param {{ query: URLSearchParams }} context */
export async function showVerifyEmail({ query }) {
  const { email } = await call('verifyEmail', { body: { token: takeToken(query, '#/verify-email') } })
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

/** Out of the address bar at once, so that it stays in nobody's history. @param {URLSearchParams} query */
function takeToken(query, address) {
  const token = query.get('token') ?? ''
  history.replaceState(null, '', address)
  return token || 'none'
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
