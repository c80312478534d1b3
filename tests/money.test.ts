/**
 * What is written where people see amounts: Stripe's smallest unit is not everywhere a hundredth.
 *
 * @module
 */
import { expect, test } from 'vitest'
import { formatMoney } from '../apps/api/src/tokens/format-money.ts'
import { formatMoney as formatInDashboard } from '../apps/dashboard/src/format.ts'

test.each([
  ['usd', '$9.50'],
  ['eur', '€9.50'],
  ['jpy', '¥950'],
  ['krw', '₩950'],
  ['mga', 'MGA\u00a0950'],
  ['huf', 'HUF\u00a09.50'],
  ['rsd', 'RSD\u00a09.50'],
  ['isk', 'ISK\u00a09.50'],
  ['ugx', 'UGX\u00a09.50'],
  ['kwd', 'KWD\u00a00.950'],
])('950 of the smallest unit of %s is %s', (currency, text) => {
  expect(formatMoney(950, currency)).toBe(text)
})

// Of the example's pages: scripts without types.
const importOfExample = (name: string) =>
  import(new URL(`../examples/marketplace/public/${name}`, import.meta.url).href)

test('a charge that comes out whole is not called rounded up', async () => {
  const { explainCharge } = await importOfExample('price.js')
  const charge = { usedMs: 4_200, tokensPerMinute: 100, tokensHeld: 100, tokensCharged: 7 }
  expect(explainCharge(charge)).toEqual({
    formula: '4.2 seconds × 100 tokens ÷ 60 = 7',
    rounding: '',
    released: 93,
  })
})

test('the dashboard and the example write every currency as receipts do', async () => {
  const { formatMoney: formatInMarketplace } = await importOfExample('format.js')
  for (const currency of Intl.supportedValuesOf('currency').map((code) => code.toLowerCase())) {
    const text = formatMoney(123_450, currency)
    expect([formatInDashboard(123_450, currency), formatInMarketplace(123_450, currency)]).toEqual([
      text,
      text,
    ])
  }
})
