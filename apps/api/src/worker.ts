/**
 * Jobs: graphile-worker for what is enqueued, and the sweeper's own tick for what is due by time.
 *
 * @module
 */
import { Logger, run, type TaskList } from 'graphile-worker'
import type { Deps } from './deps.ts'

export interface Worker {
  stop(): Promise<void>
}

/** One entry per domain's `jobs.ts`. */
export function createTasks(_deps: Deps): TaskList {
  return {}
}

const CRON = ''

export async function startWorker(deps: Deps, databaseUrl: string): Promise<Worker> {
  const { log } = deps
  const runner = await run({
    connectionString: databaseUrl,
    concurrency: 4,
    noHandleSignals: true,
    crontab: CRON,
    taskList: createTasks(deps),
    logger: new Logger(() => (level, message) => {
      if (level === 'error') log.error({ component: 'jobs' }, message)
      else if (level === 'warning') log.warn({ component: 'jobs' }, message)
    }),
  })
  const refresh = setInterval(() => {
    deps.keys.reload().catch((error: Error) => log.warn({ err: error }, 'key set not reloaded'))
  }, 60_000)
  refresh.unref()
  return {
    async stop() {
      clearInterval(refresh)
      await runner.stop()
    },
  }
}
