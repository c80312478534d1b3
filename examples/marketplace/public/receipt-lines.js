/**
 * Receipts as the server tells them, to be followed line by line.
 *
 * @module
 */
import { h } from './element.js'
import { formatDuration, formatInstant, formatMoney, formatNumber, formatSecond } from './format.js'

/** @type {Record<string, string>} */
const events = {
  'session.created': 'Opened, tokens reserved',
  'session.started': 'Time began',
  'session.paused': 'Paused',
  'session.resumed': 'Went on',
  'session.extended': 'Extended, more reserved',
  'session.completed': 'Ended',
  'session.expired': 'Time was used up',
  'session.abandoned': 'Ended after silence',
  'session.cancelled': 'Cancelled',
  'session.revoked': 'The app was taken off',
}

/** @type {Record<string, string>} */
const stretches = {
  pause: 'Up to a pause',
  end: 'Up to the end',
  'another browser': 'Went on in another browser',
  'back again': 'Opened again',
  'asked again': 'Opened again',
}

/** @param {import('./client.js').Answer<'getSessionReceipt'>} receipt */
export function followReceipt({ lines, timeline, time }) {
  return [
    section(
      'line-by-line',
      'Line by line',
      lines.map(({ text, tokens }) => line(text, tokens === null ? '' : withMinus(formatNumber(tokens)))),
    ),
    timeline.length > 0 &&
      section(
        'where-time-comes-from',
        'Where the time comes from',
        timeline.map(({ at, event, usedMs }) =>
          line(
            [events[event] ?? event, h('span', { class: 'receipt-note' }, formatSecond(at))],
            `${formatDuration(usedMs)} so far`,
          ),
        ),
      ),
    time.length > 0 && section('beat-by-beat', 'Beat by beat', time.map(stretchLine)),
  ]
}

/** Signs of life that followed one another, and what was served besides and is not charged. */
function stretchLine({ from, to, what, beats, countedMs, unbilledMs }) {
  const name = stretches[what] ?? (beats === 1 ? '1 sign of life' : `${formatNumber(beats)} signs of life`)
  const when = from === to ? formatSecond(from) : `${formatSecond(from)} to ${formatSecond(to)}`
  const free = unbilledMs > 0 && `${formatDuration(unbilledMs)} more were served and are not charged`
  return line(
    [name, h('span', { class: 'receipt-note' }, [when, free].filter(Boolean).join('; '))],
    `+ ${formatDuration(countedMs)}`,
  )
}

/** @param {import('./client.js').Answer<'getPurchaseReceipt'>} receipt */
export function purchaseLines({ lines, ledger, currency }) {
  return [
    section(
      'line-by-line',
      'Line by line',
      lines.map(({ text, amountCents }) =>
        line(text, amountCents === null ? '' : withMinus(formatMoney(amountCents, currency))),
      ),
    ),
    section(
      'what-it-did',
      'What it did to your balance',
      ledger.map(({ description, amount, balanceAfter, createdAt }) =>
        line(
          [description, h('span', { class: 'receipt-note' }, formatInstant(createdAt))],
          `${amount < 0 ? '−' : '+'}${formatNumber(Math.abs(amount))}, leaves ${formatNumber(balanceAfter)}`,
        ),
      ),
    ),
  ]
}

/** A minus sign is as wide as a plus. @param {string} figure */
const withMinus = (figure) => figure.replace('-', '−')

export const printButton = () =>
  h('button', { type: 'button', class: 'button is-quiet', onclick: () => print() }, 'Print')

function section(id, title, lines) {
  return h('section', { class: 'ticket', 'aria-labelledby': id }, h('h2', { id }, title), h('dl', {}, lines))
}

function line(term, value) {
  return h('div', { class: 'line' }, h('dt', {}, term), h('dd', {}, value))
}
