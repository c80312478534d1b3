/**
 * A session as the marketplace keeps it, by the same rules of time as the real one.
 *
 * @module
 */
import type { EndReason, Session, SessionStatus } from '../wire.ts'

const LEASE_MS = 130_000
const FIRST_LEASE_MS = 45_000
const FULL_GAP_MS = 45_000
const NAVIGATION_MS = 30_000
/** Of silence while it runs, and of its pauses in total. */
const SILENCE_MS = 30 * 60_000
/** After its last launch JWT died, until one that nobody validated is cancelled. */
const UNUSED_MS = 5 * 60_000
/** From its opening on, pauses included. */
const SESSION_LIFE_MS = 24 * 3_600_000

export interface Use {
  clientId?: string
  sequence?: number
  activeMs?: number
  final?: boolean
}

/** Everything the fake marketplace knows about one session. */
export interface FakeSession {
  id: string
  providerId: string
  status: SessionStatus
  endReason: EndReason | null
  durationMs: number
  usedMs: number
  tokensPerMinute: number
  warningSeconds: number
  /** The launch JWTs that are still good, and the client that used one. */
  launches: Map<string, { clientId?: string; expiresAt: number }>
  clientId: string | undefined
  sequence: number
  createdAt: number
  startedAt: number
  endedAt: number
  lastBeatAt: number
  leaseEnd: number | null
  hasLeft: boolean
  /** The variants that were shown, by experiment. */
  exposures: Map<string, string>
  /** Of the pauses that are over; 0 when left out. */
  pausedMs?: number
  /** 30 when left out. */
  heartbeatIntervalSeconds?: number
  /** Where users go back to; an invented address when left out. */
  marketplaceUrl?: string
}

/** How much of a gap since the last beat is billed. */
export function countGap(gapMs: number, activeMs: number | undefined, hasLeft: boolean): number {
  if (hasLeft) return gapMs <= NAVIGATION_MS ? gapMs : 0
  if (gapMs <= FULL_GAP_MS) return gapMs
  if (gapMs <= LEASE_MS) return Math.min(gapMs, activeMs ?? gapMs)
  return Math.min(activeMs ?? 0, LEASE_MS)
}

function end(session: FakeSession, reason: EndReason, now: number): void {
  session.status = 'ended'
  session.endReason = reason
  session.endedAt = now
  session.leaseEnd = null
}

/** Ends what is over by the clock, at the moment it was: nobody has to look just then. */
export function expireByClock(session: FakeSession, now: number): void {
  if (session.status === 'ended') return
  const [at, reason] = endsOf(session).reduce((first, other) => (other[0] < first[0] ? other : first))
  if (at <= now) end(session, reason, at)
}

/** When the clock would end it, and as what. */
function endsOf(session: FakeSession): [at: number, reason: EndReason][] {
  const { status, createdAt, lastBeatAt, leaseEnd, pausedMs = 0 } = session
  const dayEnd = createdAt + SESSION_LIFE_MS
  if (status === 'pending') {
    const lastLaunchEnd = Math.max(...[...session.launches.values()].map(({ expiresAt }) => expiresAt))
    return [[Math.min(dayEnd, lastLaunchEnd + UNUSED_MS), 'cancelled']]
  }
  const ends: [number, EndReason][] = [
    [dayEnd, 'expired'],
    [lastBeatAt + SILENCE_MS - (status === 'paused' ? pausedMs : 0) + 1, 'abandoned'],
  ]
  // Paid time ran out within the lease, and the beat at zero did not come.
  if (leaseEnd !== null && session.durationMs - session.usedMs <= leaseEnd - lastBeatAt)
    ends.push([leaseEnd + 1, 'expired'])
  return ends
}

export function startFakeSession(session: FakeSession, clientId: string, now: number): void {
  if (session.clientId !== clientId) session.sequence = 0
  session.clientId = clientId
  if (session.status !== 'pending') return
  session.status = 'active'
  session.startedAt = now
  session.lastBeatAt = now
  session.leaseEnd = now + FIRST_LEASE_MS
}

/** The gap that ends now counts what is told of it, and nothing after a last word. */
export function restartFakeSession(session: FakeSession, use: Use, now: number): void {
  const { sequence = 0, activeMs = 0 } = use
  if (sequence <= session.sequence) return
  session.lastBeatAt = session.hasLeft ? now : Math.max(session.lastBeatAt, now - activeMs)
}

/** Applies a beat, or the beat within a pause, resume or complete. Late and repeated ones change nothing. */
export function applyUse(session: FakeSession, use: Use, now: number): boolean {
  if (use.sequence !== undefined && use.sequence <= session.sequence) return false
  session.sequence = use.sequence ?? session.sequence
  if (session.status === 'active') {
    const counted = countGap(now - session.lastBeatAt, use.activeMs, session.hasLeft)
    session.usedMs = Math.min(session.durationMs, session.usedMs + counted)
    session.leaseEnd = now + LEASE_MS
    session.lastBeatAt = now
  }
  session.hasLeft = !!use.final
  if (use.final) session.leaseEnd = null
  if (session.status === 'active' && session.usedMs >= session.durationMs) end(session, 'expired', now)
  return true
}

export function changeFakeStatus(
  session: FakeSession,
  status: 'paused' | 'active' | 'ended',
  now: number,
): void {
  if (session.status === status || session.status === 'ended') return
  if (status === 'ended') {
    end(session, 'completed', now)
    return
  }
  // While it is paused no beat moves this: it is when the pause began.
  if (status === 'active') session.pausedMs = (session.pausedMs ?? 0) + now - session.lastBeatAt
  session.lastBeatAt = now
  session.status = status
  session.leaseEnd = status === 'active' ? now + LEASE_MS : null
}

const toInstant = (ms: number | null) => (ms === null || ms === 0 ? null : new Date(ms).toISOString())

/** What goes over the wire. */
export function toWire(session: FakeSession, now: number): Session {
  const isActive = session.status === 'active'
  // A read tells the use up to now, as far as it was allowed, and stores nothing.
  const sinceBeatMs = isActive ? Math.max(0, Math.min(now, session.leaseEnd ?? 0) - session.lastBeatAt) : 0
  const usedMs = Math.min(session.durationMs, session.usedMs + sinceBeatMs)
  const remainingMs = session.durationMs - usedMs
  const endsAt = isActive ? now + remainingMs : null
  const minutes = usedMs / 60_000
  return {
    id: session.id,
    providerId: session.providerId,
    status: session.status,
    endReason: session.endReason,
    userRef: 'user-of-the-fake-marketplace',
    durationSeconds: session.durationMs / 1000,
    usedMs,
    remainingMs,
    endsAt: toInstant(endsAt),
    serveUntil:
      (session.leaseEnd ?? 0) > now && remainingMs > 0
        ? toInstant(Math.min(session.leaseEnd!, endsAt!))
        : null,
    sequence: session.sequence,
    tokensPerMinute: session.tokensPerMinute,
    tokensHeld: Math.ceil((session.durationMs / 60_000) * session.tokensPerMinute),
    tokensCharged: session.status === 'ended' ? Math.ceil(minutes * session.tokensPerMinute) : null,
    heartbeatIntervalSeconds: session.heartbeatIntervalSeconds ?? 30,
    warningSeconds: session.warningSeconds,
    returnUrl: `${session.marketplaceUrl ?? 'https://marketplace.test'}/?session=${session.id}`,
    createdAt: toInstant(session.createdAt)!,
    startedAt: toInstant(session.startedAt),
    endedAt: toInstant(session.endedAt),
    serverTime: toInstant(now)!,
  }
}
