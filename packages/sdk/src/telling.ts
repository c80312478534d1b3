/**
 * How use is told to the server so that it counts once, whatever gets lost on the way.
 *
 * A message keeps its sequence until it is answered: the server applies the first copy that arrives and takes the others
 * for repetitions. Where none was answered the page asks first what has arrived, and goes on from what was counted.
 *
 * @module
 */
import type { Ports } from './ports.ts'
import type { SessionRecord } from './session-record.ts'
import { leaseEnd, remainingMs } from './time-left.ts'
import type { Session } from './wire.ts'

/** How long the app may be served after a beat. */
export const LEASE_MS = 130_000
/**
 * An exchange that takes longer is in doubt: a copy may have arrived at any moment of it, so all use until its end is
 * taken for told until an answer says what was counted. And an answer that opens a closed gate so late comes with a lease
 * that the server has counted since it began: the clock has to start now, which is what resuming does to a session that
 * runs.
 */
export const SLOW_MS = 500

/**
 * The time left when the lease has run its course: unlike `usedMs` and `remainingMs`, which a reading projects up to now,
 * it changes only by what is counted. 0 where the end of the paid time cuts the lease short, and so says nothing.
 */
const leftAfterLease = (session: Session): number => remainingMs(session, Infinity)

/**
 * What the server has counted between two answers, and so which copy of a message was heard; 0 where they do not
 * tell.
 *
 * Leases of two kinds (none while paused, a short one at first and beyond the allowance) differ by more than a message
 * counts, as an extension does: that is less than nothing, or more than there can be. Where a whole lease was counted, more may have
 * been told than that, as providers may give time away.
 */
export function countedMs(before: Session, after: Session): number {
  const leftMs = leftAfterLease(after)
  const counted = leftMs && leftAfterLease(before) - leftMs
  return counted < LEASE_MS ? Math.max(0, counted) : Infinity
}

/**
 * True where the last beat was so long before an answer that the next one counts what it tells: more than 45 s, unless
 * the end of the paid time cuts the lease short.
 */
export const isLongSilent = (session: Session): boolean =>
  leaseEnd(session) - Date.parse(session.serverTime) < Math.min(LEASE_MS - 45_000, session.remainingMs)

/** Says the last word about a session that is left, so that its time stops: only what no beat has told. */
export function sendFinal(ports: Ports, sessionsUrl: string, left: SessionRecord, usedMs: number): void {
  const { clientId, sessionJwt, told } = left
  const activeMs = usedMs - (told?.activeMs || 0)
  ports.beacon(
    `${sessionsUrl}/${left.session!.id}/heartbeat`,
    JSON.stringify({ clientId, sequence: ++left.sequence, activeMs, final: true, sessionJwt }),
  )
}
