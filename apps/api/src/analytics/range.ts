import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import {
  daysBefore,
  daysBetween,
  FIRST_INSTANT,
  type Interval,
  LAST_INSTANT,
  RANGE_DAYS_DEFAULT,
  RANGE_DAYS_MAX,
} from './analytics.ts'

export interface AskedRange {
  from?: string
  to?: string
  timeZone?: string
}

export interface Range {
  from: Date
  to: Date
  timeZone: string
  interval: Interval
  /** Where each row begins. */
  starts: Date[]
}

/**
 * The range asked for, in whole hours, days or months of a time zone. The database knows where those begin.
 *
 * @throws {Problem} `validation_failed`
 */
export async function getRange(
  tx: Tx,
  { asked, interval, now }: { asked: AskedRange; interval: Interval; now: Date },
): Promise<Range> {
  const { timeZone = 'UTC' } = asked
  checkTimeZone(timeZone)
  const to = asked.to ?? now.toISOString()
  const from = asked.from ?? daysBefore(new Date(to), RANGE_DAYS_DEFAULT[interval]).toISOString()
  const [fromAt, toAt] = [new Date(from), new Date(to)]
  // A day may begin 14 hours earlier or 12 later than in UTC; what is judged here needs to be near enough, what comes first does not.
  if (!(fromAt >= FIRST_INSTANT && fromAt < LAST_INSTANT))
    throw invalid('/from', 'must lie between 2020 and 2099')
  if (!(toAt < LAST_INSTANT)) throw invalid('/to', 'must lie between 2020 and 2099')
  if (daysBetween(fromAt, toAt) > RANGE_DAYS_MAX[interval])
    throw invalid('/to', `must be at most ${RANGE_DAYS_MAX[interval]} days after from, by the ${interval}`)
  const [row] = await tx
    .query<{ from: Date; to: Date; starts: Date[] }>(rangeSql, [
      plain(from, fromAt),
      plain(to, toAt),
      interval,
      timeZone,
    ])
    .catch(refuseUnknownZone)
  if (!row || row.starts.length === 0) throw invalid('/to', 'must be after from')
  return { ...row, timeZone, interval }
}

const DAY_CHARACTERS = '2026-03-01'.length

/** A day as it was given; an instant in UTC, because PostgreSQL reads offsets of fewer hours than RFC 3339 has. */
const plain = (text: string, at: Date) => (text.length === DAY_CHARACTERS ? text : at.toISOString())

const invalid = (path: string, message: string) =>
  new Problem('validation_failed', { errors: [{ path, message }] })

const invalidZone = () =>
  invalid('/timeZone', 'must be UTC or a place of the IANA time zone database, like Europe/Paris')

/**
 * PostgreSQL reads CET, IST, PST and others as abbreviations of one offset before it looks for a zone of that name, and JavaScript
 * never does: days began an hour or more apart. No abbreviation has a slash, and every place has.
 */
function isTimeZone(name: string): boolean {
  if (!name.includes('/') && name.toUpperCase() !== 'UTC') return false
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}

/**
 * The first instant of a day that is given by its local midnight. Where clocks go back to midnight it comes twice, and
 * PostgreSQL takes the second; where they go forward over it, the day begins later.
 */
export const firstInstantSql = (midnight: string, timeZone: string) => `(
  select min(t) from generate_series(
    (${midnight}) at time zone ${timeZone} - interval '3 hours', (${midnight}) at time zone ${timeZone}, interval '15 minutes'
  ) t
  where t at time zone ${timeZone} >= (${midnight})
)`

/** @throws {Problem} `validation_failed` */
export function checkTimeZone(name: string): void {
  if (!isTimeZone(name)) throw invalidZone()
}

/** For a name that this program knows and PostgreSQL does not. */
export function refuseUnknownZone(error: unknown): never {
  if ((error as { code?: string }).code === '22023') throw invalidZone()
  throw error
}

// Rows are found by asking of sample instants in which one they lie: fine enough to miss none, however an hour or a day
// was shortened or moved.
const rangeSql = `
  with asked as (
    select
      case when length($1) = 10 then $1::date::timestamp at time zone $4 else $1::timestamptz end as from_at,
      case when length($2) = 10 then ${firstInstantSql('($2::date + 1)::timestamp', '$4')} else $2::timestamptz end as to_at
  ), local as (
    select date_trunc($3, from_at at time zone $4) as from_local,
      date_trunc($3, (to_at - interval '1 ms') at time zone $4) + ('1 ' || $3)::interval as to_local
    from asked
  ), widened as (
    select
      case $3 when 'hour' then date_trunc('hour', from_at, $4) else ${firstInstantSql('from_local', '$4')} end as from_at,
      case $3 when 'hour' then date_trunc('hour', to_at - interval '1 ms', $4) + interval '1 hour'
        else ${firstInstantSql('to_local', '$4')}
      end as to_at
    from asked, local
  )
  select w.from_at as "from", w.to_at as "to", array(
    select case $3 when 'hour' then s.start else ${firstInstantSql('s.local', '$4')} end
    from (
      select distinct case $3 when 'hour' then date_trunc('hour', sample, $4) end as start,
        case $3 when 'hour' then null else date_trunc($3, sample at time zone $4) end as local
      from generate_series(w.from_at, w.to_at - interval '1 ms',
        (case $3 when 'hour' then '15 minutes' when 'day' then '1 hour' else '12 hours' end)::interval) sample
      where a.from_at < a.to_at
    ) s
    order by 1
  ) as starts
  from widened w, asked a`
