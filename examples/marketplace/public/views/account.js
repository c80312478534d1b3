/**
 * The account: name, address, password, and its end.
 *
 * @module
 */
import { fill, h } from '../element.js'
import { emailField, field, makeForm, NEW_PASSWORD_HINT, passwordField } from '../form.js'
import { formatTokens } from '../format.js'
import { call, refreshToken, signOut } from '../marketplace.js'
import { say, tellNext, whileBusy } from '../notice.js'
import { accountPage } from './account-frame.js'

export async function showAccount() {
  const [profile, address, balance] = await Promise.all([
    call('getProfile'),
    call('getEmail'),
    call('getBalance'),
  ])
  return accountPage({
    title: 'Your account',
    lead: 'Who you are here, and how you sign in.',
    content: [
      h(
        'section',
        { 'aria-labelledby': 'name' },
        h('h2', { id: 'name' }, 'Name'),
        makeForm({
          button: 'Save the name',
          fields: [
            field('displayName', 'What we call you', {
              autocomplete: 'name',
              maxlength: '80',
              value: profile.displayName ?? '',
            }),
          ],
          submit: ({ displayName }) => call('changeProfile', { body: { displayName: displayName || null } }),
          done: () => 'Your name is saved.',
        }),
      ),
      addressSection(address),
      passwordSection(),
      endSection(balance.total),
    ],
  })
}

function passwordSection() {
  const form = makeForm({
    button: 'Change the password',
    fields: [
      passwordField('current-password', { label: 'The one you have', name: 'currentPassword' }),
      passwordField('new-password', { label: 'The new one', name: 'newPassword', hint: NEW_PASSWORD_HINT }),
    ],
    submit: ({ currentPassword = '', newPassword = '' }) =>
      call('changePassword', { body: { currentPassword, newPassword, refreshToken: refreshToken() ?? '' } }),
    done() {
      form.reset()
      return 'Your password is changed.'
    },
  })
  return h(
    'section',
    { 'aria-labelledby': 'password' },
    h('h2', { id: 'password' }, 'Password'),
    h('p', {}, 'A new one ends every other sign-in. This one stays.'),
    form,
  )
}

/** @param {import('../client.js').Answer<'getEmail'>} address */
function addressSection({ email, emailVerified, pendingEmail }) {
  const place = h('div')
  const pending = h('p')
  const again = h(
    'button',
    {
      type: 'button',
      class: 'button is-quiet',
      onclick: () =>
        whileBusy(again, place, async () => {
          await call('resendVerification')
          place.replaceChildren(h('p', { class: 'notice' }, 'A link is on its way.'))
          say('A link is on its way.')
        }),
    },
    'Send the link again',
  )
  const resend = h('div', { class: 'actions' }, again)
  const draw = (newEmail) => {
    pending.hidden = newEmail === null
    resend.hidden = emailVerified && newEmail === null
    fill(pending, 'It changes to ', h('b', {}, newEmail), ' when the link we sent there is opened.')
  }
  draw(pendingEmail)
  const form = makeForm({
    button: 'Send a link there',
    fields: [
      emailField({ label: 'The new address', name: 'newEmail' }),
      passwordField('current-password', {
        label: 'Your password',
        name: 'currentPassword',
        id: 'password-for-address',
      }),
    ],
    submit: ({ newEmail = '', currentPassword = '' }) =>
      call('changeEmail', { body: { newEmail, currentPassword } }),
    done({ newEmail }) {
      draw(newEmail)
      form.reset()
      return 'A link was sent to the new address.'
    },
  })
  return h(
    'section',
    { 'aria-labelledby': 'address' },
    h('h2', { id: 'address' }, 'E-mail'),
    h(
      'p',
      {},
      h('b', {}, email),
      emailVerified ? ', confirmed.' : ', not confirmed yet. Nothing you do here waits for it.',
    ),
    pending,
    resend,
    place,
    h('details', {}, h('summary', {}, 'Use another address'), form),
  )
}

/** @param {number} total */
function endSection(total) {
  return h(
    'section',
    { 'aria-labelledby': 'end' },
    h('h2', { id: 'end' }, 'Close the account'),
    h(
      'details',
      {},
      h('summary', {}, 'Close it for good'),
      h(
        'p',
        {},
        'Your name, your address and your sign-ins are gone; nobody can bring them back. ',
        total > 0 && `The ${formatTokens(total)} you have left are given up with it.`,
      ),
      makeForm({
        button: total > 0 ? `Close it and give up ${formatTokens(total)}` : 'Close it',
        kind: 'is-danger',
        fields: [
          passwordField('current-password', {
            label: 'Your password',
            name: 'currentPassword',
            id: 'password-for-end',
          }),
        ],
        submit: ({ currentPassword = '' }) =>
          call('deleteAccount', { body: { currentPassword, forfeitTokens: total } }),
        done() {
          tellNext('Your account is closed.')
          signOut()
          location.hash = '#/'
        },
      }),
    ),
  )
}
