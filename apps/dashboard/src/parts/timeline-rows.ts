import type { Entry, Mark } from '../api/use-timeline.ts'

/** What is shown in one line: an entry, or beats that followed one another and are nothing to look at. */
export interface TimelineLine extends Entry {
  until: string
  beats: number
}

/** @param areBeatsApart every beat in a line of its own */
export function toLines(entries: readonly Entry[], areBeatsApart: boolean): TimelineLine[] {
  const lines: TimelineLine[] = []
  for (const entry of entries) {
    const last = lines.at(-1)
    const isOrdinary = entry.what === 'beat' && entry.marks.length === 0
    if (!areBeatsApart && isOrdinary && last?.what === 'beat' && last.marks.length === 0) {
      last.until = entry.at
      last.beats += entry.times ?? 1
      last.countedMs = (last.countedMs ?? 0) + (entry.countedMs ?? 0)
      last.unbilledMs = (last.unbilledMs ?? 0) + (entry.unbilledMs ?? 0)
      last.usedMs = entry.usedMs
    } else lines.push({ ...entry, until: entry.at, beats: entry.what === 'beat' ? (entry.times ?? 1) : 0 })
  }
  return lines
}

/** What each mark says, and what else it may come from: none of them is an accusation. */
export const MARK_WORDS: Record<Mark, [label: string, meaning: string]> = {
  address_changed: [
    'Address changed',
    'A phone that leaves the house does that, and so does a session that two people share.',
  ],
  browser_changed: ['Browser changed', 'The same session, told by another browser: an update, or a copy.'],
  taken_over: ['Taken over', 'The session was launched anew in another browser, which holds it from there.'],
  page_left: ['Page left', 'The page said goodbye: a tab was closed, or another page of the app opened.'],
  unbilled: [
    'Served, not billed',
    'The app may have served this time, and no beat confirmed it. Nobody pays for it.',
  ],
  completed_instantly: ['Completed at once', 'It was completed after less than ten seconds of use.'],
}

const WHAT: Record<string, string> = {
  opened: 'Opened',
  started: 'Started',
  paused: 'Paused',
  resumed: 'Resumed',
  extended: 'Extended',
  completed: 'Completed',
  expired: 'Ran its full time',
  abandoned: 'Abandoned',
  cancelled: 'Cancelled',
  revoked: 'Revoked',
  taken_over: 'Another browser holds it',
  returned: 'Launched again',
  asked_again: 'Launched again: the answer was lost',
  shown_on: 'Still shown, until the page heard of it',
  charge: 'Charged',
  fee: 'Of it, the platform’s fee',
}

export function describeLine({ what, beats, sequence }: TimelineLine): string {
  if (what === 'beat') return beats === 1 ? `Beat ${sequence ?? ''}`.trim() : `${beats} beats`
  return WHAT[what] ?? what
}
