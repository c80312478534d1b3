/** Of the normal distribution, for 95 of 100. */
const Z = 1.959963984540054

/**
 * Between which shares the true one lies, in 95 of 100 cases, if each of `of` tries succeeded by chance and on its own.
 * Undefined without tries. Honest for few tries and for shares near 0 and 1, where the usual plus-minus is not.
 *
 * Wilson, Probable inference, the law of succession, and statistical inference, 1927.
 *
 * @example wilsonInterval(8, 10) // { low: 0.4902, high: 0.9433 }
 */
export function wilsonInterval(successes: number, of: number): { low: number; high: number } | undefined {
  if (of === 0) return undefined
  const share = successes / of
  const weight = Z ** 2 / of
  const middle = share + weight / 2
  const reach = Z * Math.sqrt((share * (1 - share) + weight / 4) / of)
  return {
    // Exactly 0 and 1 where nothing, or everything, succeeded; arithmetic alone misses them by a hair.
    low: successes === 0 ? 0 : Math.max(0, (middle - reach) / (1 + weight)),
    high: successes === of ? 1 : Math.min(1, (middle + reach) / (1 + weight)),
  }
}
