import fc from 'fast-check'
import { expect, test } from 'vitest'
import { discountPercentOf, listPackages, priceOf, tokensTakenBack } from './price.ts'

const discountTiers = [
  { minTokens: 1, discountPercent: 0 },
  { minTokens: 1_000, discountPercent: 5 },
  { minTokens: 5_000, discountPercent: 10 },
  { minTokens: 20_000, discountPercent: 20 },
]
const config = { currency: 'usd', tokenPriceCents: 1, discountTiers }

test.each([
  [50, 50, 0],
  [999, 999, 0],
  [1_000, 950, 5],
  [1_010, 960, 5], // 959.5
  [1_009, 959, 5], // 958.55
  [1_001, 951, 5], // 950.95
  [4_999, 4_749, 5], // 4749.05
  [5_000, 4_500, 10],
  [19_999, 17_999, 10], // 17999.1
  [20_000, 16_000, 20],
  [1_000_000, 800_000, 20],
])('%i tokens cost %i cents at %i %% off', (tokens, amountCents, discountPercent) => {
  expect(priceOf(config, tokens)).toEqual({ tokens, amountCents, discountPercent })
})

test.each([
  [1, 100_000, 100_000],
  [1_000_000, 100_000, 80_000_000_000],
])('%i tokens at %i cents each cost %i', (tokens, tokenPriceCents, amountCents) => {
  expect(priceOf({ ...config, tokenPriceCents }, tokens).amountCents).toBe(amountCents)
})

test.each([
  ['usd', 1, 960],
  ['jpy', 1, 960],
  ['kwd', 10, 9_600], // 9595
  ['isk', 100, 96_000], // 95950
])('1,010 tokens of %s at %i each cost %i: what Stripe takes', (currency, tokenPriceCents, amountCents) => {
  expect(priceOf({ currency, tokenPriceCents, discountTiers }, 1_010).amountCents).toBe(amountCents)
})

test('what one payment does not take is not on offer', () => {
  const dear = (currency: string) => listPackages({ currency, tokenPriceCents: 100_000, discountTiers })
  expect(dear('usd').map(({ tokens }) => tokens)).toEqual([100, 500, 1_000])
  expect(dear('idr').map(({ tokens }) => tokens)).toEqual([100, 500, 1_000, 5_000, 20_000])
})

test('below the lowest tier there is no discount', () => {
  expect(discountPercentOf([{ minTokens: 100, discountPercent: 50 }], 99)).toBe(0)
  expect(discountPercentOf([], 1_000_000)).toBe(0)
})

test('the packages are whole sizes at the tiers’ prices', () => {
  expect(listPackages(config)).toEqual([
    { id: 'tokens-100', tokens: 100, amountCents: 100, discountPercent: 0 },
    { id: 'tokens-500', tokens: 500, amountCents: 500, discountPercent: 0 },
    { id: 'tokens-1000', tokens: 1_000, amountCents: 950, discountPercent: 5 },
    { id: 'tokens-5000', tokens: 5_000, amountCents: 4_500, discountPercent: 10 },
    { id: 'tokens-20000', tokens: 20_000, amountCents: 16_000, discountPercent: 20 },
  ])
})

test.each([
  [1_000, 0, 950, 0],
  [1_000, 1, 950, 1],
  [1_000, 475, 950, 500],
  [1_000, 949, 950, 998],
  [1_000, 950, 950, 1_000],
  [3, 1, 2, 1],
  [1_000_000, 79_999_999_999, 80_000_000_000, 999_999],
])('of %i tokens, %i of %i cents refunded take back %i', (tokens, refundedCents, paidCents, taken) => {
  expect(tokensTakenBack({ tokens, refundedCents, paidCents })).toBe(taken)
})

test('where amounts go by tens or hundreds, so do prices, within half a step of the tier’s', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1_000_000 }),
      fc.integer({ min: 1, max: 1_000 }),
      fc.constantFrom({ currency: 'kwd', step: 10 }, { currency: 'isk', step: 100 }),
      (tokens, steps, { currency, step }) => {
        const terms = { currency, tokenPriceCents: steps * step, discountTiers }
        const { amountCents, discountPercent } = priceOf(terms, tokens)
        const exact = BigInt(tokens) * BigInt(steps * step) * BigInt(100 - discountPercent)
        const difference = (BigInt(amountCents) * 100n - exact) / BigInt(step)
        return amountCents % step === 0 && difference > -50n && difference <= 50n
      },
    ),
  )
})

test('a price is within half a cent of the tier’s, in whole cents', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1_000_000 }),
      fc.integer({ min: 1, max: 100_000 }),
      (tokens, price) => {
        const { amountCents, discountPercent } = priceOf({ ...config, tokenPriceCents: price }, tokens)
        const exact = BigInt(tokens) * BigInt(price) * BigInt(100 - discountPercent)
        const difference = BigInt(amountCents) * 100n - exact
        return Number.isSafeInteger(amountCents) && difference > -50n && difference <= 50n
      },
    ),
  )
})
