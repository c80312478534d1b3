import type { Tx } from '../db.ts'
import { factsSql, splitRange } from './activity.ts'
import type { Analytics, AnalyticsRow } from './analytics.ts'
import type { Range } from './range.ts'

interface Sums {
  opened: number
  validated: number
  completed: number
  usedMs: number
  gross: number
  fee: number
}
type SumsRow = Sums & { start: Date }

/**
 * A provider's figures: the quarters that are written, and the facts after them. People are counted, not added.
 *
 * @param input `isTest` asks for test sessions, which cost nothing and are in no other figure
 */
export async function getAnalytics(
  tx: Tx,
  { providerId, isTest, range }: { providerId: string; isTest: boolean; range: Range },
): Promise<Analytics> {
  const { from, to, interval, timeZone, starts } = range
  const values = [providerId, isTest, ...(await splitRange(tx, range)), interval, timeZone]
  const sums = await tx.query<SumsRow>(sumsSql, values)
  const people = await tx.query<{ start: Date | null; users: number }>(usersSql, values)
  const usersOf = new Map(people.map(({ start, users }) => [start?.getTime(), users]))
  const sumsOf = new Map(sums.map((row) => [row.start.getTime(), row]))
  const rows = starts.map((start): AnalyticsRow => {
    const at = start.getTime()
    return { start: start.toISOString(), ...present(sumsOf.get(at), usersOf.get(at) ?? 0) }
  })
  const total = (name: keyof Sums) => sums.reduce((sum, row) => sum + row[name], 0)
  const totals: Sums = {
    opened: total('opened'),
    validated: total('validated'),
    completed: total('completed'),
    usedMs: total('usedMs'),
    gross: total('gross'),
    fee: total('fee'),
  }
  return {
    rows,
    totals: present(totals, usersOf.get(undefined) ?? 0),
    from: from.toISOString(),
    to: to.toISOString(),
    interval,
    timeZone,
  }
}

const NOTHING: Sums = { opened: 0, validated: 0, completed: 0, usedMs: 0, gross: 0, fee: 0 }

function present({ opened, validated, completed, usedMs, gross, fee }: Sums = NOTHING, users: number) {
  const minutes = Math.round(usedMs / 60) / 1000
  return { opened, validated, completed, minutes, users, gross, fee, net: gross - fee }
}

const tail = factsSql('one', ['$5', '$6', '$7', '$8'])

const sumsSql = `
  select date_trunc($9, f.at, $10) as start, sum(opened) as opened, sum(validated) as validated,
    sum(completed) as completed, sum(used_ms) as "usedMs", sum(gross) as gross, sum(fee) as fee
  from (
    select quarter as at, opened, validated, completed, used_ms, gross, fee
    from activity_quarters
    where provider_id = $1 and is_test = $2 and quarter >= $3 and quarter < $4
    union all
    select at, opened, validated, completed, used_ms, gross, fee from (${tail}) t where is_test = $2
  ) f
  group by 1`

const usersSql = `
  with seen as materialized (
    select distinct date_trunc($9, f.at, $10) as start, f.user_id
    from (
      select quarter as at, user_id from activity_users
      where provider_id = $1 and is_test = $2 and quarter >= $3 and quarter < $4
      union all
      select at, user_id from (${tail}) t where is_test = $2 and user_id is not null
    ) f
  )
  select start, count(*) as users from seen group by start
  union all
  select null, count(distinct user_id) from seen`
