import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import { listShownOn, type ShownOn } from '../sessions/left-leases.ts'
import { listTime, TIME_ROWS_MAX, type TimeRow } from '../sessions/list-time.ts'
import type { TimeKind } from '../sessions/log-time.ts'
import { INSTANT_MS } from './outcomes.ts'
import type { Entry, Mark, Timeline } from './timeline.ts'

export const ENTRIES_MAX = 1_000

interface TimelineRow
  extends Omit<Timeline, 'lastBeatAt' | 'entries' | 'beats' | 'isComplete' | 'marks' | 'nextAfter'> {
  lastBeatAt: Date | null
  createdAt: Date
}

interface EventRow {
  at: Date
  what: string
  sequence: number | null
  usedMs: number | null
  tokens: number | null
}

/** An entry while it is put in order. */
interface Placed extends Omit<Entry, 'at'> {
  at: Date
  place: number
}

/**
 * What happened in a session: its events, the ledger's lines, and every beat that was applied.
 *
 * @param input whose session it must be; nobody's for operators
 * @param input.after how many entries were listed before
 * @throws {Problem} `session_not_found`, also for somebody else's, and for the other mode's of a key
 */
export async function getTimeline(
  tx: Tx,
  input: {
    sessionId: string
    providerId?: string
    userId?: string
    isTest?: boolean | undefined
    after?: number
    now: Date
  },
): Promise<Timeline> {
  const { sessionId, providerId = null, userId = null, isTest = null, after = 0, now } = input
  const [session] = await tx.query<TimelineRow>(sessionSql, [sessionId, providerId, userId, isTest, now])
  if (!session) throw new Problem('session_not_found')
  const events = await tx.query<EventRow>(eventsSql, [sessionId, TIME_ROWS_MAX])
  // The figures are those of the beats' own instant, so that both agree while the session runs.
  const { rows, usedMs, unbilledMs, isComplete } = await listTime(tx, sessionId)
  const shownOn = await listShownOn(tx, sessionId, now)
  const { createdAt, lastBeatAt, ...rest } = session
  const entries = [
    ...shownOn.map(placeShownOn),
    ...toEntries(events, createdAt),
    ...(isComplete ? addUp(rows) : rows.map((row) => placeTime(row, null))),
  ]
  const merged = mergeEvents(entries).sort((a, b) => a.at.getTime() - b.at.getTime() || a.place - b.place)
  if (session.endReason === 'completed' && usedMs < INSTANT_MS)
    merged.find(({ what }) => what === 'completed')?.marks.push('completed_instantly')
  const until = after + ENTRIES_MAX
  return {
    ...rest,
    usedMs,
    unbilledMs: shownOn.reduce((sum, { shownMs }) => sum + shownMs, unbilledMs),
    lastBeatAt: lastBeatAt?.toISOString() ?? null,
    beats: rows.reduce((sum, { kind, times }) => sum + (kind === 'beat' ? times : 0), 0),
    isComplete,
    marks: sumMarks(merged),
    entries: merged
      .slice(after, until)
      .map(({ place: _, at, ...entry }) => ({ at: at.toISOString(), ...entry })),
    nextAfter: until < merged.length ? until : null,
  }
}

const NO_TIME = { countedMs: null, unbilledMs: null, activeMs: null }

function toEntries(events: EventRow[], createdAt: Date): Placed[] {
  const opened = { at: createdAt, what: 'opened', sequence: null, usedMs: 0, tokens: null }
  return [opened, ...events].map((event, i) => ({
    ...event,
    ...NO_TIME,
    marks: [],
    place: PLACE[event.what] ?? PLACE.event + i / 1_000_000,
  }))
}

// At one instant: first what was served until then, then what happened, then what it cost.
const PLACE: Record<string, number> & { event: number; time: number } = {
  opened: 0,
  started: 1,
  time: 2,
  event: 4,
  charge: 6,
  fee: 7,
}

const WHAT: Record<TimeKind, string> = {
  beat: 'beat',
  pause: 'paused',
  resume: 'resumed',
  takeover: 'taken_over',
  return: 'returned',
  again: 'asked_again',
  end: 'ended',
}

/** Every stretch of time with what was used until then, and what has changed since the beat before. */
function addUp(rows: TimeRow[]): Placed[] {
  let usedMs = 0
  let address: number | null = null
  let browser: number | null = null
  return rows.map((row) => {
    usedMs += row.countedMs
    const placed = placeTime(row, usedMs)
    if (isChanged(address, row.address)) placed.marks.push('address_changed')
    if (isChanged(browser, row.browser)) placed.marks.push('browser_changed')
    address = row.address ?? address
    browser = row.browser ?? browser
    return placed
  })
}

const isChanged = (before: number | null, now: number | null) =>
  before !== null && now !== null && before !== now

function placeTime(row: TimeRow, usedMs: number | null): Placed {
  const { at, kind, times, sequence, countedMs, unbilledMs, activeMs, isFinal } = row
  const marks: Mark[] = []
  if (kind === 'takeover') marks.push('taken_over')
  if (kind === 'beat' && isFinal) marks.push('page_left')
  if (unbilledMs > 0) marks.push('unbilled')
  const time = { countedMs, unbilledMs, activeMs }
  const many = times > 1 && { times }
  return { at, what: WHAT[kind], sequence, usedMs, tokens: null, ...time, ...many, marks, place: PLACE.time }
}

const placeShownOn = ({ at, shownMs: unbilledMs }: ShownOn): Placed => ({
  ...{ at, what: 'shown_on', sequence: null, usedMs: null, tokens: null },
  ...{ ...NO_TIME, countedMs: 0, unbilledMs, marks: ['unbilled'], place: PLACE.time },
})

const ENDINGS = new Set(['completed', 'expired', 'abandoned', 'cancelled', 'revoked'])

/** What a pause or an end counted belongs to the event of that instant; to each event one, so that the sum stays. */
function mergeEvents(entries: Placed[]): Placed[] {
  const keyOf = ({ at, what }: Placed) => `${at.getTime()} ${ENDINGS.has(what) ? 'ended' : what}`
  const events = new Map<string, Placed>()
  for (const entry of entries) if (entry.countedMs === null) events.set(keyOf(entry), entry)
  return entries.filter((entry) => {
    const event = entry.countedMs === null ? undefined : events.get(keyOf(entry))
    if (!event) return true
    events.delete(keyOf(entry))
    const { countedMs, unbilledMs, activeMs, marks } = entry
    Object.assign(event, { countedMs, unbilledMs, activeMs, marks: [...event.marks, ...marks] })
    return false
  })
}

function sumMarks(entries: Placed[]): Timeline['marks'] {
  const sums = new Map<Mark, { mark: Mark; count: number; ms: number | null }>()
  for (const { marks, unbilledMs } of entries) {
    for (const mark of marks) {
      const sum = sums.get(mark) ?? { mark, count: 0, ms: mark === 'unbilled' ? 0 : null }
      sum.count += 1
      if (sum.ms !== null) sum.ms += unbilledMs ?? 0
      sums.set(mark, sum)
    }
  }
  return [...sums.values()]
}

const sessionSql = `
  select id as "sessionId", provider_id as "providerId", user_ref as "userRef", status, end_reason as "endReason",
    used_ms as "usedMs", unbilled_ms as "unbilledMs", paused_ms as "pausedMs", tokens_per_minute as "tokensPerMinute",
    tokens_charged as "tokensCharged", least(last_beat_at, ended_at, $5) as "lastBeatAt", is_lease_short as "hasShortLease",
    created_at as "createdAt"
  from sessions
  where id = $1 and ($2::text is null or provider_id = $2) and ($3::text is null or user_id = $3)
    and ($4::boolean is null or is_test = $4)`

// Who pauses without end is told of the first pauses; what all of them counted is in the list of time.
// An event comes before the lines of the ledger that it caused in the same transaction.
const eventsSql = `
  select at, what, sequence, "usedMs", tokens from (
    select created_at as at, split_part(type, '.', 2) as what, sequence, (snapshot ->> 'usedMs')::bigint as "usedMs",
      (snapshot ->> 'tokensHeld')::bigint as tokens, 0 as place
    from events where session_id = $1 and type like 'session.%'
      and (sequence <= $2 or type not in ('session.paused', 'session.resumed'))
    union all
    select created_at, kind, null, null, amount, 1
    from transfers where session_id = $1 and kind in ('charge', 'fee')
  ) entries
  order by at, place, sequence, what`
