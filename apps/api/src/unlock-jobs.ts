import type { Pool } from 'pg'

/** Longer than any job takes that is not scheduled: a mail gives up by itself, a portion of a suspension stops after a minute. */
const LOCKED_MINUTES_MAX = 3

/**
 * Gives jobs to the others whose worker was killed, or could not write down how they ended: the queue itself waits four hours.
 * One that is still worked on is done twice then, which every job bears.
 *
 * @param tasks whose jobs they are: not the scheduled ones, which may take longer and come again by themselves
 */
export async function unlockJobs(pool: Pool, tasks: string[]): Promise<void> {
  await pool.query(unlockSql, [tasks, LOCKED_MINUTES_MAX])
}

// The queue's own tables, which `tm_batch` works with; the view `jobs` is for administrators.
const unlockSql = `
  select graphile_worker.force_unlock_workers(array_agg(j.locked_by))
  from graphile_worker._private_jobs j join graphile_worker._private_tasks t on t.id = j.task_id
  where t.identifier = any ($1) and j.locked_at < now() - $2 * interval '1 minute'
  having count(*) > 0`
