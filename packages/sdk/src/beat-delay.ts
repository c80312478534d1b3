/**
 * When to ask the server next.
 *
 * @module
 */

/** A tab that does not lead beats this much later, so that a leader that died is replaced in time. */
export const FOLLOWER_DELAY_MS = 10_000
/** Without an answer the SDK asks again at least this often. */
export const RETRY_DELAY_MAX_MS = 30_000
/** A `Retry-After` is believed up to here; a session is over long before a longer one. */
export const RETRY_AFTER_MAX_MS = 300_000

/** Doubles with every failure and is jittered, so that many pages do not come back in one moment. */
export function retryDelayMs(failures: number, retryAfterMs: number, random: number): number {
  const backoffMs = Math.min(RETRY_DELAY_MAX_MS, 500 * 2 ** failures) * (0.5 + random / 2)
  return Math.max(backoffMs, Math.min(RETRY_AFTER_MAX_MS, retryAfterMs))
}

/** One interval after the last answer, or at the moment the time runs out. */
export function beatDelayMs(
  intervalMs: number,
  sinceAnswerMs: number,
  isLeading: boolean,
  leftMs: number,
): number {
  const dueMs = intervalMs - sinceAnswerMs + (isLeading ? 0 : FOLLOWER_DELAY_MS)
  return Math.max(250, Math.min(dueMs, leftMs + 50))
}
