const whole = new Intl.NumberFormat('en')
const percent = new Intl.NumberFormat('en', { style: 'percent', maximumFractionDigits: 1 })
const moment = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' })

export const formatNumber = (value: number) => whole.format(value)

export const formatTokens = (value: number) => `${whole.format(value)} ${value === 1 ? 'token' : 'tokens'}`

const WITHOUT_HUNDREDTHS = 'bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf'.split(' ')
const WITH_THOUSANDTHS = 'bhd jod kwd omr tnd'.split(' ')

function digitsOf(currency: string): number {
  if (WITHOUT_HUNDREDTHS.includes(currency)) return 0
  return WITH_THOUSANDTHS.includes(currency) ? 3 : 2
}

/** @example formatMoney(950, 'usd') // '$9.50' */
export function formatMoney(cents: number, currency: string): string {
  const digits = digitsOf(currency)
  const shown = { minimumFractionDigits: digits, maximumFractionDigits: digits }
  return new Intl.NumberFormat('en', { style: 'currency', currency, ...shown }).format(cents / 10 ** digits)
}

const CLEAR = [/^\d+$/, /^\d+([.,]\d)?$/, /^\d+([.,]\d{1,2})?$/, /^\d+([.,]\d{1,2}|\.\d{3})?$/]

/**
 * What somebody typed as an amount, in the currency's smallest unit; not a number where that could be read in two ways.
 *
 * @example toCents('9.5', 'usd') // 950
 * @example toCents('950', 'jpy') // 950
 * @example toCents('1,000', 'usd') // NaN: a thousand for some, one for others
 */
export function toCents(typed: string, currency: string): number {
  const digits = digitsOf(currency)
  const isClear = CLEAR[digits]?.test(typed.trim())
  return isClear ? Math.round(Number(typed.trim().replace(',', '.')) * 10 ** digits) : Number.NaN
}

/** @example exampleAmount('kwd') // '0.950' */
export const exampleAmount = (currency: string) =>
  (950 / 10 ** digitsOf(currency)).toFixed(digitsOf(currency))

/** @example formatShare(3, 4) // '75%' */
export const formatShare = (part: number, of: number) => (of === 0 ? '–' : percent.format(part / of))

export const formatMoment = (instant: string) => moment.format(new Date(instant))

/** @example formatTime(754_000) // '12:34' */
export function formatTime(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  const shown = parts[0] === 0 ? parts.slice(1) : parts
  return shown.map((part, index) => (index === 0 ? String(part) : String(part).padStart(2, '0'))).join(':')
}

/** @example formatMinutes(90) // '1 h 30 min' */
export function formatMinutes(minutes: number): string {
  const rounded = Math.round(minutes)
  const hours = Math.floor(rounded / 60)
  return hours === 0 ? `${rounded} min` : `${whole.format(hours)} h ${rounded % 60} min`
}

/** The end of an id is what tells it from its neighbours. */
export const shortId = (id: string) => `…${id.slice(-6)}`
