/**
 * What Stripe says of the amounts of a currency: https://docs.stripe.com/currencies
 *
 * @module
 */

/** Of Stripe's smallest unit. What `Intl` shows is another matter: forints have hundredths at Stripe, and there none. */
const WITHOUT_HUNDREDTHS = 'bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf'.split(' ')
const WITH_THOUSANDTHS = 'bhd jod kwd omr tnd'.split(' ')
/** Told in hundredths, which have to be none. */
const WITH_EMPTY_HUNDREDTHS = ['isk', 'ugx']
/** Of these it takes more than eight digits, how many depends on the way of paying. */
const WITH_MORE_DIGITS = ['cop', 'huf', 'idr', 'inr', 'jpy', 'lbp']
const AMOUNT_CENTS_MAX = 99_999_999

/** How many of an amount's digits stand behind the point. */
export function digitsOf(currency: string): number {
  if (WITHOUT_HUNDREDTHS.includes(currency)) return 0
  return WITH_THOUSANDTHS.includes(currency) ? 3 : 2
}

/** The least that two amounts can differ by: of thousandths the last digit has to be 0. */
export function stepCentsOf(currency: string): number {
  if (WITH_THOUSANDTHS.includes(currency)) return 10
  return WITH_EMPTY_HUNDREDTHS.includes(currency) ? 100 : 1
}

/** The most that one payment takes; where that depends on more than the currency, only Stripe knows. */
export function amountCentsMaxOf(currency: string): number {
  if (WITH_MORE_DIGITS.includes(currency)) return Number.POSITIVE_INFINITY
  return AMOUNT_CENTS_MAX - (AMOUNT_CENTS_MAX % stepCentsOf(currency))
}
