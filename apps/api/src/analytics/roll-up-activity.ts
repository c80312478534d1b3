import { assert } from '../assert.ts'
import type { Db, Tx } from '../db.ts'
import { idFloor } from '../id.ts'
import { FIGURES, factsSql, quarterFloor, quarterSql } from './activity.ts'

/**
 * Longer than a transaction can run after it has read the clock, tries again included, and than the clocks of two
 * instances may differ. Older quarters do not change any more.
 */
export const GRACE_MS = 10 * 60_000
/** One transaction's worth: a day. */
export const CHUNK_MS = 86_400_000

export const PATIENCE = { statementTimeoutMs: 5 * 60_000 }

/**
 * Writes the quarters that are over, from where the last run stopped. Repeating it changes nothing.
 *
 * @returns up to where the figures are rolled up.
 */
export async function rollUpActivity(db: Db, { now }: { now: Date }): Promise<Date> {
  const until = quarterFloor(new Date(now.getTime() - GRACE_MS))
  for (;;) {
    const reached = await db.inBatch(async (tx) => {
      // Instances that roll up at the same time wait here for one another.
      const [progress] = await tx.query<{ rolledUntil: Date | null }>(lockProgressSql)
      assert(progress, 'the progress has its row')
      const from = progress.rolledUntil ?? (await findBeginning(tx)) ?? until
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

/** The quarter in which the first session of all was opened. */
export async function findBeginning(tx: Tx): Promise<Date | undefined> {
  const [first] = await tx.query<{ at: Date }>(firstSessionSql)
  return first && quarterFloor(first.at)
}

async function writeQuarters(tx: Tx, from: Date, to: Date): Promise<void> {
  const ids = (['ses', 'evt', 'trf'] as const).flatMap((prefix) => [
    idFloor(prefix, from),
    idFloor(prefix, to),
  ])
  await tx.query(writeQuartersSql, ids)
}

const lockProgressSql = 'select rolled_until as "rolledUntil" from activity_progress for update'

const firstSessionSql = `
  select s.created_at as at
  from tenants t cross join lateral (
    select created_at from sessions where tenant_id = t.id order by id limit 1
  ) s
  order by 1
  limit 1`

const QUARTER = quarterSql('f.at')

// People get numbers per provider as they appear. Nobody else gives any meanwhile: the progress is locked. Whose first
// quarter turns out to be an earlier one was new in a quarter that is written again here, because both are in its facts.
const writeQuartersSql = `
  with facts as materialized (${factsSql('all', ['$1', '$2', '$3', '$4', '$5', '$6'])}),
  seen as (
    select s.tenant_id, s.provider_id, s.user_id, p.number, least(s.first_quarter, p.first_quarter) as first_quarter,
      least(s.first_test_quarter, p.first_test_quarter) as first_test_quarter,
      s.first_quarter < p.first_quarter or (s.first_quarter is not null and p.first_quarter is null)
        or s.first_test_quarter < p.first_test_quarter
        or (s.first_test_quarter is not null and p.first_test_quarter is null) as is_earlier
    from (
      select tenant_id, provider_id, user_id, min(${QUARTER}) filter (where not is_test) as first_quarter,
        min(${QUARTER}) filter (where is_test) as first_test_quarter
      from facts f where user_id is not null group by 1, 2, 3
    ) s
    left join activity_people p
      on p.tenant_id = s.tenant_id and p.provider_id = s.provider_id and p.user_id = s.user_id
  ), added as (
    insert into activity_people (tenant_id, provider_id, user_id, number, first_quarter, first_test_quarter)
    select s.tenant_id, s.provider_id, s.user_id, coalesce((
        select max(p.number) from activity_people p where p.tenant_id = s.tenant_id and p.provider_id = s.provider_id
      ), 0) + row_number() over (partition by s.tenant_id, s.provider_id order by s.user_id),
      s.first_quarter, s.first_test_quarter
    from seen s where s.number is null
    returning tenant_id, provider_id, user_id, number, first_quarter, first_test_quarter
  ), moved as (
    update activity_people p set first_quarter = s.first_quarter, first_test_quarter = s.first_test_quarter
    from seen s
    where s.is_earlier and p.tenant_id = s.tenant_id and p.provider_id = s.provider_id and p.user_id = s.user_id
  ), people as (
    select tenant_id, provider_id, user_id, number, first_quarter, first_test_quarter from seen where number is not null
    union all
    select * from added
  )
  insert into activity_quarters (tenant_id, provider_id, is_test, quarter, ${FIGURES.join(', ')}, people, new_users)
  select f.tenant_id, f.provider_id, f.is_test, ${QUARTER}, ${FIGURES.map((name) => `sum(f.${name})`).join(', ')},
    coalesce(array_agg(distinct p.number order by p.number) filter (where p.number is not null), '{}'),
    count(distinct p.number) filter (
      where ${QUARTER} = case when f.is_test then p.first_test_quarter else p.first_quarter end)
  from facts f
  left join people p on p.tenant_id = f.tenant_id and p.provider_id = f.provider_id and p.user_id = f.user_id
  group by 1, 2, 3, 4
  on conflict (tenant_id, provider_id, is_test, quarter) do update set
    ${[...FIGURES, 'people', 'new_users'].map((name) => `${name} = excluded.${name}`).join(', ')}`
