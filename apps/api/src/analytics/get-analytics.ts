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
type SumsRow = Sums & { place: number }

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
  const values = [providerId, isTest, ...(await splitRange(tx, range)), starts]
  // Counting people spills to disk with the 4 MB that PostgreSQL gives by itself.
  await tx.query(`set local work_mem = '32MB'`)
  const sums = await tx.query<SumsRow>(sumsSql, values)
  const people = await tx.query<{ place: number; users: number }>(usersSql, values)
  const usersAt = new Map(people.map(({ place, users }) => [place, users]))
  const sumsAt = new Map(sums.map((row) => [row.place, row]))
  const rows = starts.map((start, i): AnalyticsRow => {
    const place = i + 1
    return { start: start.toISOString(), ...present(sumsAt.get(place), usersAt.get(place) ?? 0) }
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
    totals: present(totals, usersAt.get(0) ?? 0),
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
const written = 'provider_id = $1 and is_test = $2 and quarter >= $3 and quarter < $4'

// Rows reach from one start to the next: a search in the list of starts, and no arithmetic of time zones per quarter.
const sumsSql = `
  select width_bucket(f.at, $9::timestamptz[]) as place, sum(opened) as opened, sum(validated) as validated,
    sum(completed) as completed, sum(used_ms) as "usedMs", sum(gross) as gross, sum(fee) as fee
  from (
    select quarter as at, opened, validated, completed, used_ms, gross, fee from activity_quarters where ${written}
    union all
    select at, opened, validated, completed, used_ms, gross, fee from (${tail}) t where is_test = $2
  ) f
  group by 1`

// Place 0 is the whole range. Many small sorts of numbers: hashing (row, person) took four times as long. Whoever is in
// the tail and has no number yet is in no written quarter, so a number below zero is as good.
const usersSql = `
  with tail as materialized (
    select width_bucket(t.at, $9::timestamptz[]) as place,
      coalesce(p.number, -dense_rank() over (order by t.user_id))::integer as person
    from (${tail}) t
    left join activity_people p on p.tenant_id = t.tenant_id and p.provider_id = $1 and p.user_id = t.user_id
    where t.is_test = $2 and t.user_id is not null
  ), places as (
    select place, start, lead(start, 1, 'infinity') over (order by place) as next
    from unnest($9::timestamptz[]) with ordinality as s (start, place)
  )
  select p.place, (
    select count(distinct u.person) from (
      select unnest(q.people) as person from activity_quarters q
      where ${written} and q.quarter >= p.start and q.quarter < p.next
      union all
      select person from tail where tail.place = p.place
    ) u
  ) as users
  from places p
  union all
  select 0, count(distinct u.person) from (
    select unnest(q.people) as person from activity_quarters q where ${written}
    union all
    select person from tail
  ) u`
