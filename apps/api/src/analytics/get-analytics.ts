import type { Tx } from '../db.ts'
import { idFloor } from '../id.ts'
import { factsSql, readRolledUntil, splitRange } from './activity.ts'
import type { Analytics, AnalyticsRow } from './analytics.ts'
import type { Range } from './range.ts'

const SUMS = ['opened', 'validated', 'completed', 'usedMs', 'gross', 'fee', 'refunded', 'newUsers'] as const
type Sums = Record<(typeof SUMS)[number], number>

/**
 * A provider's figures: the quarters that are written, and the facts after them. People are counted, not added; but each
 * is new only once, so whoever is in a row and not new in it has come back.
 *
 * @param input `isTest` asks for test sessions, which cost nothing and are in no other figure
 */
export async function getAnalytics(
  tx: Tx,
  { providerId, isTest, range }: { providerId: string; isTest: boolean; range: Range },
): Promise<Analytics> {
  const { from, to, interval, timeZone, starts } = range
  const rolledUntil = await readRolledUntil(tx)
  const values = [providerId, isTest, ...splitRange(rolledUntil, range), starts]
  const unwritten = [rolledUntil, idFloor('evt', rolledUntil), idFloor('evt', to)]
  // Counting people spills to disk with the 4 MB that PostgreSQL gives by itself.
  await tx.query(`set local work_mem = '32MB'`)
  const sums = await tx.query<Sums & { place: number }>(sumsSql, values)
  const people = await tx.query<{ place: number; users: number }>(usersSql, values)
  const added = await tx.query<{ place: number; newUsers: number }>(newUsersSql, [
    providerId,
    isTest,
    from,
    ...unwritten,
    starts,
  ])
  const usersAt = new Map(people.map(({ place, users }) => [place, users]))
  const sumsAt = new Map(sums.map((row) => [row.place, row]))
  for (const { place, newUsers } of added) {
    const row = sumsAt.get(place) ?? { ...NOTHING, place }
    sumsAt.set(place, { ...row, newUsers: row.newUsers + newUsers })
  }
  const rows = starts.map((start, i): AnalyticsRow => {
    const place = i + 1
    return { start: start.toISOString(), ...present(sumsAt.get(place), usersAt.get(place) ?? 0) }
  })
  const totals = { ...NOTHING }
  for (const row of sumsAt.values()) for (const name of SUMS) totals[name] += row[name]
  return {
    rows,
    totals: present(totals, usersAt.get(0) ?? 0),
    from: from.toISOString(),
    to: to.toISOString(),
    interval,
    timeZone,
  }
}

const NOTHING = Object.fromEntries(SUMS.map((name) => [name, 0])) as Sums

function present({ usedMs, newUsers, ...sums }: Sums = NOTHING, users: number) {
  const { opened, validated, completed, gross, fee, refunded } = sums
  return {
    opened,
    validated,
    completed,
    minutes: Math.round(usedMs / 60) / 1000,
    users,
    gross,
    fee,
    net: gross - fee,
    returningUsers: users - newUsers,
    refunded,
  }
}

const tail = factsSql('one', ['$5', '$6', '$7', '$8', '$9', '$10'])
const written = 'provider_id = $1 and is_test = $2 and quarter >= $3 and quarter < $4'

// Rows reach from one start to the next: a search in the list of starts, and no arithmetic of time zones per quarter.
const sumsSql = `
  select width_bucket(f.at, $11::timestamptz[]) as place, sum(opened) as opened, sum(validated) as validated,
    sum(completed) as completed, sum(used_ms) as "usedMs", sum(gross) as gross, sum(fee) as fee,
    sum(refunded) as refunded, sum(new_users) as "newUsers"
  from (
    select quarter as at, opened, validated, completed, used_ms, gross, fee, refunded, new_users
    from activity_quarters where ${written}
    union all
    select at, opened, validated, completed, used_ms, gross, fee, refunded, 0 from (${tail}) t where is_test = $2
  ) f
  group by 1`

// Who began a session after the written quarters and none in them, by when. Whom a roll-up has met meanwhile counts all
// the same: what was written when we looked is what the rest is added to.
const newUsersSql = `
  select width_bucket(f.at, $7::timestamptz[]) as place, count(*) as "newUsers"
  from (
    select min(e.created_at) as at
    from events e
    join sessions s on s.tenant_id = e.tenant_id and s.id = e.session_id
    left join activity_people p on p.tenant_id = s.tenant_id and p.provider_id = $1 and p.user_id = s.user_id
    where e.provider_id = $1 and e.id >= $5 and e.id < $6 and e.type = 'session.started' and s.is_test = $2
      and coalesce(case when $2 then p.first_test_quarter else p.first_quarter end >= $4, true)
    group by s.user_id
  ) f
  where f.at >= $3
  group by 1`

// Place 0 is the whole range. Many small sorts of numbers: hashing (row, person) took four times as long. Whoever is in
// the tail and has no number yet is in no written quarter, so a number below zero is as good.
const usersSql = `
  with tail as materialized (
    select width_bucket(t.at, $11::timestamptz[]) as place,
      coalesce(p.number, -dense_rank() over (order by t.user_id))::integer as person
    from (${tail}) t
    left join activity_people p on p.tenant_id = t.tenant_id and p.provider_id = $1 and p.user_id = t.user_id
    where t.is_test = $2 and t.user_id is not null
  ), places as (
    select place, start, lead(start, 1, 'infinity') over (order by place) as next
    from unnest($11::timestamptz[]) with ordinality as s (start, place)
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
