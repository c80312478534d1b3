/**
 * What a session's last answer means at a later moment.
 *
 * @module
 */
import type { Session } from './wire.ts'

/** Until when the app may serve, in milliseconds of the server's time. */
export const leaseEnd = (session: Session): number => Date.parse(session.serveUntil ?? session.serverTime)

/**
 * The time left. It runs while the session is active and served; past the lease nothing is billed,
 * so it stands still there, unless the provider gives that time away.
 */
export function remainingMs(session: Session, serverNow: number, mayGiveTime?: boolean): number {
  if (session.status !== 'active') return session.remainingMs
  const now = mayGiveTime ? serverNow : Math.min(serverNow, leaseEnd(session))
  return Math.max(0, session.remainingMs - Math.max(0, now - Date.parse(session.serverTime)))
}
