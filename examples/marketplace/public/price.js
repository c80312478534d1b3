/**
 * The arithmetic that is shown. The server's is what counts; both follow the same published rules.
 *
 * @module
 */
import { formatDecimal, formatMinutes, formatTokens } from './format.js'

/** @param {number} tokensPerMinute */
export const rateInWords = (tokensPerMinute) =>
  tokensPerMinute === 0 ? 'Free' : `${formatTokens(tokensPerMinute)} a minute`

/** @param {number} tokensPerMinute @param {number} minutes */
export const mostItCosts = (tokensPerMinute, minutes) => tokensPerMinute * minutes

/** @param {number} tokensPerMinute @param {number} minutes */
export function priceInWords(tokensPerMinute, minutes) {
  if (tokensPerMinute === 0) return `${formatMinutes(minutes)}, free of charge.`
  const most = formatTokens(mostItCosts(tokensPerMinute, minutes))
  return `${formatMinutes(minutes)} ${minutes === 1 ? 'costs' : 'cost'} at most ${most}. You pay for what you use.`
}

/**
 * How a charge came about, line by line.
 *
 * @param {{ usedMs: number, tokensPerMinute: number, tokensHeld: number, tokensCharged: number }} session
 */
export function explainCharge({ usedMs, tokensPerMinute, tokensHeld, tokensCharged }) {
  const exact = (usedMs * tokensPerMinute) / 60_000
  const isRounded = exact < tokensCharged
  return {
    formula: `${formatDecimal(usedMs / 1000)} seconds × ${formatTokens(tokensPerMinute)} ÷ 60 = ${formatDecimal(exact)}`,
    rounding: isRounded ? `rounded up to ${formatTokens(tokensCharged)}` : '',
    released: tokensHeld - tokensCharged,
  }
}

/**
 * What a free choice of tokens costs.
 *
 * @param {number} tokens
 * @param {{ tokenPriceCents: number, tiers: { minTokens: number, discountPercent: number }[] }} packages
 */
export function purchasePrice(tokens, { tokenPriceCents, tiers }) {
  const reached = tiers.filter((tier) => tokens >= tier.minTokens)
  const discountPercent = Math.max(0, ...reached.map((tier) => tier.discountPercent))
  const fullCents = tokens * tokenPriceCents
  return { fullCents, discountPercent, amountCents: Math.round((fullCents * (100 - discountPercent)) / 100) }
}
