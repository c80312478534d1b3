import { assert } from '../assert.ts'
import type { Queryable } from '../db.ts'
import { idFloor } from '../id.ts'
import { factsSql, quarterNumber, readRolledUntil, splitRange } from './activity.ts'
import type { Analytics } from './analytics.ts'
import type { Range } from './range.ts'

const SUMS = [
  'opened',
  'validated',
  'completed',
  'usedMs',
  'gross',
  'fee',
  'refunded',
  'users',
  'newUsers',
  'usersFirstInRange',
] as const
type Sums = Record<(typeof SUMS)[number], number>

/**
 * A provider's figures: the quarters that are written, and the facts after them.
 *
 * @param tx sees one state of things in all its statements: a roll-up that commits between two of them would move people
 * from the facts to the quarters
 * @param input `isTest` asks for test sessions, which cost nothing and are in no other figure
 */
export async function getAnalytics(
  tx: Queryable,
  { providerId, isTest, range }: { providerId: string; isTest: boolean; range: Range },
): Promise<Analytics> {
  const { from, to, interval, timeZone, starts } = range
  const rolledUntil = await readRolledUntil(tx)
  const [, split, ...ids] = splitRange(rolledUntil, range)
  const numbers = starts.map(quarterNumber)
  const parts = [
    await tx.query<Place>(writtenSql, [providerId, isTest, from, split, starts, numbers]),
    await tx.query<Place>(tailSql, [providerId, isTest, ...ids, starts]),
    await tx.query<Place>(tailPeopleSql, [
      providerId,
      isTest,
      idFloor('evt', rolledUntil),
      idFloor('evt', to),
      starts,
      numbers,
    ]),
  ]
  const sumsAt = starts.map(() => ({ ...NOTHING }))
  const totals = { ...NOTHING }
  for (const { place, ...found } of parts.flat()) {
    const row = sumsAt[place - 1]
    assert(row, 'what happened in the range is in one of its rows')
    for (const name of SUMS) {
      row[name] += found[name] ?? 0
      totals[name] += found[name] ?? 0
    }
  }
  return {
    rows: starts.map((start, i) => ({ start: start.toISOString(), ...present(sumsAt[i]) })),
    totals: present({ ...totals, users: totals.usersFirstInRange }),
    from: from.toISOString(),
    to: to.toISOString(),
    interval,
    timeZone,
  }
}

type Place = { place: number } & Partial<Sums>

const NOTHING = Object.fromEntries(SUMS.map((name) => [name, 0])) as Sums

function present({ usedMs, users, newUsers, ...sums }: Sums = NOTHING) {
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
    // Each is new only once, so whoever is in a row and not new in it has come back.
    returningUsers: users - newUsers,
    refunded,
  }
}

// Rows reach from one start to the next: a search in the list of starts, and no arithmetic of time zones per quarter.
const place = (at: string, starts: string) => `width_bucket(${at}, ${starts}::timestamptz[])`

// Of those who came in a quarter, whoever came the last time before the row is counted in the row once, there; likewise
// for the range. `came_before` is sorted, so this is a search as well.
const writtenSql = `
  select place, sum(opened) as opened, sum(validated) as validated, sum(completed) as completed,
    sum(used_ms) as "usedMs", sum(gross) as gross, sum(fee) as fee, sum(refunded) as refunded,
    sum(width_bucket(($6::integer[])[place] - 1, came_before)) as users,
    sum(width_bucket(($6::integer[])[1] - 1, came_before)) as "usersFirstInRange",
    sum(width_bucket(0, came_before)) as "newUsers"
  from (
    select ${place('quarter', '$5')} as place, *
    from activity_quarters where provider_id = $1 and is_test = $2 and quarter >= $3 and quarter < $4
  ) q
  group by 1`

const tailSql = `
  select ${place('at', '$9')} as place, sum(opened) as opened, sum(validated) as validated,
    sum(completed) as completed, sum(used_ms) as "usedMs", sum(gross) as gross, sum(fee) as fee,
    sum(refunded) as refunded
  from (${factsSql('one', ['$3', '$4', '$5', '$6', '$7', '$8'])}) t
  where is_test = $2
  group by 1`

// Of all who came since the last written quarter, also before the range: they are not new in it.
const tailPeopleSql = `
  select place, count(*) filter (where came_before < ($6::integer[])[place]) as users,
    count(*) filter (where came_before < ($6::integer[])[1] and place = first_place_in_range) as "usersFirstInRange",
    count(*) filter (where came_before = 0 and place = first_place) as "newUsers"
  from (
    select t.place, case when $2 then coalesce(p.last_test_came, 0) else coalesce(p.last_came, 0) end as came_before,
      min(t.place) over (partition by t.user_id) as first_place,
      min(t.place) filter (where t.place > 0) over (partition by t.user_id) as first_place_in_range
    from (
      select distinct ${place('e.created_at', '$5')} as place, s.tenant_id, s.user_id
      from events e
      join sessions s on s.tenant_id = e.tenant_id and s.id = e.session_id
      where e.provider_id = $1 and e.id >= $3 and e.id < $4 and e.type = 'session.started' and s.is_test = $2
    ) t
    left join activity_people p on p.tenant_id = t.tenant_id and p.provider_id = $1 and p.user_id = t.user_id
  ) t
  where place > 0
  group by 1`
