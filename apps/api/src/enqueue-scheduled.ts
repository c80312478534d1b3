import type { ParsedCronItem } from 'graphile-worker'
import type { Pool } from 'pg'
import { assert } from './assert.ts'

const MINUTE_MS = 60_000
/** What was missed for longer is not made up for, because each run does it all. */
const MISSED_MINUTES_MAX = 60

/**
 * Enqueues what the schedule says, once for all instances and by the database's clock.
 *
 * graphile-worker's own cron goes by the clock of its process, and notes for all of them up to when it has enqueued: one that ran
 * ahead by a day would put its jobs off to tomorrow and leave no other instance anything to do until then, also when it is right again.
 *
 * @param after the minute that the run before this one gave back; without it only the present one is looked at
 * @returns the present minute, counted since 1970
 */
export async function enqueueScheduled(
  pool: Pool,
  items: readonly ParsedCronItem[],
  after?: number,
): Promise<number> {
  const { rows } = await pool.query<{ at: Date }>('select clock_timestamp() as at')
  assert(rows[0], 'a database has a clock')
  const minute = Math.floor(rows[0].at.getTime() / MINUTE_MS)
  const first = Math.min(minute, Math.max((after ?? minute - 1) + 1, minute - MISSED_MINUTES_MAX))
  const due = items.flatMap(({ task, match }) => {
    for (let at = minute; at >= first; at -= 1) {
      const instant = new Date(at * MINUTE_MS)
      if (match(digestOf(instant))) return [{ task, instant }]
    }
    return []
  })
  if (due.length > 0)
    await pool.query(enqueueSql, [due.map(({ task }) => task), due.map(({ instant }) => instant)])
  return minute
}

/** As crontabs count. */
const digestOf = (at: Date) => ({
  min: at.getUTCMinutes(),
  hour: at.getUTCHours(),
  date: at.getUTCDate(),
  month: at.getUTCMonth() + 1,
  dow: at.getUTCDay(),
})

// Who comes second waits for the row and finds it written. What lies in the future was written by a clock that ran ahead, the
// database's own or that of a version before.
const enqueueSql = `
  with taken as (
    insert into graphile_worker._private_known_crontabs as k (identifier, known_since, last_execution)
    select task, at, at from unnest($1::text[], $2::timestamptz[]) as due (task, at)
    on conflict (identifier) do update set last_execution = excluded.last_execution
    where k.last_execution is null or k.last_execution < excluded.last_execution
      or k.last_execution > clock_timestamp()
    returning k.identifier
  )
  select enqueue_job(identifier, '{}', null, null) from taken`
