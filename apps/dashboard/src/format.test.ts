import { expect, test } from 'vitest'
import { toCents } from './format.ts'

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
  expect(toCents(typed)).toBe(cents)
})
