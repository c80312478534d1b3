import { digitsOf } from '../currency.ts'

/** @example formatMoney(950, 'usd') // '$9.50' */
export function formatMoney(amountCents: number, currency: string): string {
  const digits = digitsOf(currency)
  const shown = { minimumFractionDigits: digits, maximumFractionDigits: digits }
  return new Intl.NumberFormat('en-US', { style: 'currency', currency, ...shown }).format(
    amountCents / 10 ** digits,
  )
}
