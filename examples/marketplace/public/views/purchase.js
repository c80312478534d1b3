/**
 * A purchase, followed until it is paid. Users come here back from the checkout.
 *
 * @module
 */
import { refreshBalance } from '../balance.js'
import { fill, h } from '../element.js'
import { formatMoney, formatTokens } from '../format.js'
import { call } from '../marketplace.js'
import { problemBox, say } from '../notice.js'
import { printButton, purchaseLines } from '../receipt-lines.js'

const ASK_MS_FIRST = 800
const ASK_MS_MAX = 5_000
/** Then the page asks only when told to: a payment may take days. */
const ASK_SECONDS_MAX = 120

const words = {
  paid: ['Paid. Thank you.', 'The tokens are yours.'],
  failed: ['Not paid', 'The payment was cancelled or refused. Nothing was charged, nothing was bought.'],
  refunded: ['Refunded', 'The money went back, and the tokens with it.'],
  disputed: [
    'Disputed',
    'Your bank is looking into this payment, or into a part of it. Its tokens are set aside until then.',
  ],
  pending: ['Waiting for the payment', 'We have not heard of your payment yet. This page looks by itself.'],
  left: ['Not paid', 'You left the checkout. Nothing was charged, nothing was bought.'],
}
const NOT_ASKED_ANY_MORE = 'We have not heard of your payment yet. Some payments take days: look again then.'

/** @param {{ id: string, query: URLSearchParams, signal: AbortSignal }} context */
export async function showPurchase({ id, query, signal }) {
  // A checkout that was left stays payable for a while: the server calls it pending, its user does not.
  const hasLeft = query.get('result') === 'cancelled'
  const heading = h('h1', { tabindex: '-1', id: 'purchase-state' })
  const text = h('p', { class: 'lead' })
  const facts = h('dl', {})
  const receipt = h('div', { class: 'receipt-parts' })
  const place = h('div')
  const actions = h('div', { class: 'actions' })
  const since = performance.now()
  let status = ''

  async function ask() {
    const purchase = await call('getPurchase', { path: { id } })
    if (signal.aborted || purchase.status === status) return
    status = purchase.status
    const [told] = await Promise.all([
      call('getPurchaseReceipt', { path: { id } }).catch(() => null),
      refreshBalance().catch(() => null),
    ])
    if (signal.aborted) return
    draw(purchase, told?.refundedCents ?? 0)
    fill(receipt, told?.isPaid && purchaseLines(told))
  }

  function draw({ tokens, amountCents, currency, discountPercent }, refundedCents) {
    const isWaiting = status === 'pending' && !hasLeft
    const refunded = formatMoney(refundedCents, currency)
    const [title, sentence] =
      status === 'pending' && hasLeft
        ? words.left
        : status === 'paid' && refundedCents > 0
          ? ['Partly refunded', `${refunded} went back, and the same part of the tokens. The rest is yours.`]
          : (words[status] ?? words.pending)
    heading.textContent = title
    text.textContent = sentence
    document.title = `${title} · Tally`
    say(`${title}. ${sentence}`)
    const discount = discountPercent > 0 ? ` (${discountPercent} % off)` : ''
    fill(
      facts,
      line('Tokens', formatTokens(tokens)),
      line('Price', `${formatMoney(amountCents, currency)}${discount}`),
      refundedCents > 0 && line('Refunded', refunded),
      line('Number', h('code', {}, id)),
    )
    const next = readNext(id)
    fill(
      actions,
      status === 'paid' && next && h('a', { class: 'button', href: `#${next}` }, 'Go on where you were'),
      status === 'paid' &&
        h('a', { class: next ? 'button is-quiet' : 'button', href: '#/' }, 'Choose an app'),
      (status === 'failed' || (status === 'pending' && hasLeft)) &&
        h('a', { class: 'button', href: '#/tokens' }, 'Choose again'),
      status !== 'pending' && status !== 'failed' && printButton(),
      isWaiting &&
        h(
          'button',
          { type: 'button', class: 'button is-quiet', onclick: () => follow(ASK_MS_FIRST) },
          'Look again',
        ),
      isWaiting && h('a', { class: 'button is-quiet', href: '#/tokens' }, 'Back to tokens'),
    )
  }

  let timer
  async function follow(waitMs) {
    clearTimeout(timer)
    try {
      await ask()
      fill(place)
    } catch (error) {
      if (!signal.aborted) fill(place, problemBox(error))
    }
    if (status !== 'pending' || signal.aborted) return
    if ((performance.now() - since) / 1000 > ASK_SECONDS_MAX) {
      if (!hasLeft) text.textContent = NOT_ASKED_ANY_MORE
      return
    }
    timer = setTimeout(() => follow(Math.min(ASK_MS_MAX, waitMs * 1.5)), waitMs)
  }
  signal.addEventListener('abort', () => clearTimeout(timer))

  await ask()
  if (status === 'pending') timer = setTimeout(() => follow(ASK_MS_FIRST), ASK_MS_FIRST)
  return {
    title: heading.textContent,
    content: [
      heading,
      text,
      h('section', { class: 'ticket', 'aria-label': 'Purchase' }, facts),
      receipt,
      place,
      actions,
    ],
  }
}

function line(term, value) {
  return h('div', { class: 'line' }, h('dt', {}, term), h('dd', {}, value))
}

// What the tokens were wanted for, kept in this tab over the checkout.

/** @param {string} purchaseId @param {string} path */
export function rememberNext(purchaseId, path) {
  sessionStorage.setItem(`tally.next.${purchaseId}`, path)
}

/** @param {string} purchaseId */
function readNext(purchaseId) {
  return sessionStorage.getItem(`tally.next.${purchaseId}`)
}
