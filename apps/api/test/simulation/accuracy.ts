/**
 * Billed time against the time the app was in use and served, as a table per class, and the bounds each must keep.
 *
 * @module
 */
import { overlapOf, unionMs } from './use.ts'
import type { VisitRecord } from './visit.ts'

const SECOND = 1_000
const LEASE_MS = 130 * SECOND
const ALLOWANCE_MS = 600 * SECOND
/** One interval and a second: what is lost where no last beat can be sent. */
const NO_LAST_BEAT_MS = 31 * SECOND
/** From so much use on a session is judged on its own. */
export const LONG_MS = 300 * SECOND
/** The SDK finds with a tick that a lease is over, up to a second late each time: what that is in a session of a few. */
const SDK_TICKS_MS = 3_000
/** A gap of up to so much counts whole, whatever a page says of it. */
const WHOLE_GAP_MS = 45 * SECOND
/** Leases that were out when the allowance was used up: one, but that the takeover in which it is noticed leaves one more. */
const LEASES_OUT: Record<string, number> = { 'shows the browser before a takeover': 2 }
/** What of each session that long is billed at least. */
const WORST = 0.99
/** Nobody pays for more than was used, over all sessions of a class: in percent. */
const ACCURACY_MOST = 100.1

export interface Measured {
  className: string
  userId: string
  usedMs: number
  /** In use and served; of what nobody can decide, what is nearest to what was billed. */
  trueMs: number
  /** Between pressing Pause or End and the answer. */
  undecidedMs: number
  /** Asleep within a gap that counts whole: in a nap, or while the beat that ends it was on its way. */
  napMs: number
  hasNoLastBeat: boolean
  /** Of what was not billed, what no beat had been sent for that was lost. */
  untoldMs: number
  isOverAllowance: boolean
  /** The most that one gap counts beyond the use in it. */
  gapOverbilledMs: number
}

export interface AccuracyRow {
  className: string
  sessions: number
  hours: number
  /** Billed ÷ true over all of them, in percent. */
  accuracy: number
  /** The same without naps, which count whole. */
  withoutNaps: number
  /** The worst session of 5 minutes or more, in percent. */
  worst: number
  /** The most that one of those was not billed which are below 99 %, in seconds. */
  worstLoss: number
  /** The most anybody was billed beyond use, in seconds; naps are apart. */
  overbilled: number
  /** The most that one session's naps were, in seconds: they count whole. */
  naps: number
  /** The longest that one session was between a press of Pause or End and the answers, in seconds. */
  undecided: number
  /** Sessions outside the percentages: no last beat could be sent. */
  noLastBeat: number
  /** The most such a session was not billed, in seconds. */
  noLastBeatLoss: number
  /** The most of it that no beat had been sent for, in seconds. */
  untold: number
  /** Sessions of users over the unbilled allowance: reported apart. */
  overAllowance: number
  /** The most one of those was billed beyond use, in seconds, and the most that a single gap of it was. */
  overAllowanceOverbilled: number
  overAllowanceGap: number
}

export interface CheatRow {
  className: string
  people: number
  servedMinutes: number
  billedMinutes: number
  /** The most one of them was served and not billed, in seconds. */
  gain: number
  /** The most one of them was billed and not served, in seconds. */
  overbilled: number
}

export function measure(record: VisitRecord): Measured | undefined {
  const session = record.person.books.current.sessions.get(record.sessionId)
  if (session?.status !== 'ended' || session.startedAt === null) return undefined
  const endedAt = session.endedAt ?? 0
  // Revoked at once and charged to the last beat: what the page still shows after that is nobody's time.
  const isRevoked = session.endReason === 'revoked'
  const intervals = isRevoked
    ? record.intervals.map(({ from, to }) => ({ from, to: Math.max(from, Math.min(to, endedAt)) }))
    : record.intervals
  const silentMs = endedAt - session.lastBeat
  const isSilent = session.endReason !== 'completed' || record.isEndedInMarketplace
  // Who left and was heard has a last beat, however late it came: it is judged like everybody else.
  const isLastWordHeard = record.isLeft && session.isFinal
  const isHalfHeard = isLastWordHeard && record.isHalfSaid
  const hasNoLastBeat =
    isRevoked ||
    isHalfHeard ||
    (!isLastWordHeard && (record.hasNoLastBeat || (isSilent && silentMs > WHOLE_GAP_MS)))
  const servedMs = unionMs(intervals)
  const { usedMs } = session
  const whole = session.gaps.filter(({ from, to, counted }) => counted > 0 && to - from <= WHOLE_GAP_MS)
  const napMs = unionMs(whole.flatMap((gap) => record.asleep.flatMap((one) => overlapOf(one, gap))))
  const undecidedMs = unionMs(
    record.undecided.flatMap((one) => intervals.flatMap((served) => overlapOf(one, served))),
  )
  const unheard = { from: record.unheardFrom ?? Number.POSITIVE_INFINITY, to: Number.POSITIVE_INFINITY }
  const unheardMs = unionMs(intervals.flatMap((served) => overlapOf(served, unheard)))
  const trueMs = Math.max(servedMs - undecidedMs, Math.min(usedMs, servedMs))
  return {
    className: record.person.profile.name,
    userId: record.person.userId,
    usedMs,
    trueMs,
    undecidedMs,
    napMs,
    hasNoLastBeat,
    // Its last word said what came after the beat that was lost, and not the beat.
    untoldMs: trueMs - usedMs - (isHalfHeard ? 0 : unheardMs),
    isOverAllowance: session.isLeaseShort,
    gapOverbilledMs: Math.max(
      0,
      ...session.gaps.map((gap) => gap.counted - unionMs(intervals.flatMap((one) => overlapOf(one, gap)))),
    ),
  }
}

export function tabulate(measured: readonly Measured[], names: readonly string[]): AccuracyRow[] {
  return names.flatMap((className) => {
    const all = measured.filter((one) => one.className === className)
    if (all.length === 0) return []
    const normal = all.filter(({ isOverAllowance }) => !isOverAllowance)
    const over = all.filter(({ isOverAllowance }) => isOverAllowance)
    const heard = normal.filter(({ hasNoLastBeat }) => !hasNoLastBeat)
    const silent = normal.filter(({ hasNoLastBeat }) => hasNoLastBeat)
    const trueMs = sum(heard.map((one) => one.trueMs))
    const long = heard.filter((one) => one.trueMs >= LONG_MS)
    const worse = long.filter((one) => one.usedMs < WORST * one.trueMs)
    return {
      className,
      sessions: all.length,
      hours: sum(all.map((one) => one.trueMs)) / 3_600_000,
      accuracy: trueMs === 0 ? 100 : (100 * sum(heard.map((one) => one.usedMs))) / trueMs,
      withoutNaps: trueMs === 0 ? 100 : (100 * sum(heard.map((one) => one.usedMs - one.napMs))) / trueMs,
      worst: 100 * Math.min(1, ...long.map((one) => one.usedMs / one.trueMs)),
      worstLoss: largest(worse.map((one) => one.trueMs - one.usedMs)),
      overbilled: largest(normal.map((one) => one.usedMs - one.trueMs - one.napMs)),
      naps: largest(normal.map((one) => one.napMs)),
      undecided: largest(normal.map((one) => one.undecidedMs)),
      noLastBeat: silent.length,
      noLastBeatLoss: largest(silent.map((one) => one.trueMs - one.usedMs)),
      untold: largest(silent.map((one) => one.untoldMs)),
      overAllowance: over.length,
      overAllowanceOverbilled: largest(over.map((one) => one.usedMs - one.trueMs)),
      overAllowanceGap: largest(over.map((one) => one.gapOverbilledMs)),
    }
  })
}

export function tabulateCheats(measured: readonly Measured[], names: readonly string[]): CheatRow[] {
  return names.flatMap((className) => {
    const people = Map.groupBy(
      measured.filter((one) => one.className === className),
      ({ userId }) => userId,
    )
    if (people.size === 0) return []
    const served = [...people.values()].map((own) => sum(own.map((one) => one.trueMs)))
    const billed = [...people.values()].map((own) => sum(own.map((one) => one.usedMs)))
    return {
      className,
      people: people.size,
      servedMinutes: sum(served) / 60_000,
      billedMinutes: sum(billed) / 60_000,
      gain: largest(served.map((ms, i) => ms - billed[i]!)),
      overbilled: largest(served.map((ms, i) => billed[i]! - ms)),
    }
  })
}

/** The bounds a run has to keep, as sentences where it does not. */
export function judge(rows: readonly AccuracyRow[], cheats: readonly CheatRow[], isSdk: boolean): string[] {
  const ticks = (isSdk ? SDK_TICKS_MS : 0) / SECOND
  const wrong: string[] = []
  for (const row of rows) {
    const say = (what: string) => wrong.push(`${row.className}: ${what}`)
    const bound = BOUNDS[row.className] ?? {}
    if (row.accuracy < (bound.accuracy ?? 99.9)) say(`${row.accuracy.toFixed(3)} % billed over all sessions`)
    // A second beyond use is much of a short while; over an hour it has to be lost in what is right.
    if (row.hours >= 1 && row.withoutNaps > (bound.accuracyMost ?? ACCURACY_MOST))
      say(`${row.withoutNaps.toFixed(3)} % billed over all sessions, naps apart`)
    if (row.worstLoss > (bound.worstLoss ?? 0)) say(`${row.worst.toFixed(2)} % billed of one session`)
    const overbilled = bound.overbilled ?? 1
    if (row.overbilled > overbilled) say(`one session was billed ${row.overbilled} s beyond its use`)
    const untold = bound.untold ?? NO_LAST_BEAT_MS / SECOND
    if (row.untold > untold + ticks) say(`${row.untold} s were lost without a last beat`)
    if (row.overAllowanceGap > WHOLE_GAP_MS / SECOND)
      say(`over the allowance, one gap was billed ${row.overAllowanceGap} s beyond the use in it`)
    if (row.noLastBeatLoss > (bound.loss ?? NO_LAST_BEAT_MS / SECOND) + ticks)
      say(`${row.noLastBeatLoss} s were lost, what was sent in vain among it`)
  }
  for (const { className, gain } of cheats) {
    if (gain > (ALLOWANCE_MS + (LEASES_OUT[className] ?? 1) * LEASE_MS + SECOND) / SECOND)
      wrong.push(`${className}: ${gain} s were served for nothing`)
  }
  return wrong
}

interface Bound {
  accuracy?: number
  accuracyMost?: number
  worstLoss?: number
  overbilled?: number
  untold?: number
  loss?: number
}

/** The gate stays open to the end of the lease, and only confirmed time is charged. */
const NETWORK_GONE: Bound = { loss: (LEASE_MS + SECOND) / SECOND }
/** Of the last beat both copies were lost: it is given up after ten seconds, and told again within five. */
const CALLS_LOST: Bound = { loss: NO_LAST_BEAT_MS / SECOND + 15 }

/** Where the rules of design § 6 themselves decide otherwise; why stands beside each. */
const BOUNDS: Record<string, Bound> = {
  // A beat that was under way for more than 15 s, its second copy lost, counts what it said when it left: the gap is over 45 s. And
  // a tab that opens while there is no network knows the use of the one before it up to when that was hidden.
  'everything at once': { ...NETWORK_GONE, worstLoss: 45, untold: 31 + 45 },
  'network gone for minutes': NETWORK_GONE,
  'network gone for good': NETWORK_GONE,
  'lost requests': CALLS_LOST,
  'late and reordered': CALLS_LOST,
  'process crashes': CALLS_LOST,
  'killed connections': CALLS_LOST,
  // A gap of up to 45 s counts whole: the way of a beacon, too, while it arrives within 45 s of the beat before.
  'a last beat that comes late': { overbilled: 45, accuracyMost: 105 },
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
const largest = (milliseconds: readonly number[]) => Math.max(0, ...milliseconds) / SECOND
