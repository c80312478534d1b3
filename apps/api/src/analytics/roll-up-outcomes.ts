import { assert } from '../assert.ts'
import type { Db, Tx } from '../db.ts'
import { idFloor } from '../id.ts'
import { CHUNK_MS, findBeginning, quarterFloor, quarterSql } from './activity.ts'
import { OUTCOMES, outcomesSql } from './outcomes.ts'
import { findRewound } from './rewind-activity.ts'
import { GRACE_MS, PATIENCE } from './roll-up-activity.ts'

/**
 * Writes what became of the sessions of each quarter, once all of them have ended: from then on nothing of it changes.
 * A session lives a day at most, so the rest, which is computed when it is read, is a day's. Repeating it changes nothing.
 *
 * @returns up to where outcomes are written
 */
export async function rollUpOutcomes(db: Db, { now }: { now: Date }): Promise<Date> {
  for (;;) {
    const [reached, until] = await db.inBatch(async (tx) => {
      // Instances that roll up at the same time wait here for one another.
      const [progress] = await tx.query<{ writtenUntil: Date | null }>(lockProgressSql)
      assert(progress, 'the progress has its row')
      const open = await findOldestOpen(tx)
      const settled = Math.min(now.getTime() - GRACE_MS, open?.getTime() ?? Number.POSITIVE_INFINITY)
      const until = quarterFloor(new Date(settled))
      // Up to a time that has yet to come: a clock ran ahead by more than the grace.
      const isAhead = progress.writtenUntil !== null && progress.writtenUntil > now
      const from = isAhead
        ? await findRewound(tx, 'outcome_quarters', until)
        : (progress.writtenUntil ?? (await findBeginning(tx)) ?? until)
      if (from >= until && !isAhead) return [from, from] as const
      const to = new Date(Math.min(until.getTime(), from.getTime() + CHUNK_MS))
      if (from < to) await writeOutcomes(tx, from, to)
      await tx.query(moveProgressSql, [to])
      return [to, until] as const
    }, PATIENCE)
    if (reached >= until) return reached
  }
}

/** The last two days again, for the day a clock was wrong by more than the grace. */
export async function rollUpOutcomesAgain(db: Db): Promise<void> {
  await db.inBatch(async (tx) => {
    const [progress] = await tx.query<{ writtenUntil: Date | null }>(lockProgressSql)
    const to = progress?.writtenUntil
    if (to) await writeOutcomes(tx, new Date(to.getTime() - 2 * CHUNK_MS), to)
  }, PATIENCE)
}

async function findOldestOpen(tx: Tx): Promise<Date | undefined> {
  const [oldest] = await tx.query<{ at: Date | null }>(
    `select min(created_at) as at from sessions where ended_at is null`,
  )
  return oldest?.at ?? undefined
}

async function writeOutcomes(tx: Tx, from: Date, to: Date): Promise<void> {
  const ids = [idFloor('ses', from), idFloor('ses', to)]
  await tx.query(writeOutcomesSql, ids)
  await tx.query(writeExperimentsSql, ids)
}

const lockProgressSql = `
  select written_until as "writtenUntil" from analytics_progress where what = 'outcomes' for update`
const moveProgressSql = `update analytics_progress set written_until = $1 where what = 'outcomes'`

const NAMES = Object.keys(OUTCOMES)
const replace = (names: readonly string[]) => names.map((name) => `${name} = excluded.${name}`).join(', ')

const writeOutcomesSql = `
  insert into outcome_quarters (tenant_id, provider_id, is_test, quarter, ${NAMES.join(', ')})
  select o.tenant_id, o.provider_id, o.is_test, ${quarterSql('o.at')},
    ${NAMES.map((name) => `count(*) filter (where ${OUTCOMES[name]})`).join(', ')}
  from (${outcomesSql('all', ['$1', '$2'])}) o
  group by 1, 2, 3, 4
  on conflict (tenant_id, provider_id, is_test, quarter) do update set ${replace(NAMES)}`

const writeExperimentsSql = `
  insert into experiment_quarters (tenant_id, provider_id, is_test, quarter, experiment, variant, exposed, completed,
    used_ms, gross)
  select o.tenant_id, o.provider_id, o.is_test, ${quarterSql('o.at')}, x.experiment, x.variant, count(*),
    count(*) filter (where ${OUTCOMES.completed}), sum(o.used_ms), coalesce(sum(o.tokens_charged), 0)
  from (${outcomesSql('all', ['$1', '$2'])}) o
  join exposures x on x.tenant_id = o.tenant_id and x.session_id = o.id
  group by 1, 2, 3, 4, 5, 6
  on conflict (tenant_id, provider_id, is_test, quarter, experiment, variant) do update set
    ${replace(['exposed', 'completed', 'used_ms', 'gross'])}`
