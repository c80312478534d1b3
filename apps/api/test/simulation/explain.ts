/**
 * Where the time of a session went: each gap that counted something else than the app was used in it.
 *
 * @module
 */
import { LONG_MS, type Measured } from './accuracy.ts'
import { type Interval, overlapOf, unionMs } from './use.ts'
import type { VisitRecord } from './visit.ts'

const SHOWN_MS = 300

/** What happened around a gap: this long before and after it. */
const AROUND_MS = 40_000

/** The sessions that are furthest off, the overbilled before all, the one with the worst share, and the one that lost most that was never told. */
export function explain(
  measured: readonly (Measured & { record: VisitRecord })[],
  className: string,
  sessions = 5,
): string[] {
  const judged = measured.filter((one) => one.className === className && !one.isOverAllowance)
  const furthest = judged.toSorted((a, b) => offMs(b) - offMs(a)).slice(0, sessions)
  const worst = judged
    .filter(({ hasNoLastBeat, trueMs }) => !hasNoLastBeat && trueMs >= LONG_MS)
    .toSorted((a, b) => a.usedMs / a.trueMs - b.usedMs / b.trueMs)
    .slice(0, 1)
  const silent = judged.filter(({ hasNoLastBeat }) => hasNoLastBeat)
  const mostLost = silent.sort((a, b) => b.untoldMs - a.untoldMs).slice(0, 1)
  return [...new Set([...furthest, ...worst, ...mostLost])].flatMap(({ record, usedMs, trueMs }) => {
    const { person, sessionId } = record
    const session = person.books.current.get(sessionId)
    const known = session.gaps.map(({ from, to }) => ({ from, to }))
    // Use that belongs to no gap: the server knew of a pause or an end, and the page did not yet.
    const beyond = record.intervals.flatMap((one) => without(one, known))
    const gaps = [
      ...session.gaps,
      ...beyond.map((one) => ({ ...one, what: 'served after the clock had stopped', counted: 0 })),
    ]
    const head = `${person.name}, opened ${clock(session.createdAt)}, ${session.endReason}`
    return [
      `${head}: billed ${seconds(usedMs)} of ${seconds(trueMs)}`,
      ...gaps.flatMap(({ what, from, to, counted }) => {
        const used = unionMs(within(record.intervals, from, to))
        if (Math.abs(counted - used) < SHOWN_MS) return []
        const around = person.trace.filter((line) => {
          const at = line.slice(0, 12)
          return at >= clock(from - AROUND_MS) && at <= clock(to + AROUND_MS)
        })
        return [
          `  ${clock(from)} + ${seconds(to - from)} ${what}: counted ${seconds(counted)}, used ${seconds(used)}`,
          ...around.map((line) => `    ${line}`),
        ]
      }),
    ]
  })
}

const within = (intervals: readonly Interval[], from: number, to: number) =>
  intervals.flatMap((one) => overlapOf(one, { from, to }))

/** What of an interval lies in none of those, which are in order. */
function without({ from, to }: Interval, others: readonly Interval[]): Interval[] {
  const rest: Interval[] = []
  let at = from
  for (const other of within(others, from, to)) {
    if (other.from > at) rest.push({ from: at, to: other.from })
    at = Math.max(at, other.to)
  }
  if (to > at) rest.push({ from: at, to })
  return rest
}

/** Overbilled weighs ten times: a second of it is too much. What no last beat could tell of weighs least. */
const offMs = ({ usedMs, trueMs, hasNoLastBeat }: Measured) =>
  usedMs > trueMs ? 10 * (usedMs - trueMs) : (trueMs - usedMs) / (hasNoLastBeat ? 1_000 : 1)
const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`
const clock = (at: number) => new Date(at).toISOString().slice(11, 23)
