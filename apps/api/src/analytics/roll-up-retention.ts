import { assert } from '../assert.ts'
import type { Db, Tx } from '../db.ts'
import { readRolledUntil } from './activity.ts'
import { CHUNK_MS, findBeginning, PATIENCE } from './roll-up-activity.ts'

export const RETENTION_INTERVALS = ['week', 'month'] as const
export type RetentionInterval = (typeof RETENTION_INTERVALS)[number]

/**
 * Counts, for each week and month since the last run, how many people of each cohort came in it, from the written
 * quarters. The current week and month are counted anew each time, and those that the nightly second look may have
 * changed. Repeating it changes nothing.
 *
 * @returns up to where people are counted
 */
export async function rollUpRetention(db: Db): Promise<Date | undefined> {
  const periods = await db.inBatch(async (tx) => {
    const progress = await lockProgress(tx)
    const until = await readRolledUntil(tx)
    const last = progress.writtenUntil && new Date(progress.writtenUntil.getTime() - 2 * CHUNK_MS)
    const from = last ?? (await findBeginning(tx))
    if (!from || from >= until) return []
    return tx.query<{ interval: RetentionInterval; start: Date; end: Date }>(periodsSql, [from, until])
  })
  let reached: Date | undefined
  for (const { interval, start, end } of periods) {
    reached = await db.inBatch(async (tx) => {
      // Instances that count at the same time wait here for one another.
      await lockProgress(tx)
      const until = await readRolledUntil(tx)
      await tx.query(forgetPeriodSql, [interval, start])
      await tx.query(writePeriodSql, [interval, start, until < end ? until : end])
      return until
    }, PATIENCE)
  }
  if (reached) await db.inBatch((tx) => tx.query(moveProgressSql, [reached]))
  return reached
}

async function lockProgress(tx: Tx): Promise<{ writtenUntil: Date | null }> {
  const [progress] = await tx.query<{ writtenUntil: Date | null }>(
    `select written_until as "writtenUntil" from analytics_progress where what = 'retention' for update`,
  )
  assert(progress, 'the progress has its row')
  return progress
}

const moveProgressSql = `update analytics_progress set written_until = $1 where what = 'retention'`

const periodsSql = `
  select i.name as interval, s.at at time zone 'UTC' as start, (s.at + ('1 ' || i.name)::interval) at time zone 'UTC' as "end"
  from unnest(array['week', 'month']) i (name)
  cross join lateral generate_series(
    date_trunc(i.name, $1::timestamptz at time zone 'UTC'),
    ($2::timestamptz at time zone 'UTC') - interval '1 ms',
    ('1 ' || i.name)::interval
  ) s (at)
  order by 2, 1`

const forgetPeriodSql = `
  delete from retention_cells where span = $1 and period = ($2::timestamptz at time zone 'UTC')::date`

// From provider to provider, because quarters are kept by provider.
const writePeriodSql = `
  insert into retention_cells (tenant_id, provider_id, is_test, span, cohort, period, users)
  select p.tenant_id, p.provider_id, p.is_test, $1,
    date_trunc($1, case when p.is_test then n.first_test_quarter else n.first_quarter end at time zone 'UTC')::date,
    ($2::timestamptz at time zone 'UTC')::date, count(*)
  from (
    select distinct q.tenant_id, q.provider_id, q.is_test, unnest(q.people) as number
    from providers v
    cross join (values (false), (true)) k (is_test)
    join activity_quarters q on q.tenant_id = v.tenant_id and q.provider_id = v.id and q.is_test = k.is_test
      and q.quarter >= $2 and q.quarter < $3
  ) p
  join activity_people n
    on n.tenant_id = p.tenant_id and n.provider_id = p.provider_id and n.number = p.number
  group by 1, 2, 3, 5`
