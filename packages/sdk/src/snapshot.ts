/**
 * One consistent view of a session, made from what is known.
 *
 * @module
 */
import type { MarketplaceError } from './errors.ts'
import type { Phase, SessionOptions, Snapshot } from './session.ts'
import type { SessionRecord } from './session-record.ts'
import { leaseEnd } from './time-left.ts'
import type { Timekeeper } from './timekeeper.ts'

/** What there is before anything was started, and on a server. */
export const idle: Snapshot = {
  phase: 'idle',
  canServe: false,
  isEnding: false,
  isWarningDismissed: false,
  session: null,
  error: null,
}

/** True while there is a session, running or paused. */
export const isLive = (phase: Phase): boolean => phase === 'active' || phase === 'paused'

/** The same, or its launch is being validated. */
export const isGoing = (phase: Phase): boolean => phase === 'starting' || isLive(phase)

/** The next snapshot, or `last` itself if nothing in it changed. */
export function nextSnapshot(
  last: Snapshot,
  phase: Phase,
  error: MarketplaceError | null,
  record: SessionRecord,
  leftMs: number,
  time: Timekeeper,
  mayGiveTime: boolean,
  { warningSeconds }: SessionOptions,
): Snapshot {
  const session = record.session ?? null
  let canServe = false
  let isEnding = false
  if (session && isLive(phase)) {
    const isServed = leftMs > 0 && (mayGiveTime || time.now() < leaseEnd(session))
    // Right after a jump of the clocks the gate stays as it was, until the server was asked.
    canServe = phase === 'active' && (time.doubts() ? last.canServe : isServed)
    isEnding =
      leftMs <= Math.min(warningSeconds ?? session.warningSeconds, session.durationSeconds / 2) * 1000
  }
  const next: Snapshot = {
    phase,
    canServe,
    isEnding,
    isWarningDismissed: isEnding && !!record.isWarningDismissed,
    session,
    error,
  }
  const keys = Object.keys(next) as (keyof Snapshot)[]
  return keys.every((key) => next[key] === last[key]) ? last : next
}
