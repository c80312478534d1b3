import { Logger, runOnce, type TaskList } from 'graphile-worker'
import pg from 'pg'

/**
 * Runs every job that is due.
 *
 * By a pool of ours: the queue's own says that it has ended before its connections have, and one that the end of the test's
 * database throws out just then would raise an error that nobody hears.
 */
export async function runJobs(databaseUrl: string, taskList: TaskList): Promise<void> {
  const pgPool = new pg.Pool({ connectionString: databaseUrl })
  pgPool.on('error', () => undefined)
  pgPool.on('connect', (client) => client.on('error', () => undefined))
  try {
    await runOnce({ pgPool, taskList, noHandleSignals: true, logger: new Logger(() => () => {}) })
  } finally {
    await pgPool.end()
  }
}
