import type { SessionTime, TimeRow } from '../sessions/list-time.ts'
import type { TimeKind } from '../sessions/log-time.ts'
import type { SessionReceipt } from './receipt.ts'

type Stretch = SessionReceipt['time'][number]

const WHAT: Record<TimeKind, Stretch['what']> = {
  beat: 'beats',
  pause: 'pause',
  resume: 'asked again',
  takeover: 'another browser',
  return: 'back again',
  again: 'asked again',
  end: 'end',
}

/** The time of a receipt: beats that follow one another are one stretch, whatever is out of the ordinary is one of its own. */
export function gatherTime(
  { rows, isComplete }: SessionTime,
  session: { usedMs: number; isFinal: boolean },
): Pick<SessionReceipt, 'time' | 'isTimeComplete' | 'unconfirmedMs'> {
  const time: Stretch[] = []
  let before: TimeRow | undefined
  for (const row of rows) {
    const last = time.at(-1)
    if (last && before && isOrdinary(before) && isOrdinary(row)) {
      last.to = row.at.toISOString()
      last.beats += row.times
      last.countedMs += row.countedMs
    } else time.push(begin(row))
    before = row
  }
  const countedMs = time.reduce((sum, stretch) => sum + stretch.countedMs, 0)
  return {
    time,
    isTimeComplete: isComplete,
    unconfirmedMs: isComplete && !session.isFinal ? Math.max(0, session.usedMs - countedMs) : 0,
  }
}

const isOrdinary = ({ kind, unbilledMs }: TimeRow) => kind === 'beat' && unbilledMs === 0

function begin({ kind, times, at, sequence, countedMs, unbilledMs }: TimeRow): Stretch {
  const from = at.toISOString()
  // What a page showed on because it had not heard of the pause.
  const what = kind === 'resume' && sequence === null ? 'pause' : WHAT[kind]
  return { from, to: from, what, beats: kind === 'beat' ? times : 0, countedMs, unbilledMs }
}

/** The same as a sentence, to the thousandth of a second, so that it adds up; nothing where beats are not on record. */
export function describeBeats({
  time,
  isTimeComplete,
  unconfirmedMs,
}: Pick<SessionReceipt, 'time' | 'isTimeComplete' | 'unconfirmedMs'>): string | undefined {
  if (!isTimeComplete) return undefined
  const beats = time.reduce((sum, stretch) => sum + stretch.beats, 0)
  const sum = (isOf: (stretch: Stretch) => boolean) =>
    time.filter(isOf).reduce((total, stretch) => total + stretch.countedMs, 0)
  const parts: [number, string][] = [
    [sum(({ what }) => what === 'beats'), `by ${beats} ${beats === 1 ? 'beat' : 'beats'}`],
    [sum(({ what }) => what === 'pause'), 'up to pauses'],
    [sum(({ what }) => what === 'another browser' || what === 'back again'), 'up to a new launch'],
    [sum(({ what }) => what === 'end'), 'up to the end'],
    [unconfirmedMs, 'served since, not confirmed yet'],
  ]
  const told = parts.filter(([ms]) => ms > 0).map(([ms, how]) => `${formatSeconds(ms)} s ${how}`)
  return told.length === 0 ? undefined : `Counted: ${told.join(', ')}`
}

/** @example formatSeconds(432_500) // '432.5' */
export const formatSeconds = (ms: number) =>
  new Intl.NumberFormat('en-US', { maximumFractionDigits: 3 }).format(ms / 1000)
