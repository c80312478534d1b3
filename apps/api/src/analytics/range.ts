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
  if (!isTimeZone(timeZone)) throw invalid('/timeZone', 'must be a name of the IANA time zone database')
  const to = asked.to ?? now.toISOString()
  const from = asked.from ?? daysBefore(new Date(to), RANGE_DAYS_DEFAULT[interval]).toISOString()
  const [fromAt, toAt] = [new Date(from), new Date(to)]
  const isDay = to.length === 10
  // A day may begin 14 hours earlier or 12 later than in UTC; only what is judged here needs to be near enough.
  if (!(fromAt >= FIRST_INSTANT && fromAt < LAST_INSTANT))
    throw invalid('/from', 'must lie between 2020 and 2099')
  if (!(toAt < LAST_INSTANT)) throw invalid('/to', 'must lie between 2020 and 2099')
  if (!(toAt > fromAt || (isDay && toAt >= fromAt))) throw invalid('/to', 'must be after from')
  if (daysBetween(fromAt, toAt) > RANGE_DAYS_MAX[interval])
    throw invalid('/to', `must be at most ${RANGE_DAYS_MAX[interval]} days after from, by the ${interval}`)
  const [row] = await tx
    .query<{ from: Date; to: Date; starts: Date[] }>(rangeSql, [from, to, interval, timeZone])
    .catch((error: { code?: string }) => {
      // A name that this program knows and PostgreSQL does not.
      if (error.code === '22023') throw invalid('/timeZone', 'must be a name of the IANA time zone database')
      throw error
    })
  if (!row || row.starts.length === 0) throw invalid('/to', 'must be after from')
  return { ...row, timeZone, interval }
}

const invalid = (path: string, message: string) =>
  new Problem('validation_failed', { errors: [{ path, message }] })

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}

// Rows are found by asking of sample instants in which one they lie: fine enough to miss none, however an hour or a day
// was shortened or moved.
const rangeSql = `
  with asked as (
    select
      case when length($1) = 10 then $1::date::timestamp at time zone $4 else $1::timestamptz end as from_at,
      case when length($2) = 10 then ($2::date + 1)::timestamp at time zone $4 else $2::timestamptz end as to_at
  ), widened as (
    select date_trunc($3, from_at, $4) as from_at,
      case $3 when 'hour' then date_trunc('hour', to_at - interval '1 ms', $4) + interval '1 hour'
        else (date_trunc($3, to_at - interval '1 ms', $4) at time zone $4 + ('1 ' || $3)::interval) at time zone $4
      end as to_at
    from asked
  )
  select w.from_at as "from", w.to_at as "to", array(
    select distinct date_trunc($3, sample, $4)
    from generate_series(w.from_at, w.to_at - interval '1 ms',
      (case $3 when 'hour' then '15 minutes' when 'day' then '1 hour' else '12 hours' end)::interval) sample
    order by 1
  ) as starts
  from widened w`
