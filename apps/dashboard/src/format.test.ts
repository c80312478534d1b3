import { expect, test } from 'vitest'
import { exampleAmount, toCents } from './format.ts'

test.each([
  ['9.50', 950],
  ['9,5', 950],
  [' 12 ', 1_200],
  ['1234.56', 123_456],
  // A thousand for some and one for others: money is not given back on a guess.
  ['1,000', Number.NaN],
  ['1,000.50', Number.NaN],
  ['9.505', Number.NaN],
  ['-5', Number.NaN],
  ['1e3', Number.NaN],
  ['', Number.NaN],
])('the amount %j is %d cents', (typed, cents) => {
  expect(toCents(typed, 'usd')).toBe(cents)
})

test.each([
  ['950', 'jpy', 950],
  ['9.50', 'jpy', Number.NaN],
  ['0.950', 'kwd', 950],
  ['0,95', 'kwd', 950],
  ['1.000', 'kwd', 1_000],
  ['1,000', 'kwd', Number.NaN],
  ['9.50', 'isk', 950],
])('%j of %s is %d of its smallest unit', (typed, currency, cents) => {
  expect(toCents(typed, currency)).toBe(cents)
})

test.each(['usd', 'jpy', 'kwd'])('the example of an amount of %s is one', (currency) => {
  expect(toCents(exampleAmount(currency), currency)).toBe(950)
})
