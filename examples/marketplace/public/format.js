/**
 * Numbers, money and time in words.
 *
 * @module
 */
const whole = new Intl.NumberFormat('en')
const upToThree = new Intl.NumberFormat('en', { maximumFractionDigits: 3 })
const day = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' })
const second = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'medium' })

/** @param {number} count @example formatTokens(1) // '1 token' */
export const formatTokens = (count) => `${formatNumber(count)} ${count === 1 ? 'token' : 'tokens'}`

/** @param {number} value */
export const formatNumber = (value) => whole.format(value)

/** @param {number} value */
export const formatDecimal = (value) => upToThree.format(value)

/** @param {number} minutes */
export const formatMinutes = (minutes) => `${formatNumber(minutes)} ${minutes === 1 ? 'minute' : 'minutes'}`

const WITHOUT_HUNDREDTHS = 'bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf'.split(' ')
const WITH_THOUSANDTHS = 'bhd jod kwd omr tnd'.split(' ')

/** @param {number} cents @param {string} currency */
export function formatMoney(cents, currency) {
  const digits = WITHOUT_HUNDREDTHS.includes(currency) ? 0 : WITH_THOUSANDTHS.includes(currency) ? 3 : 2
  const shown = { minimumFractionDigits: digits, maximumFractionDigits: digits }
  return new Intl.NumberFormat('en', { style: 'currency', currency, ...shown }).format(cents / 10 ** digits)
}

/** @param {string} instant */
export const formatInstant = (instant) => day.format(new Date(instant))

/** Where seconds are what is told. @param {string} instant */
export const formatSecond = (instant) => second.format(new Date(instant))

/** @param {number} seconds @example formatClock(432) // '7:12' */
export function formatClock(seconds) {
  const hours = Math.floor(seconds / 3600)
  const minutes = Math.floor(seconds / 60) % 60
  const rest = String(Math.floor(seconds) % 60).padStart(2, '0')
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${rest}` : `${minutes}:${rest}`
}

/** @param {number} ms @example formatDuration(432_000) // '7 minutes 12 seconds' */
export function formatDuration(ms) {
  const seconds = ms / 1000
  const minutes = Math.floor(seconds / 60)
  const rest = Math.round((seconds - minutes * 60) * 1000) / 1000
  const words = `${formatDecimal(rest)} ${rest === 1 ? 'second' : 'seconds'}`
  if (minutes === 0) return words
  return rest === 0 ? formatMinutes(minutes) : `${formatMinutes(minutes)} ${words}`
}
