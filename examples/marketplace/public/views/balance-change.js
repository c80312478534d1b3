/**
 * One line of the history: why the balance changed, step by step.
 *
 * @module
 */
import { h } from '../element.js'
import { formatInstant, formatTokens } from '../format.js'
import { call } from '../marketplace.js'

/** @param {{ id: string }} context */
export async function showBalanceChange({ id }) {
  const { line, because, session, purchase } = await call('getBalanceChange', { path: { id } })
  const sign = line.amount < 0 ? '−' : '+'
  return {
    title: 'Why your balance changed',
    content: [
      h('p', { class: 'crumb' }, h('a', { href: '#/history' }, 'All of your history')),
      h('h1', { tabindex: '-1' }, 'Why your balance changed'),
      h(
        'section',
        { class: 'ticket receipt', 'aria-label': 'Line' },
        h(
          'p',
          { class: 'receipt-total' },
          h('span', {}, line.description),
          h('b', {}, `${sign}${formatTokens(Math.abs(line.amount))}`),
        ),
        h(
          'ol',
          { class: 'because' },
          because.map((step) => h('li', {}, step)),
        ),
        h(
          'p',
          { class: 'quiet' },
          `${formatInstant(line.createdAt)}, ${formatTokens(line.balanceAfter)} afterwards`,
        ),
      ),
      h(
        'div',
        { class: 'actions' },
        session &&
          h('a', { class: 'button', href: `#/sessions/${session.sessionId}` }, 'The session’s receipt'),
        purchase &&
          h('a', { class: 'button', href: `#/purchases/${purchase.purchaseId}` }, 'The purchase’s receipt'),
      ),
    ],
  }
}
