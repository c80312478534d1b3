/**
 * One session: its clock while it runs, its receipt when it is over. Users come here back from an app.
 *
 * @module
 */
import { findProvider, getSession } from '../api.js'
import { refreshBalance } from '../balance.js'
import { h } from '../element.js'
import { formatDuration, formatInstant, formatMinutes, formatTokens } from '../format.js'
import { call } from '../marketplace.js'
import { explainCharge } from '../price.js'
import { followReceipt, printButton } from '../receipt-lines.js'
import { sessionCard } from '../running-sessions.js'

/** Why it ended, as the server says; what stands in the address bar is only a hint. */
const endings = {
  completed: 'You ended the session.',
  expired: 'The time you reserved was used up.',
  abandoned: 'The session was silent or paused for too long, so we ended it. Only confirmed time is charged.',
  cancelled: 'The app was never opened, so nothing is charged.',
  revoked: 'The app was taken off the marketplace. You are charged up to its last sign of life.',
}

/** @param {{ id: string, query: URLSearchParams, signal: AbortSignal, reload: () => void }} context */
export async function showSession({ id, query, signal, reload }) {
  const session = await getSession(id)
  const [provider] = await Promise.all([
    findProvider(session.providerId).catch(() => null),
    refreshBalance().catch(() => null),
  ])
  const name = provider?.name ?? 'An app that is no longer listed'
  if (session.status === 'ended') {
    const told = await call('getSessionReceipt', { path: { id } })
    return { title: `Receipt: ${name}`, content: receipt(session, name, provider, told) }
  }

  const { element, openExtend } = sessionCard(session, { signal, onend: reload, tag: 'div' })
  const isBack = query.has('reason')
  if (query.get('reason') === 'extend') {
    // Asked for once: a reload must not ask again after one has extended.
    history.replaceState(history.state, '', `#/sessions/${id}?reason=`)
    requestAnimationFrame(() => !signal.aborted && openExtend())
  }
  return {
    title: `Session: ${name}`,
    content: [
      h('p', { class: 'crumb' }, h('a', { href: '#/sessions' }, 'All sessions')),
      h('h1', { tabindex: '-1' }, isBack ? 'Your session is still open' : 'Your session'),
      h(
        'p',
        { class: 'lead' },
        isBack
          ? 'Go back in at no charge: it is the same session on the same clock.'
          : 'You can go back in at any time, at no charge.',
      ),
      element,
    ],
  }
}

/**
 * @param {any} session @param {string} name @param {{ id: string } | null} provider
 * @param {import('../client.js').Answer<'getSessionReceipt'>} told
 */
function receipt(session, name, provider, told) {
  const { usedMs, tokensPerMinute, tokensHeld, tokensCharged, durationSeconds, endReason } = session
  const { formula, rounding, released } = explainCharge(session)
  return [
    h('p', { class: 'crumb' }, h('a', { href: '#/sessions' }, 'All sessions')),
    h('h1', { tabindex: '-1' }, name),
    h('p', { class: 'lead' }, endings[endReason] ?? 'The session is over.'),
    h(
      'section',
      { class: 'ticket receipt', 'aria-label': 'Receipt' },
      h(
        'p',
        { class: 'receipt-total' },
        h('span', {}, 'Charged'),
        h('b', { id: 'charged' }, formatTokens(tokensCharged)),
      ),
      h(
        'dl',
        {},
        line('Time used', h('span', { id: 'used' }, formatDuration(usedMs))),
        line('Price', `${formatTokens(tokensPerMinute)} a minute`),
        line('That makes', [
          h('span', { id: 'formula' }, formula),
          rounding && h('span', { class: 'receipt-note' }, rounding),
        ]),
        line(`Reserved for ${formatMinutes(Math.round(durationSeconds / 60))}`, formatTokens(tokensHeld)),
        line('Came back to you', h('span', { id: 'released' }, formatTokens(released))),
        session.startedAt && line('Started', formatInstant(session.startedAt)),
        session.endedAt && line('Ended', formatInstant(session.endedAt)),
        line('Number', h('code', {}, session.id)),
      ),
    ),
    followReceipt(told),
    h(
      'div',
      { class: 'actions' },
      provider && h('a', { class: 'button', href: `#/apps/${provider.id}` }, 'Use it again'),
      h('a', { class: 'button is-quiet', href: '#/history' }, 'See your history'),
      printButton(),
    ),
  ]
}

function line(term, value) {
  return h('div', { class: 'line' }, h('dt', {}, term), h('dd', {}, value))
}
