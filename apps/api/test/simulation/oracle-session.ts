/**
 * What the text of the design says about sessions and time (§ 6), as a model in memory: the oracle. Imports nothing
 * of the implementation, on purpose.
 *
 * @module
 */

/** A piece of the session's time, and what of it was counted. */
export interface Gap {
  what: string
  from: number
  to: number
  counted: number
}

export interface SessionModel {
  id: string
  providerId: string
  status: 'pending' | 'active' | 'paused' | 'ended'
  endReason: string | null
  durationMs: number
  usedMs: number
  /** Up to which `usedMs` the app may serve for all it was told; null where it knows what there is. */
  toldMs: number | null
  /** Where the marketplace resumed, and the app may not have heard of the pause: its use began before that. */
  isResumedThere: boolean
  tokensPerMinute: number
  held: number
  charged: number | null
  jti: string
  launchExpiresAt: number
  launchSpentBy: string | null
  /** The launch by which its client holds it. */
  heldJti: string | null
  clientId: string | null
  sequence: number
  lastBeat: number
  isFirstBeatDue: boolean
  isFinal: boolean
  isLeaseShort: boolean
  pausedAt: number
  pausedMs: number
  isPausedByUser: boolean
  createdAt: number
  startedAt: number | null
  endedAt: number | null
  gaps: Gap[]
}

const SECOND = 1_000
const MINUTE = 60 * SECOND
const LIFE = 24 * 60 * MINUTE
const INTERVAL_AND_SLACK = 45 * SECOND
const LEASE = 130 * SECOND
const SILENCE = 30 * MINUTE

export const leaseOf = (s: SessionModel) => (s.isFirstBeatDue || s.isLeaseShort ? INTERVAL_AND_SLACK : LEASE)
export const remainingOf = (s: SessionModel) => s.durationMs - s.usedMs
/** What of it the app knows of: it hears of extensions, pauses and resumptions in the marketplace with its next beat. */
export const knownOf = (s: SessionModel) =>
  (s.toldMs ?? (s.status === 'active' ? s.durationMs : s.usedMs)) - s.usedMs

/** Served since the last beat, or since a pause of which the app has not heard: the lease, at most what it knows of. */
export function servedMs(s: SessionModel, at: number): number {
  if ((s.status !== 'active' && s.status !== 'paused') || s.isFinal) return 0
  return Math.max(0, Math.min(at - s.lastBeat, leaseOf(s), knownOf(s)))
}

/** It never moves back by what two clocks differ; further back it is the clock that was set. */
export const lastBeatAfter = (s: SessionModel, at: number) =>
  // Beyond the allowance so much more may be billed ahead.
  s.lastBeat - at > INTERVAL_AND_SLACK * (s.isLeaseShort ? 2 : 1) ? at : Math.max(s.lastBeat, at)

/** "What a gap g since the last beat counts." */
export function countedMs(s: SessionModel, at: number, activeMs: number | null): number {
  if (s.status !== 'active') return 0
  const g = at - s.lastBeat
  let counted: number
  if (s.isFinal) counted = g <= 30 * SECOND ? g : 0
  else if (s.isLeaseShort) counted = Math.min(g, INTERVAL_AND_SLACK)
  else if (g <= INTERVAL_AND_SLACK) counted = g
  else if (s.toldMs !== null && s.isResumedThere) counted = 0
  // Never more than the lease that was given; before the first beat that is 45 s.
  else if (g <= LEASE) counted = Math.min(g, activeMs ?? g, leaseOf(s))
  else counted = Math.min(activeMs ?? 0, leaseOf(s))
  return Math.max(0, Math.min(counted, knownOf(s)))
}

/** Counts the gap that ends now, and keeps it for whoever asks where the time went. */
export function count(s: SessionModel, what: string, at: number, counted: number): void {
  if (s.status === 'active') s.gaps.push({ what, from: s.lastBeat, to: at, counted })
  s.usedMs += counted
}

/** A last gap nobody vouches for: the marketplace ends or pauses, another client takes over. */
export function unvouchedMs(s: SessionModel, at: number): number {
  if (s.isFinal) return 0
  return s.isLeaseShort || at - s.lastBeat <= INTERVAL_AND_SLACK ? countedMs(s, at, null) : 0
}

/** What the app still shows of it to a page that hears nothing from here on. */
export function leftMs(s: SessionModel, at: number): number {
  if ((s.status !== 'active' && s.status !== 'paused') || s.isFinal) return 0
  const known = Math.min(leaseOf(s), knownOf(s))
  return Math.max(0, Math.min(known - Math.max(0, at - s.lastBeat), lifeEndOf(s) - at))
}

/** A page that resumes what runs was closed, but for the use that it tells; a last word has told its own. */
export const restartedMs = (s: SessionModel, at: number, activeMs: number) =>
  s.isFinal ? 0 : Math.min(activeMs, countedMs(s, at, activeMs))

/** Why it is over at that instant, settled or not. */
export function overReason(s: SessionModel, at: number): string | null {
  const isOld = at >= s.createdAt + LIFE
  switch (s.status) {
    case 'ended':
      return null
    case 'pending':
      return isOld || at >= s.launchExpiresAt + 5 * MINUTE ? 'cancelled' : null
    case 'paused':
      return isOld || remainingOf(s) <= 0
        ? 'expired'
        : s.pausedMs + at - s.pausedAt > SILENCE
          ? 'abandoned'
          : null
    case 'active': {
      if (remainingOf(s) <= 0) return 'expired'
      const lease = leaseOf(s)
      // Time of which the app does not know does not run out.
      if (!s.isFinal && s.toldMs === null && remainingOf(s) <= lease && at - s.lastBeat > lease)
        return 'expired'
      if (isOld) return 'expired'
      return at - s.lastBeat > SILENCE ? 'abandoned' : null
    }
  }
}

/** charged = ceil(tokensPerMinute × usedMs / 60000), at most the holds. */
export const chargeOf = (s: SessionModel) =>
  Math.min(s.held, Math.ceil((s.tokensPerMinute * s.usedMs) / MINUTE))

/** With the second that its JWT names. */
export const launchEndOf = (at: number) => Math.floor(at / 1000) * 1000 + 2 * MINUTE

export const lifeEndOf = (s: SessionModel) => s.createdAt + LIFE

/** Until when the app may serve, for all it knows, and by the clock that is asked; the past where it may not. */
export const serveUntilOf = (s: SessionModel, at: number) =>
  s.status === 'active' && !s.isFinal
    ? Math.min(Math.min(s.lastBeat, at) + Math.min(leaseOf(s), knownOf(s)), lifeEndOf(s))
    : 0

/** What a read shows: time is projected up to `serveUntil` and nothing stored. */
export function viewOf(s: SessionModel, at: number): Record<string, unknown> {
  const isServing = s.status === 'active' && !s.isFinal
  const until = serveUntilOf(s, at)
  const usedMs = s.usedMs + (isServing ? Math.max(0, Math.min(at, until) - s.lastBeat) : 0)
  const instant = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString())
  return {
    id: s.id,
    providerId: s.providerId,
    status: s.status,
    endReason: s.endReason,
    durationSeconds: s.durationMs / SECOND,
    usedMs,
    remainingMs: s.durationMs - usedMs,
    endsAt: s.status === 'active' ? instant(at + s.durationMs - usedMs) : null,
    serveUntil: isServing && until > at ? instant(until) : null,
    sequence: s.sequence,
    tokensPerMinute: s.tokensPerMinute,
    tokensHeld: s.held,
    tokensCharged: s.charged,
    warningSeconds: Math.min(300, Math.floor(s.durationMs / 2 / SECOND)),
    createdAt: instant(s.createdAt),
    startedAt: instant(s.startedAt),
    endedAt: instant(s.endedAt),
    serverTime: instant(at),
  }
}
