/**
 * Registering, signing in, and what links in our mails lead to.
 *
 * @module
 */
import { fill, h } from '../element.js'
import { call, MarketplaceProblem, register, signIn } from '../marketplace.js'
import { problemBox, say, whileBusy } from '../notice.js'

const PASSWORD_MIN = 8
const PASSWORD_MAX = 128

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
      passwordField('new-password', `At least ${PASSWORD_MIN} characters. A sentence is fine.`),
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
    fields: [passwordField('new-password', `At least ${PASSWORD_MIN} characters. A sentence is fine.`)],
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
  const place = h('div')
  const submitButton = h('button', { type: 'submit', class: 'button' }, button)
  const element = h(
    'form',
    {
      class: 'form',
      novalidate: true,
      onsubmit: (event) => {
        event.preventDefault()
        const wrong = fields.map(check).find((input) => input)
        if (wrong) {
          wrong.focus()
          return
        }
        const values = Object.fromEntries(
          [...new FormData(element)].map(([name, value]) => [
            name,
            name === 'password' ? value : String(value).trim(),
          ]),
        )
        void whileBusy(submitButton, place, async () => {
          try {
            await submit(values)
          } catch (error) {
            if (!(error instanceof MarketplaceProblem) || error.code !== 'validation_failed') throw error
            const isShown = error.errors.map((each) => showRefusal(fields, each)).includes(true)
            if (!isShown) fill(place, problemBox(error))
            return
          }
          if (told) {
            fill(element, h('p', { class: 'notice' }, told), h('p', { class: 'quiet' }, other))
            say(told)
            return
          }
          say('Signed in')
          // Only a page of ours, whatever the address bar said.
          location.hash = next.startsWith('/') ? `#${next}` : '#/'
        })
      },
    },
    fields,
    place,
    h('div', { class: 'actions' }, submitButton),
    h('p', { class: 'quiet' }, other),
  )
  return { title, content: [h('h1', { tabindex: '-1' }, title), h('p', { class: 'lead' }, lead), element] }
}

const emailField = () =>
  field('email', 'E-mail', { type: 'email', autocomplete: 'email', required: true, maxlength: '254' })

const passwordField = (autocomplete, hint) =>
  field(
    'password',
    'Password',
    {
      type: 'password',
      autocomplete,
      required: true,
      maxlength: String(PASSWORD_MAX),
      minlength: String(PASSWORD_MIN),
    },
    hint,
  )

function field(name, label, attributes, hint = '') {
  const hintId = hint && `${name}-hint`
  return h(
    'div',
    { class: 'field' },
    h('label', { for: name }, label),
    h('input', {
      id: name,
      name,
      'aria-describedby': [hintId, `${name}-wrong`].join(' ').trim(),
      ...attributes,
    }),
    hint && h('p', { class: 'hint', id: hintId }, hint),
    h('p', { class: 'wrong', id: `${name}-wrong` }),
  )
}

/** Marks what is not filled in right; gives the input back, so that the first one gets the focus. */
function check(place) {
  const input = place.querySelector('input')
  const { validity } = input
  const text = validity.valueMissing
    ? 'Please fill this in.'
    : validity.typeMismatch
      ? 'This does not look like an e-mail address.'
      : validity.tooShort || (input.minLength > 0 && input.value.length < input.minLength)
        ? `At least ${input.minLength} characters, please.`
        : ''
  mark(place, text)
  return text ? input : undefined
}

function showRefusal(fields, { path, message }) {
  const place = fields.find((each) => `/${each.querySelector('input').name}` === path)
  if (!place) return false
  mark(place, `This ${message}.`)
  place.querySelector('input').focus()
  return true
}

function mark(place, text) {
  place.querySelector('.wrong').textContent = text
  place.querySelector('input').toggleAttribute('aria-invalid', text !== '')
  if (text) place.querySelector('input').setAttribute('aria-invalid', 'true')
}
