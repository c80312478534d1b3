import type { Queryable, Tx } from '../db.ts'
import { CHUNK_MS, findBeginning, quarterFloor, quarterNumber } from './activity.ts'

/**
 * Takes back what a clock that ran ahead had written: quarters that were not over yet, and that there is nothing in those to come.
 * What happened since would be missing from them, and from what is payable. Needs the progress locked; the roll-up goes on from here.
 *
 * @param until the last instant up to which quarters can be whole
 * @returns up to where figures are written now
 */
export async function rewindActivity(tx: Tx, until: Date): Promise<Date> {
  const from = await findRewound(tx, 'activity_quarters', until)
  await tx.query(forgetSql, [from, quarterNumber(from)])
  await tx.query('update activity_progress set rolled_until = $1', [from])
  return from
}

/**
 * Before what the clock had seen last when it was wrong: the quarter that was written last, where something had happened. Two days
 * earlier, as far as the second look of every night goes, for what was written at several wrong times.
 */
export async function findRewound(
  tx: Tx,
  table: 'activity_quarters' | 'outcome_quarters',
  until: Date,
): Promise<Date> {
  const last = await findLastWritten(tx, table, until)
  const from = last ? new Date(last.getTime() - 2 * CHUNK_MS) : ((await findBeginning(tx)) ?? until)
  return quarterFloor(from < until ? from : until)
}

async function findLastWritten(tx: Queryable, table: string, until: Date): Promise<Date | null> {
  const [row] = await tx.query<{ last: Date | null }>(
    `select max(quarter) as last from ${table} where quarter < $1`,
    [until],
  )
  return row?.last ?? null
}

// When somebody came the last time before is the least of what the quarters say that go, as it is where they are written again.
// Whoever came in those alone has their number and never came.
const forgetSql = `
  with gone as (
    delete from activity_quarters where quarter >= $1
    returning tenant_id, provider_id, is_test, people, came_before
  ), last as (
    select g.tenant_id, g.provider_id, p.number, min(p.came_before) filter (where not g.is_test) as came,
      min(p.came_before) filter (where g.is_test) as test_came
    from gone g cross join lateral unnest(g.people, g.came_before) p (number, came_before)
    group by 1, 2, 3
  )
  update activity_people p set
    last_came = coalesce(l.came, p.last_came), first_came = case when p.first_came >= $2 then 0 else p.first_came end,
    last_test_came = coalesce(l.test_came, p.last_test_came),
    first_test_came = case when p.first_test_came >= $2 then 0 else p.first_test_came end
  from last l
  where p.tenant_id = l.tenant_id and p.provider_id = l.provider_id and p.number = l.number`
