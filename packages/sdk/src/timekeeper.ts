/**
 * Time by two clocks, neither of which can be believed alone.
 *
 * @module
 */
import type { Clock } from './ports.ts'

/** Nobody sees the second of a hidden tab. */
export const HIDDEN_TICK_MS = 5_000
/** A gap between two ticks above this is sleep or freezing, not use. */
export const TICK_GAP_MAX_MS = 65_000
/** Wall and monotonic clock may differ by this much over one tick. */
export const CLOCK_DISAGREEMENT_MAX_MS = 2_000
/** How long a jump of a clock is doubted while the server is being asked. */
export const DOUBT_MS = 3_000

export interface Timekeeper {
  /** Counts the gap since the last tick if it was served. True when time jumped: then ask the server. */
  tick(isServing: boolean): boolean
  /** Use since the last acknowledged beat. */
  activeMs(): number
  settle(activeMs: number): void
  /** Reckons the server’s time from there: it was `serverTime` when this device's wall clock said `wallAt`. */
  start(serverTime: number, wallAt: number): void
  /** The server's time now, as far as the clocks can tell. */
  now(): number
  /** True for a moment after a jump: what the clocks say now may be nonsense. */
  doubts(): boolean
}

/**
 * Follows the server's time and measures use.
 *
 * `performance.now` stops while most laptops sleep, `Date` can be moved by its owner. The server's
 * time at the last answer anchors both and the later reading wins, so that an hour asleep is an hour.
 */
export function createTimekeeper({ wall, monotonic }: Clock): Timekeeper {
  let lastWall = wall()
  let lastMonotonic = monotonic()
  let active = 0
  let doubtUntil = 0
  // The server's time less this clock's.
  let wallOffset = -lastWall
  let monotonicOffset = -lastMonotonic

  const doubts = () => monotonic() < doubtUntil

  return {
    tick(isServing) {
      const nowWall = wall()
      const nowMonotonic = monotonic()
      const gap = nowMonotonic - lastMonotonic
      const hasJumped =
        gap > TICK_GAP_MAX_MS || Math.abs(nowWall - lastWall - gap) > CLOCK_DISAGREEMENT_MAX_MS
      if (hasJumped) doubtUntil = nowMonotonic + DOUBT_MS
      else if (isServing) active += gap
      lastWall = nowWall
      lastMonotonic = nowMonotonic
      return hasJumped
    },
    activeMs: () => Math.round(active),
    settle(activeMs) {
      active = Math.max(0, active - activeMs)
    },
    start(serverTime, wallAt) {
      wallOffset = serverTime - wallAt
      doubtUntil = 0
      const ageMs = wall() - wallAt
      // An answer from the future was kept before the clock was set back: how old it is, nobody knows.
      monotonicOffset = ageMs < -CLOCK_DISAGREEMENT_MAX_MS ? Infinity : serverTime + ageMs - monotonic()
    },
    now() {
      const byMonotonic = monotonic() + monotonicOffset
      return doubts() ? byMonotonic : Math.max(byMonotonic, wall() + wallOffset)
    },
    doubts,
  }
}
