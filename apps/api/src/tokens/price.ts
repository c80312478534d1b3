/**
 * What tokens cost and what a refund takes back: all the arithmetic of money, and nothing else.
 *
 * @module
 */
import { assert } from '../assert.ts'
import type { DiscountTier } from '../config.ts'
import { amountCentsMaxOf, stepCentsOf } from '../currency.ts'

export const PURCHASE_TOKENS_MIN = 50
export const PURCHASE_TOKENS_MAX = 1_000_000

/** Sizes on offer; every other number within the bounds can be bought as well. */
const PACKAGE_TOKENS = [100, 500, 1_000, 5_000, 20_000] as const

export interface Price {
  tokens: number
  amountCents: number
  discountPercent: number
}

/** The discount of the highest tier that the number reaches; it applies to all tokens of the purchase. */
export function discountPercentOf(tiers: readonly DiscountTier[], tokens: number): number {
  return tiers.reduce((best, tier) => (tokens >= tier.minTokens ? tier.discountPercent : best), 0)
}

interface Terms {
  currency: string
  tokenPriceCents: number
  discountTiers: readonly DiscountTier[]
}

/**
 * Whole cents, a half rounded up: tokens × price × (100 − discount) ÷ 100. One rounding, at the end, of the whole
 * purchase, so nobody is more than half a cent away from the tier's price. Where a currency's amounts go by tens or hundreds of
 * its smallest unit, so does the price.
 *
 * @example priceOf({ currency: 'usd', tokenPriceCents: 1, discountTiers: [{ minTokens: 1000, discountPercent: 5 }] }, 1010) // 959.5 → 960
 */
export function priceOf({ currency, tokenPriceCents, discountTiers }: Terms, tokens: number): Price {
  assert(Number.isSafeInteger(tokens) && tokens > 0, 'tokens are a whole number above zero')
  const discountPercent = discountPercentOf(discountTiers, tokens)
  const step = stepCentsOf(currency)
  const steps = Math.floor((tokens * tokenPriceCents * (100 - discountPercent) + 50 * step) / (100 * step))
  const amountCents = steps * step
  assert(Number.isSafeInteger(amountCents), 'an amount is a safe whole number')
  return { tokens, amountCents, discountPercent }
}

/**
 * Tokens that all refunds and disputes so far take back together: floor(tokens × refunded ÷ paid), so that parts never add
 * up to more than the whole. In whole numbers of any size: the product outgrows a double.
 */
export function tokensTakenBack(input: { tokens: number; refundedCents: number; paidCents: number }): number {
  const { tokens, refundedCents, paidCents } = input
  assert(
    refundedCents >= 0 && refundedCents <= paidCents && paidCents > 0,
    'a refund is a part of what was paid',
  )
  return Number((BigInt(tokens) * BigInt(refundedCents)) / BigInt(paidCents))
}

export interface TokenPackage extends Price {
  id: string
}

/** The sizes on offer that one payment takes. */
export function listPackages(terms: Terms): TokenPackage[] {
  const max = amountCentsMaxOf(terms.currency)
  return PACKAGE_TOKENS.map((tokens) => ({ id: `tokens-${tokens}`, ...priceOf(terms, tokens) })).filter(
    ({ amountCents }) => amountCents <= max,
  )
}
