/**
 * Whether calls did what they are measured for: a beat that comes late, a session that has ended or a launch that was spent
 * are answered with 200 as well, and write nothing.
 *
 * @module
 */
import { withClient } from './bulk.ts'
import type { LoadResult } from './load.ts'

export type Work = 'beat' | 'open' | 'complete' | 'validate'

/**
 * Compares what was answered with what the database has of it, after a run.
 *
 * A run that ends by time closes its connections while each may have one call under way: that may be applied and is not
 * counted as answered. Nothing else may differ.
 *
 * @throws when a call was answered and not applied, or applied and not asked for.
 */
export async function checkApplied(url: string, work: Work, runs: readonly LoadResult[]): Promise<void> {
  const begunAt = Math.min(...runs.map((run) => run.begunAt))
  const sum = (of: (run: LoadResult) => number) => runs.reduce((total, run) => total + of(run), 0)
  const [answered, unanswered] = [sum((run) => run.answered), sum((run) => run.unansweredMax)]
  const applied = await withClient(url, async (client) => {
    const { rows } = await client.query<{ applied: string }>(APPLIED_SQL[work], [new Date(begunAt)])
    return Number(rows[0]?.applied)
  })
  if (applied >= answered && applied <= answered + unanswered) return
  throw new Error(
    `${answered} calls (${work}) were answered with success, but the database has applied ${applied}: ` +
      'the figure would say what it costs to refuse them',
  )
}

// All by the clock of the API, which is that of the load. What a row consists of is counted where it is least, so a
// completion counts with its charge, fee and both events.
const APPLIED_SQL: Record<Work, string> = {
  // By their sequences, which are times of the load's clock in microseconds: a batch says only when its earliest came. A job
  // moves the log from one table to the other meanwhile; one statement sees each beat once.
  beat: `
    select count(*) as applied
    from (
      select unnest(sequences) as sequence from beat_batches
      where kind = 'beat' and at >= $1::timestamptz - interval '1 minute'
      union all
      select unnest(sequences) from session_beats where kind = 'beat' and last_at >= $1::timestamptz
    ) b
    where sequence >= extract(epoch from $1::timestamptz) * 1000000`,
  open: `
    select count(*) as applied
    from sessions s join holds h on h.tenant_id = s.tenant_id and h.reference = s.id
    where s.created_at >= $1 and h.created_at >= $1`,
  complete: `
    select least(
      (select count(*) from sessions where ended_at >= $1 and end_reason = 'completed'),
      (select count(*) from transfers where created_at >= $1 and kind = 'charge'),
      (select count(*) from transfers where created_at >= $1 and kind = 'fee'),
      (select count(*) from events where created_at >= $1 and type = 'session.completed'),
      (select count(*) from events where created_at >= $1 and type = 'earnings.posted')) as applied`,
  validate: `
    select least(
      (select count(*) from sessions where started_at >= $1),
      (select count(*) from events where created_at >= $1 and type = 'session.started')) as applied`,
}
