/**
 * What used time costs: the one formula, for what is charged and for what is explained.
 *
 * @module
 */

/**
 * Whole tokens for so many milliseconds, rounded up, as SQL.
 *
 * @example `select ${chargeSql('s.tokens_per_minute', 's.used_ms')} from sessions s`
 */
export const chargeSql = (tokensPerMinute: string, usedMs: string) =>
  `(${tokensPerMinute} * (${usedMs}) + 59999) / 60000`

/**
 * The same before rounding, for people to follow: at most six decimals, the last one rounded up, so that nothing that
 * is rounded up to a whole token looks whole already.
 *
 * @example exactTokens({ tokensPerMinute: 4, usedMs: 432_000 }) // '28.8'
 */
export function exactTokens({
  tokensPerMinute,
  usedMs,
}: {
  tokensPerMinute: number
  usedMs: number
}): string {
  const millionths = (BigInt(tokensPerMinute) * BigInt(usedMs) * 1_000_000n + 59_999n) / 60_000n
  const decimals = String(millionths % 1_000_000n)
    .padStart(6, '0')
    .replace(/0+$/, '')
  return decimals === '' ? String(millionths / 1_000_000n) : `${millionths / 1_000_000n}.${decimals}`
}

/** @example describeUse({ usedMs: 432_000, tokensPerMinute: 4 }) // '7 min 12 s at 4 tokens a minute' */
export function describeUse({
  usedMs,
  tokensPerMinute,
}: {
  usedMs: number
  tokensPerMinute: number
}): string {
  return `${describeTime(usedMs)} at ${tokensPerMinute} ${tokensPerMinute === 1 ? 'token' : 'tokens'} a minute`
}

/** @example describeTime(432_000) // '7 min 12 s'; describeTime(6_089) // '6.089 s' */
export function describeTime(ms: number): string {
  const whole = Math.ceil(ms)
  const seconds = (whole % 60_000) / 1000
  const parts = [
    whole >= 60_000 && `${Math.floor(whole / 60_000)} min`,
    (seconds > 0 || whole === 0) && `${seconds} s`,
  ]
  return parts.filter(Boolean).join(' ')
}
