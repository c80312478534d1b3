import type { Tx } from '../db.ts'
import type { TimeKind } from './log-time.ts'

/** So many are listed one by one; an honest day has 2,880. */
export const TIME_ROWS_MAX = 10_000

/** A stretch of time as it was applied: what it counted, and what was served and did not count. */
export interface TimeRow {
  kind: TimeKind
  /** How many it stands for: where there are too many to list, those of a kind within a minute are one. */
  times: number
  at: Date
  sequence: number | null
  activeMs: number | null
  countedMs: number
  unbilledMs: number
  isFinal: boolean
  /** Fingerprints: they can be compared within the session and say nothing else. */
  address: number | null
  browser: number | null
}

export interface SessionTime {
  /** Oldest first. */
  rows: TimeRow[]
  /** The session's own figures at the same instant. */
  usedMs: number
  unbilledMs: number
  /** Whether the rows add up to them: not where the session began before beats were kept, or ended too long ago. */
  isComplete: boolean
}

/**
 * Of what a session's time consists: the one list behind its timeline and its receipt. One statement, so that a beat or
 * the job that moves them is seen whole or not at all.
 *
 * A page may beat 240 times a minute, all day: 345,000 rows, which took eight seconds in which the process answered nobody else.
 *
 * @param rowsMax beyond this many they are added up by the minute, in the database
 */
export async function listTime(tx: Tx, sessionId: string, rowsMax = TIME_ROWS_MAX): Promise<SessionTime> {
  const found = await tx.query<TimeRow & { usedMs: number; unbilledTotalMs: number }>(listSql, [
    sessionId,
    rowsMax,
  ])
  const { usedMs = 0, unbilledTotalMs: unbilledMs = 0 } = found[0] ?? {}
  const rows = found
    .filter(({ at }) => at !== null)
    .map(({ usedMs: _, unbilledTotalMs: __, ...row }) => row)
    .sort((a, b) => a.at.getTime() - b.at.getTime() || PLACE[a.kind] - PLACE[b.kind] || byNumber(a, b))
  const sum = (figure: (row: TimeRow) => number) => rows.reduce((total, row) => total + figure(row), 0)
  const isComplete = sum((row) => row.countedMs) === usedMs && sum((row) => row.unbilledMs) === unbilledMs
  return { rows, usedMs, unbilledMs, isComplete }
}

/** Beats of two clients within one millisecond have one number; which came first nobody knows, but it is always the same. */
const byNumber = (a: TimeRow, b: TimeRow) =>
  (a.sequence ?? 0) - (b.sequence ?? 0) || a.kind.localeCompare(b.kind) || b.countedMs - a.countedMs

/** At one instant: what happened in this order, if it happened. */
const PLACE: Record<TimeKind, number> = {
  again: 0,
  return: 1,
  takeover: 1,
  beat: 2,
  pause: 3,
  resume: 4,
  end: 5,
}

const COLUMNS = 't.at, t.sequence, t.active_ms, t.counted_ms, t.unbilled_ms, t.final, t.origin'
// Within the session's life, so that of a table in partitions few are read; an hour more, for clocks that differ. What is not
// folded yet is looked up by a function of the same instant, which may use an index.
const listSql = `
  with told as materialized (
    select s.used_ms, s.unbilled_ms as unbilled_total_ms, t.*
    from sessions s
    left join lateral (
      select b.kind, ${COLUMNS}
      from session_beats b
      cross join lateral unnest(b.ats, b.sequences, b.active_ms, b.counted_ms, b.unbilled_ms, b.finals, b.origins)
        as t (at, sequence, active_ms, counted_ms, unbilled_ms, final, origin)
      where b.tenant_id = s.tenant_id and b.session_id = s.id
        and b.last_at between s.created_at - interval '1 hour' and coalesce(s.ended_at + interval '1 hour', 'infinity')
      union all
      select t.kind, ${COLUMNS} from unfolded_beats(s.id) t
    ) t on true
    where s.id = $1
  ), listed as (
    select t.used_ms, t.unbilled_total_ms, t.kind, 1 as times, ${COLUMNS}
    from told t where (select count(*) from told) <= $2
    union all
    select min(t.used_ms), min(t.unbilled_total_ms), t.kind, count(*), max(t.at), max(t.sequence), null, sum(t.counted_ms),
      sum(t.unbilled_ms), bool_or(t.final), null
    from told t where (select count(*) from told) > $2
    group by t.kind, date_trunc('minute', t.at)
  )
  select t.used_ms as "usedMs", t.unbilled_total_ms as "unbilledTotalMs", t.kind, t.times, t.at, t.sequence,
    t.active_ms as "activeMs", t.counted_ms as "countedMs", t.unbilled_ms as "unbilledMs", t.final as "isFinal",
    t.origin >> 16 as address, t.origin & 65535 as browser
  from listed t`
