/**
 * What the text of the design says about what is served and not billed (§ 6, "No free ride"), as a model in memory.
 *
 * @module
 */
import { leftMs, type SessionModel } from './oracle-session.ts'

const HOUR = 60 * 60_000
const DAY = 24 * HOUR
const ALLOWANCE = 10 * 60_000
/** Of more, the page is not believed that it has heard. */
const BELIEVED = 10

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

const mostMs = (lease: LeftLease, at: number) => Math.min(lease.leaseMs, Math.max(0, at - lease.leftAt))
const shownMs = (lease: LeftLease, at: number) => lease.shownMs ?? mostMs(lease, at)

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
  if (clientId === null || leaseMs === billed || s.tokensPerMinute === 0) return billed
  // Left twice within a millisecond it is the same lease.
  const isSame = (one: LeftLease) =>
    one.sessionId === sessionId && one.clientId === clientId && one.leftAt === at
  if (!left.some(isSame)) left.push({ sessionId, clientId, providerId, leftAt: at, leaseMs, shownMs: null })
  return billed
}

export const billedOfLeft = (s: SessionModel, at: number) =>
  s.isLeaseShort && s.status === 'active' ? leftMs(s, at) : 0

/** The page hears with an answer that the session is not its own any more. */
export function hear(allowance: AllowanceModel, s: SessionModel, clientId: string, at: number): void {
  const isTheirs = s.status === 'ended' ? s.endedAt === at : s.clientId === clientId
  if (isTheirs) return
  for (const lease of allowance.left)
    if (lease.sessionId === s.id && lease.clientId === clientId) lease.shownMs = shownMs(lease, at)
}

export function isOverAllowance(
  { hours, left }: AllowanceModel,
  providerId: string,
  at: number,
  unnoted = 0,
): boolean {
  let sum = unnoted
  for (const [hour, ms] of hours.get(providerId) ?? []) if (hour > at - DAY) sum += ms
  const lately = left.filter((lease) => lease.providerId === providerId && lease.leftAt > at - DAY)
  lately.sort((a, b) => a.leftAt - b.leftAt)
  for (const [i, lease] of lately.entries()) sum += i < BELIEVED ? shownMs(lease, at) : mostMs(lease, at)
  return sum > ALLOWANCE
}
