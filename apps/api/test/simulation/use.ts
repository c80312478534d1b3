/** When an app was in use and served. */

export interface Interval {
  from: number
  to: number
}

/** Whatever anybody counts. */
export interface Use {
  intervals: Interval[]
  /**
   * From pressing Pause or End to when the page hears of it: the person has stopped, the page still shows the app. Whether
   * that is use is nobody's to say, so it may be billed and need not be.
   */
  undecided: Interval[]
  /** A beat that was to be the last never left. */
  hasNoLastBeat: boolean
  /** Since when something has been told that nobody heard: lost, or on its way. */
  unheardFrom: number | undefined
  /** The last word left out what was told and not heard: whether it was, its page could not know. */
  isHalfSaid: boolean
}

/** Until it gets an end. */
export const openInterval = (from: number): Interval => ({ from, to: Number.POSITIVE_INFINITY })

/** Intervals may overlap: two tabs, or the page before a relaunch. */
export function unionMs(intervals: readonly Interval[]): number {
  let end = Number.NEGATIVE_INFINITY
  let sum = 0
  for (const { from, to } of [...intervals].sort((a, b) => a.from - b.from)) {
    sum += Math.max(0, to - Math.max(from, end))
    end = Math.max(end, to)
  }
  return sum
}

export function overlapOf(a: Interval, b: Interval): Interval[] {
  const from = Math.max(a.from, b.from)
  const to = Math.min(a.to, b.to)
  return to > from ? [{ from, to }] : []
}
