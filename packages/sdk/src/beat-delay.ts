/**
 * When to ask the server next.
 *
 * @module
 */
import { REQUEST_TIMEOUT_MS } from './api.ts'
import { LEASE_MS } from './telling.ts'
import { leaseEnd } from './time-left.ts'
import type { Session } from './wire.ts'

/** A tab that does not lead beats this much later, so that a leader that died is replaced in time. */
export const FOLLOWER_DELAY_MS = 10_000
/** Without an answer the SDK asks again at least this often. */
export const RETRY_DELAY_MAX_MS = 30_000
/** A `Retry-After` is believed up to here; a session is over long before a longer one. */
export const RETRY_AFTER_MAX_MS = 300_000
/**
 * Pause, resume, complete: a person waits for the outcome, so the tries are few, and a `Retry-After` longer than a request
 * may take is the outcome.
 */
export const ACTION_TRIES_MAX = 3
export const ACTION_RETRY_MS = 1_500

/** Doubles with every failure and is jittered, so that many pages do not come back in one moment. */
export function retryDelayMs(failures: number, retryAfterMs: number, random: number): number {
  const backoffMs = (Math.min(RETRY_DELAY_MAX_MS, 500 * 2 ** failures) * (1 + random)) / 2
  return Math.max(backoffMs, Math.min(RETRY_AFTER_MAX_MS, retryAfterMs))
}

/**
 * One interval after the last beat, or at the moment the time runs out.
 *
 * The beat is as old as its lease says, where its second copy was answered. What looks older than an exchange lasts is a
 * lease of another length: then the answer's time stands for the beat's.
 */
export function beatDelayMs(session: Session, serverNow: number, isLeading: boolean, leftMs: number): number {
  const { heartbeatIntervalSeconds, serveUntil, status } = session
  const answeredAt = Date.parse(session.serverTime)
  const heardAt = leaseEnd(session) - LEASE_MS
  const beatAt = answeredAt - heardAt > REQUEST_TIMEOUT_MS ? answeredAt : heardAt
  const dueMs = beatAt + heartbeatIntervalSeconds * 1000 - serverNow + (isLeading ? 0 : FOLLOWER_DELAY_MS)
  // Active without a lease: a tab that left said so under the same sequence, and our beat was taken for a repetition.
  const latestMs = status === 'active' ? (serveUntil ? leftMs + 50 : 1_000) : dueMs
  return Math.max(250, Math.min(dueMs, latestMs))
}
