/**
 * Every movement of the user's tokens, with the balance it left.
 *
 * @module
 */
import { h } from '../element.js'
import { formatInstant, formatNumber } from '../format.js'
import { call } from '../marketplace.js'
import { pagedList } from '../paged-list.js'

const PAGE_SIZE = 25

const kinds = {
  purchase: 'Bought',
  charge: 'Used',
  refund: 'Refunded',
  refund_failed: 'Refund failed',
  dispute: 'Disputed',
  dispute_won: 'Dispute settled',
  debt: 'Owed',
  debt_repaid: 'Paid back',
  promotion: 'Gift',
  correction: 'Correction',
}

/** @param {{ rows: number }} context */
export async function showHistory({ rows }) {
  const body = h('tbody')
  const more = await pagedList({
    list: body,
    label: 'Older movements',
    rows,
    load: (cursor) => call('listHistory', { query: { limit: PAGE_SIZE, cursor } }),
    row,
  })

  return {
    title: 'History',
    content: [
      h('h1', { tabindex: '-1' }, 'History'),
      h(
        'p',
        { class: 'lead' },
        'Every token that came or went. What a running session has reserved is still yours and appears once it is settled.',
      ),
      body.children.length > 0
        ? h(
            'table',
            { class: 'history' },
            h('caption', { class: 'visually-hidden' }, 'Movements of your tokens, newest first'),
            h(
              'thead',
              {},
              h(
                'tr',
                {},
                h('th', { scope: 'col' }, 'When'),
                h('th', { scope: 'col' }, 'What'),
                h('th', { scope: 'col', class: 'number' }, 'Tokens'),
                h('th', { scope: 'col', class: 'number' }, 'Balance'),
              ),
            ),
            body,
          )
        : h(
            'p',
            { class: 'empty' },
            'Nothing has moved yet. ',
            h('a', { href: '#/tokens' }, 'Buy tokens'),
            ' and they appear here.',
          ),
      more,
    ],
  }
}

/** @param {import('../client.js').Answer<'listHistory'>['items'][number]} line */
function row({ id, kind, amount, balanceAfter, sessionId, purchaseId, description, createdAt }) {
  const href = sessionId ? `#/sessions/${sessionId}` : purchaseId ? `#/purchases/${purchaseId}` : null
  const label = kinds[kind] ?? kind
  const sign = amount < 0 ? '−' : '+'
  return h(
    'tr',
    {},
    h('td', { 'data-label': 'When' }, h('time', { datetime: createdAt }, formatInstant(createdAt))),
    h(
      'td',
      { 'data-label': 'What' },
      href ? h('a', { href }, label) : label,
      h('span', { class: 'quiet' }, description),
      h('a', { class: 'why', href: `#/history/${id}`, 'aria-label': `Why: ${description}` }, 'Why?'),
    ),
    h(
      'td',
      { 'data-label': 'Tokens', class: amount < 0 ? 'number is-out' : 'number is-in' },
      `${sign}${formatNumber(Math.abs(amount))}`,
    ),
    h('td', { 'data-label': 'Balance', class: 'number' }, formatNumber(balanceAfter)),
  )
}
