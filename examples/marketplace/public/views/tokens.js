/**
 * The balance, and buying tokens.
 *
 * @module
 */
import { refreshBalance } from '../balance.js'
import { fill, h } from '../element.js'
import { formatMoney, formatNumber, formatTokens } from '../format.js'
import { leaveFor } from '../leave.js'
import { call, callOnce } from '../marketplace.js'
import { whileBusy } from '../notice.js'
import { purchasePrice } from '../price.js'
import { rememberNext } from './purchase.js'

const TOKENS_MIN = 50
const TOKENS_MAX = 1_000_000
const TOKENS_DEFAULT = 500

/** @param {{ query: URLSearchParams }} context */
export async function showTokens({ query }) {
  const [balance, packages] = await Promise.all([refreshBalance(), call('listPackages')])
  const needed = Number(query.get('need')) || 0
  const then = query.get('then')
  const place = h('div')
  const fitting = needed > 0 ? packages.items.find(({ tokens }) => tokens >= needed) : undefined

  const buy = (button, body) =>
    whileBusy(button, place, async () => {
      const { purchase, checkoutUrl } = await callOnce('createPurchase', { body })
      if (then?.startsWith('/')) rememberNext(purchase.id, then)
      await leaveFor(checkoutUrl)
    })

  return {
    title: 'Tokens',
    content: [
      h('h1', { tabindex: '-1' }, 'Tokens'),
      balanceCard(balance),
      balance?.debt &&
        h(
          'p',
          { class: 'notice' },
          `${formatTokens(balance.debt)} are owed: they were refunded after they had been spent. What you buy settles that first, and until then no session opens.`,
        ),
      needed > 0 &&
        h('p', { class: 'notice' }, `${formatTokens(needed)} are missing for what you were about to do.`),
      h(
        'section',
        { 'aria-labelledby': 'buy' },
        h('h2', { id: 'buy' }, 'Buy tokens'),
        h('p', {}, tiersInWords(packages)),
        place,
        h(
          'ul',
          { class: 'packages' },
          packages.items.map((each) => packageCard(each, packages, { isFitting: each === fitting, buy })),
        ),
        freeChoice(packages, { tokens: Math.max(TOKENS_MIN, needed || TOKENS_DEFAULT), buy }),
      ),
    ],
  }
}

function balanceCard(balance) {
  const { available, held, total } = balance ?? { available: 0, held: 0, total: 0 }
  return h(
    'dl',
    { class: 'figures' },
    figure('You can spend', available, 'available'),
    figure('Reserved by sessions', held, 'held'),
    figure('Together', total, 'total'),
  )
}

function figure(label, tokens, id) {
  return h('div', {}, h('dt', {}, label), h('dd', { id: `balance-${id}` }, formatNumber(tokens)))
}

/** Every discount, said before anything is chosen. */
function tiersInWords({ tiers, tokenPriceCents, currency }) {
  const price = formatMoney(tokenPriceCents * 100, currency)
  const steps = tiers
    .filter(({ discountPercent }) => discountPercent > 0)
    .map(({ minTokens, discountPercent }) => `${discountPercent} % less from ${formatNumber(minTokens)}`)
  const discounts = steps.length > 0 ? ` ${steps.join(', ')}.` : ''
  return `100 tokens cost ${price}, in every app and for everybody.${discounts} No other fees.`
}

function packageCard(
  { id, tokens, amountCents, discountPercent },
  { currency, tokenPriceCents },
  { isFitting, buy },
) {
  const saved = tokens * tokenPriceCents - amountCents
  const label = `Buy ${formatTokens(tokens)} for ${formatMoney(amountCents, currency)}`
  const button = h(
    'button',
    {
      type: 'button',
      class: isFitting ? 'button' : 'button is-quiet',
      'aria-label': label,
      onclick: () => buy(button, { packageId: id }),
    },
    'Buy',
  )
  return h(
    'li',
    { class: isFitting ? 'package is-fitting' : 'package' },
    h('div', { class: 'package-tokens' }, h('b', {}, formatNumber(tokens)), ' tokens'),
    h(
      'div',
      { class: 'package-price' },
      h('b', {}, formatMoney(amountCents, currency)),
      h(
        'span',
        { class: 'quiet' },
        discountPercent > 0
          ? `${discountPercent} % off, saves ${formatMoney(saved, currency)}`
          : 'full price',
      ),
      isFitting && h('span', { class: 'tag' }, 'covers what is missing'),
    ),
    button,
  )
}

function freeChoice(packages, { tokens, buy }) {
  const price = h('output', { class: 'price', for: 'tokens' })
  const wrong = h('p', { class: 'wrong', id: 'tokens-wrong' })
  const button = h('button', { type: 'submit', class: 'button is-quiet' }, 'Buy this many')
  const input = h('input', {
    id: 'tokens',
    name: 'tokens',
    type: 'number',
    inputmode: 'numeric',
    min: TOKENS_MIN,
    max: TOKENS_MAX,
    step: '1',
    value: tokens,
    'aria-describedby': 'tokens-wrong',
    oninput: () => read(),
  })

  function read() {
    const value = input.valueAsNumber
    const isRight = Number.isInteger(value) && value >= TOKENS_MIN && value <= TOKENS_MAX
    input.setAttribute('aria-invalid', String(!isRight))
    wrong.textContent = isRight
      ? ''
      : `A whole number from ${formatNumber(TOKENS_MIN)} to ${formatNumber(TOKENS_MAX)}, please.`
    if (!isRight) {
      fill(price)
      return undefined
    }
    const { amountCents, discountPercent } = purchasePrice(value, packages)
    const discount = discountPercent > 0 ? ` (${discountPercent} % off)` : ''
    fill(price, `${formatTokens(value)} for ${formatMoney(amountCents, packages.currency)}${discount}`)
    return value
  }

  read()
  return h(
    'form',
    {
      class: 'form free-choice',
      novalidate: true,
      onsubmit: (event) => {
        event.preventDefault()
        const value = read()
        if (value === undefined) input.focus()
        else void buy(button, { tokens: value })
      },
    },
    h('h3', {}, 'Or any other number'),
    h('div', { class: 'field is-inline' }, h('label', { for: 'tokens' }, 'Tokens'), input),
    wrong,
    price,
    h('div', { class: 'actions' }, button),
  )
}
