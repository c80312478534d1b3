/**
 * Time for people.
 *
 * @module
 */

/**
 * Seconds as people read them.
 *
 * @example
 * formatSeconds(65) // '1:05'
 * formatSeconds(3723) // '1:02:03'
 */
export function formatSeconds(seconds: number): string {
  const twoDigits = (value: number) => String(value).padStart(2, '0')
  const minutes = Math.floor(seconds / 60)
  const rest = twoDigits(seconds % 60)
  return minutes < 60
    ? `${minutes}:${rest}`
    : `${Math.floor(minutes / 60)}:${twoDigits(minutes % 60)}:${rest}`
}
