/**
 * How use is told to the server so that it counts once, whatever gets lost on the way.
 *
 * A message is repeated as it was, under its own sequence, until it is answered: the server applies the first that
 * arrives and takes the others for repetitions. Its `activeMs` may stay as it was because up to 45 s after the last
 * accepted beat the server counts by its own clock alone.
 *
 * @module
 */
import { leaseEnd } from './time-left.ts'
import type { Session } from './wire.ts'

/** How long the app may be served after a beat. */
const LEASE_MS = 130_000
/** A repetition that is sent later than this after the last beat might arrive after the 45 s in which the clock decides. */
const REPEATED_MS_MAX = 42_000
/**
 * An exchange that takes longer is in doubt: a copy may have arrived at any moment of it. What was used until its end is
 * then not told again. And an answer that opens a closed gate so late comes with a lease that the server has counted
 * since it began: the clock has to start now, which is what resuming does to a session that runs.
 */
export const SLOW_MS = 500

/**
 * True where `activeMs` decides what a message counts, so that it has to be told as it is now. Then the page asks first
 * which messages have arrived: what has, must not be told again.
 *
 * A lease that is cut short by the end of the paid time looks older than it is. That costs a question.
 */
export const isOutdated = (session: Session, serverNow: number): boolean =>
  leaseEnd(session) - serverNow < LEASE_MS - REPEATED_MS_MAX

/** Pause, resume, complete: a person waits for the outcome, so the tries are few. */
export const ACTION_TRIES_MAX = 3
export const ACTION_RETRY_MS = 1_500
