/**
 * Where the user is signed in, and the way to end each.
 *
 * @module
 */
import { describeBrowser } from '../browser-name.js'
import { h } from '../element.js'
import { formatInstant } from '../format.js'
import { call } from '../marketplace.js'
import { say, whileBusy } from '../notice.js'
import { pagedList } from '../paged-list.js'
import { accountPage } from './account-frame.js'

const PAGE_SIZE = 20
/** The server keeps this much of what a browser calls itself. */
const USER_AGENT_KEPT = 200

/** @param {{ rows: number }} context */
export async function showSignIns({ rows }) {
  const list = h('ul', { class: 'rows' })
  const more = await pagedList({
    list,
    label: 'Older sign-ins',
    rows,
    load: (cursor) => call('listSignIns', { query: { limit: PAGE_SIZE, cursor } }),
    row,
  })
  return accountPage({
    title: 'Sign-ins',
    lead: 'Where your account is open. End what you do not know, then change your password.',
    content: [list, more],
  })
}

/** @param {import('../client.js').Answer<'listSignIns'>['items'][number]} signIn */
function row({ id, userAgent, signedInAt, lastUsedAt }) {
  const place = h('div')
  const name = describeBrowser(userAgent)
  const isLikeThis = userAgent === navigator.userAgent.slice(0, USER_AGENT_KEPT)
  const button = h(
    'button',
    {
      type: 'button',
      class: 'button is-quiet',
      'aria-label': `End: ${name}, since ${formatInstant(signedInAt)}`,
      onclick: () =>
        whileBusy(button, place, async () => {
          await call('revokeSignIn', { path: { id } })
          const next = /** @type {HTMLElement | null} */ (
            element.nextElementSibling ?? element.previousElementSibling
          )
          next?.querySelector('button')?.focus()
          element.remove()
          say('That sign-in is ended. What it still holds runs out within 15 minutes.')
        }),
    },
    'End',
  )
  const element = h(
    'li',
    { class: 'row' },
    h(
      'div',
      {},
      h('b', {}, name),
      isLikeThis && h('span', { class: 'quiet' }, ' (a browser like this one)'),
      h(
        'p',
        { class: 'quiet' },
        `Since ${formatInstant(signedInAt)}, last used ${formatInstant(lastUsedAt)}`,
      ),
      place,
    ),
    h('div', { class: 'row-amount' }, button),
  )
  return element
}
