/**
 * Receipts as pages: tables that print well, without a script.
 *
 * @module
 */
import { escapeHtml } from '../http/page.ts'
import { describeTime } from '../sessions/charge.ts'
import { formatMoney } from '../tokens/format-money.ts'
import { formatSeconds } from './gather-time.ts'
import type { PurchaseReceipt, SessionReceipt } from './receipt.ts'

interface Page {
  title: string
  body: string
}

type Row = (string | number | null)[]

export function renderSessionReceipt(receipt: SessionReceipt): Page {
  const { lines, timeline, time, isTimeComplete, sessionId, providerName, isFinal, openedAt, endedAt } =
    receipt
  const title = `Receipt: ${providerName}`
  const intro = isFinal ? '' : '<p><strong>This session still runs: the figures change.</strong></p>'
  const when = endedAt === null ? instant(openedAt) : `${instant(openedAt)} to ${instant(endedAt)}`
  return {
    title,
    body: `<h1>${escapeHtml(title)}</h1>
<p class="faint">Session <code>${sessionId}</code>, ${when}</p>
${intro}
${table(
  'How the charge came to be',
  ['Line', 'Tokens'],
  lines.map(({ text, tokens }) => [text, tokens]),
)}
${table(
  'Where the time comes from',
  ['When', 'What', 'Time used until then'],
  timeline.map(({ at, event, usedMs }) => [instant(at), event.replace('session.', ''), describeTime(usedMs)]),
)}
${table(
  isTimeComplete ? 'Beat by beat' : 'Beat by beat, of what is still on record',
  ['When', 'What', 'Counted', 'Served and not charged'],
  time.map(({ from, to, what, beats, countedMs, unbilledMs }) => [
    from === to ? instant(from) : `${instant(from).replace(' UTC', '')} to ${instant(to)}`,
    what === 'beats' ? (beats === 1 ? '1 beat' : `${beats} beats`) : what,
    `${formatSeconds(countedMs)} s`,
    unbilledMs === 0 ? null : `${formatSeconds(unbilledMs)} s`,
  ]),
)}`,
  }
}

export function renderPurchaseReceipt(receipt: PurchaseReceipt): Page {
  const { purchaseId, lines, ledger, currency, isPaid, createdAt, paidAt } = receipt
  const title = isPaid ? 'Receipt: tokens bought' : 'Tokens ordered, not paid'
  return {
    title,
    body: `<h1>${escapeHtml(title)}</h1>
<p class="faint">Purchase <code>${purchaseId}</code>, ${instant(paidAt ?? createdAt)}</p>
${table(
  'Price',
  ['Line', 'Amount'],
  lines.map(({ text, amountCents }) => [
    text,
    amountCents === null ? null : formatMoney(amountCents, currency),
  ]),
)}
${table(
  'What it did to the wallet',
  ['When', 'What', 'Tokens', 'Total afterwards'],
  ledger.map(({ createdAt: at, description, amount, balanceAfter }) => [
    instant(at),
    description,
    amount,
    balanceAfter,
  ]),
)}`,
  }
}

function table(caption: string, heads: string[], rows: Row[]): string {
  if (rows.length === 0) return ''
  const cells = (tag: 'th' | 'td', row: Row) => row.map((cell) => `<${tag}>${show(cell)}</${tag}>`).join('')
  return `<table>
<caption>${escapeHtml(caption)}</caption>
<thead><tr>${cells('th', heads).replaceAll('<th>', '<th scope="col">')}</tr></thead>
<tbody>
${rows.map((row) => `<tr>${cells('td', row)}</tr>`).join('\n')}
</tbody>
</table>`
}

function show(cell: string | number | null): string {
  if (cell === null) return ''
  return escapeHtml(typeof cell === 'number' ? cell.toLocaleString('en-US') : cell)
}

/** @example '2026-11-23 09:30:00 UTC' */
function instant(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`
}
