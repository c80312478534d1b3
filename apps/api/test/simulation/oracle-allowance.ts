/**
 * What the text of the design says about what is served and not billed (§ 6, "No free ride"), as a model in memory.
 *
 * @module
 */
import { leftMs, type SessionModel, servedMs } from './oracle-session.ts'

const HOUR = 60 * 60_000
const DAY = 24 * HOUR
const ALLOWANCE = 10 * 60_000
const SILENT = 45_000

/** A page that has not heard that its session ended elsewhere, or went to another browser. */
export interface LeftLease {
  sessionId: string
  clientId: string
  providerId: string
  leftAt: number
  leaseMs: number
  /** How long it was shown; null until the page has heard. */
  shownMs: number | null
}

export interface AllowanceModel {
  /** By provider, by hour: what was served and not billed. */
  hours: Map<string, Map<number, number>>
  left: LeftLease[]
}

export const emptyAllowance = (): AllowanceModel => ({ hours: new Map(), left: [] })

const shownMs = (lease: LeftLease, at: number) =>
  lease.shownMs ?? Math.min(lease.leaseMs, Math.max(0, at - lease.leftAt))

/** Nothing of what is free: there was nothing to bill. */
export function noteUnbilled(allowance: AllowanceModel, s: SessionModel, ms: number, at: number): void {
  if (ms <= 0 || s.tokensPerMinute === 0) return
  const hours = allowance.hours.get(s.providerId) ?? new Map<number, number>()
  allowance.hours.set(s.providerId, hours)
  const hour = at - (at % HOUR)
  hours.set(hour, (hours.get(hour) ?? 0) + ms)
}

/**
 * @param s as it was before it was left
 * @returns what is billed of it: beyond the allowance every gap counts, and so does what is shown on of what runs
 */
export function leaveLease({ left }: AllowanceModel, s: SessionModel, at: number): number {
  const { id: sessionId, clientId, providerId } = s
  const leaseMs = leftMs(s, at)
  const billed = billedOfLeft(s, at)
  if (clientId === null || leaseMs === 0 || isLeftBilled(s) || s.tokensPerMinute === 0) return billed
  // Left twice within a millisecond it is the same lease.
  const isSame = (one: LeftLease) =>
    one.sessionId === sessionId && one.clientId === clientId && one.leftAt === at
  if (!left.some(isSame)) left.push({ sessionId, clientId, providerId, leftAt: at, leaseMs, shownMs: null })
  return billed
}

const isLeftBilled = (s: SessionModel) => s.isLeaseShort && s.status === 'active'

/** Where the last beat is still to come, until then it is billed already. */
export const billedOfLeft = (s: SessionModel, at: number) =>
  isLeftBilled(s) ? Math.max(0, leftMs(s, at) - Math.max(0, s.lastBeat - at)) : 0

/** The page hears with an answer that the session is not its own any more; what ended by itself leaves nothing. */
export function hear(allowance: AllowanceModel, s: SessionModel, clientId: string, at: number): void {
  const isTheirs =
    s.status === 'ended'
      ? s.endedAt === at || (s.clientId === clientId && s.endReason !== 'completed')
      : s.clientId === clientId
  if (!isTheirs) takeBack(allowance, s, clientId, at)
}

/** What it was left is over: it has heard, or holds the session again. */
export function takeBack({ left }: AllowanceModel, s: SessionModel, clientId: string, at: number): void {
  for (const lease of left)
    if (lease.sessionId === s.id && lease.clientId === clientId) lease.shownMs = shownMs(lease, at)
}

/** @param sessions all of its user: what others were served that have fallen silent, or in a pause unheard of, counts, too */
export function isOverAllowance(
  { hours, left }: AllowanceModel,
  s: SessionModel,
  at: number,
  sessions: Iterable<SessionModel>,
): boolean {
  let sum = 0
  for (const [hour, ms] of hours.get(s.providerId) ?? []) if (hour > at - DAY) sum += ms
  for (const lease of left)
    if (lease.providerId === s.providerId && lease.leftAt > at - DAY) sum += shownMs(lease, at)
  for (const other of sessions) {
    const isSilent = ['active', 'paused'].includes(other.status) && at - other.lastBeat > SILENT
    if (other !== s && other.providerId === s.providerId && other.tokensPerMinute > 0 && isSilent)
      sum += servedMs(other, at)
  }
  return sum > ALLOWANCE
}
