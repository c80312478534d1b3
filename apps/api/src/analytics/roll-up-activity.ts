import { assert } from '../assert.ts'
import type { Db, Tx } from '../db.ts'
import { idFloor } from '../id.ts'
import {
  CHUNK_MS,
  FIGURES,
  factsSql,
  findBeginning,
  quarterFloor,
  quarterNumber,
  quarterNumberSql,
  quarterSql,
} from './activity.ts'
import { rewindActivity } from './rewind-activity.ts'

/**
 * Longer than a transaction can run after it has read the clock, tries again included, and than the clocks of two
 * instances may differ. Older quarters do not change any more.
 */
export const GRACE_MS = 10 * 60_000
export const PATIENCE = { statementTimeoutMs: 5 * 60_000 }

/**
 * Writes the quarters that are over, from where the last run stopped. Repeating it changes nothing.
 *
 * @param now by a clock that others agree with: what is written up to it is not looked at again after two days
 * @returns up to where the figures are rolled up.
 */
export async function rollUpActivity(db: Db, { now }: { now: Date }): Promise<Date> {
  const until = quarterFloor(new Date(now.getTime() - GRACE_MS))
  for (;;) {
    const reached = await db.inBatch(async (tx) => {
      // Instances that roll up at the same time wait here for one another.
      const [progress] = await tx.query<{ rolledUntil: Date | null }>(lockProgressSql)
      assert(progress, 'the progress has its row')
      let from = progress.rolledUntil ?? (await findBeginning(tx)) ?? until
      // Up to a time that has yet to come: a clock ran ahead by more than the grace.
      if (from > now) from = await rewindActivity(tx, until)
      if (from >= until && progress.rolledUntil !== null) return from
      const to = new Date(Math.min(until.getTime(), from.getTime() + CHUNK_MS))
      if (from < to) await writeQuarters(tx, from, to)
      await tx.query('update activity_progress set rolled_until = $1', [to])
      return to
    }, PATIENCE)
    if (reached >= until) return reached
  }
}

/**
 * Computes the quarters of the last two days again: a second look, for the day a clock was wrong by more than the
 * grace. Facts are only ever added, so what was written is replaced and nothing has to be deleted.
 */
export async function rollUpActivityAgain(db: Db): Promise<void> {
  await db.inBatch(async (tx) => {
    const [progress] = await tx.query<{ rolledUntil: Date | null }>(lockProgressSql)
    const to = progress?.rolledUntil
    if (to) await writeQuarters(tx, new Date(to.getTime() - 2 * CHUNK_MS), to)
  }, PATIENCE)
}

/** Writes a range that ends where the written quarters do or goes beyond: nothing written may come after it. */
async function writeQuarters(tx: Tx, from: Date, to: Date): Promise<void> {
  const ids = (['ses', 'evt', 'trf'] as const).flatMap((prefix) => [
    idFloor(prefix, from),
    idFloor(prefix, to),
  ])
  await tx.query(writeQuartersSql, [...ids, from, quarterNumber(from)])
}

const lockProgressSql = 'select rolled_until as "rolledUntil" from activity_progress for update'

/** Who came, and since when: see migration 0130. */
const LISTS = ['people', 'came_before', 'first_came', 'first_came_before'] as const
const QUARTER = quarterSql('f.at')
const SAME_PERSON = (a: string, b: string) =>
  `${a}.tenant_id = ${b}.tenant_id and ${a}.provider_id = ${b}.provider_id and ${a}.number = ${b}.number`

/** When somebody came first and last, `p`, after what they are known to have come now, `m`. A second look finds it so already. */
const MOVED = {
  first_came: 'coalesce(m.first_came, p.first_came)',
  last_came: 'greatest(m.last_came, p.last_came)',
  first_test_came: 'coalesce(m.first_test_came, p.first_test_came)',
  last_test_came: 'greatest(m.last_test_came, p.last_test_came)',
}

// People get numbers per provider as they appear. Nobody else gives any meanwhile: the progress is locked.
//
// A plan expects a few lines here and would compare each with each; a full join has to be hashed instead. Whoever came is among
// the people, and each list has its figures, so those are what an inner and a left join were; of what was written the rest is left out.
//
// When a person came the last time before the range is in activity_people, or, if it is written again, in the first of its
// quarters that has this person: the least of what its quarters say.
const writeQuartersSql = `
  with facts as materialized (${factsSql('all', ['$1', '$2', '$3', '$4', '$5', '$6'])}),
  came as (
    select distinct tenant_id, provider_id, user_id, is_test, ${quarterNumberSql('at')} as came
    from facts where user_id is not null
  ), added as (
    insert into activity_people (tenant_id, provider_id, user_id, number, first_came, last_came, first_test_came,
      last_test_came)
    select c.tenant_id, c.provider_id, c.user_id, coalesce((
        select max(p.number) from activity_people p where p.tenant_id = c.tenant_id and p.provider_id = c.provider_id
      ), 0) + row_number() over (partition by c.tenant_id, c.provider_id order by min(c.came), c.user_id),
      coalesce(min(c.came) filter (where not c.is_test), 0), coalesce(max(c.came) filter (where not c.is_test), 0),
      coalesce(min(c.came) filter (where c.is_test), 0), coalesce(max(c.came) filter (where c.is_test), 0)
    from came c
    where not exists (
      select from activity_people p
      where p.tenant_id = c.tenant_id and p.provider_id = c.provider_id and p.user_id = c.user_id
    )
    group by 1, 2, 3
    returning tenant_id, provider_id, user_id, number
  ), people as (
    select p.tenant_id, p.provider_id, p.user_id, p.number, p.first_came, p.last_came, p.first_test_came,
      p.last_test_came
    from (select distinct tenant_id, provider_id, user_id from came) c
    join activity_people p
      on p.tenant_id = c.tenant_id and p.provider_id = c.provider_id and p.user_id = c.user_id
    union all
    select tenant_id, provider_id, user_id, number, 0, 0, 0, 0 from added
  ), written as (
    select w.tenant_id, w.provider_id, w.is_test, w.number, min(w.came_before) as came_before
    from providers v
    cross join (values (false), (true)) k (is_test)
    cross join lateral (
      select q.tenant_id, q.provider_id, q.is_test, unnest(q.people) as number, unnest(q.came_before) as came_before
      from activity_quarters q
      where q.tenant_id = v.tenant_id and q.provider_id = v.id and q.is_test = k.is_test and q.quarter >= $7
      -- Keeps the planner from reading all quarters there are.
      offset 0
    ) w
    group by 1, 2, 3, 4
  ), visits as (
    select k.tenant_id, k.provider_id, k.is_test, k.came, k.number, lag(k.came, 1, k.last_before) over w as came_before,
      case when k.first_before > 0 then k.first_before else min(k.came) over w end as first_came
    from (
      select b.tenant_id, b.provider_id, b.is_test, b.came, b.number,
        case when b.last_came < $8 then b.last_came else coalesce(w.came_before, 0) end as last_before,
        case when b.first_came < $8 then b.first_came else 0 end as first_before
      from (
        select c.tenant_id, c.provider_id, c.is_test, c.came, p.number,
          case when c.is_test then p.first_test_came else p.first_came end as first_came,
          case when c.is_test then p.last_test_came else p.last_came end as last_came
        from came c
        full join people p on p.tenant_id = c.tenant_id and p.provider_id = c.provider_id and p.user_id = c.user_id
      ) b
      full join written w on ${SAME_PERSON('w', 'b')} and w.is_test = b.is_test
      -- Else the planner would see that the rest is left out, and compare again.
      offset 0
    ) k
    where k.came is not null
    window w as (partition by k.tenant_id, k.provider_id, k.is_test, k.number order by k.came)
  ), moved as (
    update activity_people p
    set (${Object.keys(MOVED).join(', ')}) = (${Object.values(MOVED).join(', ')})
    from (
      select tenant_id, provider_id, number, min(first_came) filter (where not is_test) as first_came,
        max(came) filter (where not is_test) as last_came, min(first_came) filter (where is_test) as first_test_came,
        max(came) filter (where is_test) as last_test_came
      from visits group by 1, 2, 3
    ) m
    where ${SAME_PERSON('p', 'm')}
      and (${Object.keys(MOVED)
        .map((name) => `p.${name}`)
        .join(', ')}) is distinct from (${Object.values(MOVED).join(', ')})
  ), lists as (
    select tenant_id, provider_id, is_test, came, array_agg(number order by came_before, number) as people,
      array_agg(came_before order by came_before, number) as came_before,
      array_agg(first_came order by first_came, came_before) as first_came,
      array_agg(came_before order by first_came, came_before) as first_came_before
    from visits group by 1, 2, 3, 4
  )
  insert into activity_quarters (tenant_id, provider_id, is_test, quarter, ${[...FIGURES, ...LISTS].join(', ')})
  select s.*, ${LISTS.map((name) => `coalesce(l.${name}, '{}')`).join(', ')}
  from (
    select f.tenant_id, f.provider_id, f.is_test, ${QUARTER} as quarter,
      ${FIGURES.map((name) => `sum(f.${name})`).join(', ')}
    from facts f group by 1, 2, 3, 4
  ) s
  full join lists l on l.tenant_id = s.tenant_id and l.provider_id = s.provider_id and l.is_test = s.is_test
    and l.came = ${quarterNumberSql('s.quarter')}
  on conflict (tenant_id, provider_id, is_test, quarter) do update set
    ${[...FIGURES, ...LISTS].map((name) => `${name} = excluded.${name}`).join(', ')}`
