/** Of Stripe's smallest unit. What `Intl` shows is another matter: forints have hundredths at Stripe, and there none. */
const WITHOUT_HUNDREDTHS = 'bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf'.split(' ')
const WITH_THOUSANDTHS = 'bhd jod kwd omr tnd'.split(' ')

/** @example formatMoney(950, 'usd') // '$9.50' */
export function formatMoney(amountCents: number, currency: string): string {
  const digits = WITHOUT_HUNDREDTHS.includes(currency) ? 0 : WITH_THOUSANDTHS.includes(currency) ? 3 : 2
  const shown = { minimumFractionDigits: digits, maximumFractionDigits: digits }
  return new Intl.NumberFormat('en-US', { style: 'currency', currency, ...shown }).format(
    amountCents / 10 ** digits,
  )
}
