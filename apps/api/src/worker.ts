/**
 * Jobs: graphile-worker for what is enqueued, and the sweeper's own tick for what is due by time.
 *
 * @module
 */
import { Logger, parseCrontab, run, type TaskList } from 'graphile-worker'
import pg from 'pg'
import { noticeUnusualProvidersTask, rollUpActivityAgainTask, rollUpActivityTask } from './analytics/jobs.ts'
import { chainAuditTask } from './audit/jobs.ts'
import { ACCOUNT_MAIL_TASK } from './auth/account-mail.ts'
import { sendAccountMailTask } from './auth/jobs.ts'
import { CONNECTION_SECONDS_MAX, examineRole } from './db.ts'
import type { Deps } from './deps.ts'
import { enqueueScheduled } from './enqueue-scheduled.ts'
import { forgetOldRowsTask } from './http/forget-old-rows.ts'
import { checkLedgerTask, rollUpTask } from './ledger/jobs.ts'
import { createMailer } from './mail/mail.ts'
import { forgetInvitationsTask, sendMemberMailTask } from './members/jobs.ts'
import { MEMBER_MAIL_TASK } from './members/member-mail.ts'
import { traceTasks } from './observability/trace-tasks.ts'
import { retireOriginsTask, sendProviderMailTask } from './providers/jobs.ts'
import { PROVIDER_MAIL_TASK } from './providers/provider-mail.ts'
import { END_PROVIDER_SESSIONS_TASK } from './sessions/end-provider-sessions.ts'
import { endProviderSessionsTask, foldBeatsTask, startSweeper } from './sessions/jobs.ts'
import {
  LOW_BALANCE_MAIL_TASK,
  noticeLowBalancesTask,
  receiveUndeliveredEventsTask,
  reconcilePurchasesTask,
  sendLowBalanceMailTask,
} from './tokens/jobs.ts'
import { unlockJobs } from './unlock-jobs.ts'
import { forgetWebhookDeliveriesTask, sendDisabledMailTask, startCourier } from './webhooks/jobs.ts'
import { DISABLED_MAIL_TASK } from './webhooks/record-attempt.ts'
import { whenClocksAgree } from './when-clocks-agree.ts'

export interface Worker {
  stop(): Promise<void>
}

/** One entry per domain's `jobs.ts`. */
export function createTasks(deps: Deps, mailer = createMailer(deps)): TaskList {
  return {
    [ACCOUNT_MAIL_TASK]: sendAccountMailTask(deps, mailer),
    [LOW_BALANCE_MAIL_TASK]: sendLowBalanceMailTask(deps, mailer),
    [DISABLED_MAIL_TASK]: sendDisabledMailTask(deps, mailer),
    [MEMBER_MAIL_TASK]: sendMemberMailTask(deps, mailer),
    [PROVIDER_MAIL_TASK]: sendProviderMailTask(deps, mailer),
    [END_PROVIDER_SESSIONS_TASK]: endProviderSessionsTask(deps),
    'retire-origins': retireOriginsTask(deps),
    'forget-invitations': forgetInvitationsTask(deps),
    'notice-low-balances': noticeLowBalancesTask(deps),
    'reconcile-purchases': reconcilePurchasesTask(deps),
    'receive-undelivered-events': receiveUndeliveredEventsTask(deps),
    'chain-audit': chainAuditTask(deps),
    'roll-up-accounts': rollUpTask(deps),
    'check-ledger': checkLedgerTask(deps),
    'forget-old-rows': forgetOldRowsTask(deps),
    'fold-beats': foldBeatsTask(deps),
    'roll-up-activity': rollUpActivityTask(deps),
    'roll-up-activity-again': rollUpActivityAgainTask(deps),
    'notice-unusual-providers': noticeUnusualProvidersTask(deps),
    'forget-webhook-deliveries': forgetWebhookDeliveriesTask(deps),
  }
}

// Minute, hour, day, month, weekday; UTC, by the database's clock. What was missed while nobody ran is not made up for: each run does it
// all. The figures are looked at again before the proof compares them with the ledger.
export const CRON = `
* * * * * chain-audit
*/5 * * * * roll-up-accounts
17 3 * * * check-ledger
*/5 * * * * notice-low-balances
*/5 * * * * reconcile-purchases
*/15 * * * * receive-undelivered-events
41 * * * * forget-old-rows
*/5 * * * * fold-beats
46 * * * * forget-invitations
*/5 * * * * retire-origins
51 * * * * forget-webhook-deliveries
*/5 * * * * roll-up-activity
37 2 * * * roll-up-activity-again
13 * * * * notice-unusual-providers
`

/** Those that delete by the time, put off what is due, or say up to when something is written or was looked at. */
export const BY_THE_CLOCK = [
  'check-ledger',
  'forget-old-rows',
  'fold-beats',
  'forget-invitations',
  'retire-origins',
  'forget-webhook-deliveries',
  'roll-up-activity',
  'notice-unusual-providers',
  'reconcile-purchases',
  'receive-undelivered-events',
]

/**
 * @param databaseUrl past any pooler: the queue listens. The login owns nothing; `migrate` makes the queue's tables.
 */
export async function startWorker(deps: Deps, databaseUrl: string): Promise<Worker> {
  const { log } = deps
  // Ours, so that its last connection is gone before the database may be.
  const pgPool = new pg.Pool({
    connectionString: databaseUrl,
    max: 8,
    maxLifetimeSeconds: CONNECTION_SECONDS_MAX,
    application_name: 'token-marketplace jobs',
    // The queue's tables and nobody's wallet: whoever gets hold of one of these connections is no owner.
    options: '-c role=tm_batch',
    onConnect: (client) => examineRole(client, 'tm_batch'),
  })
  let isStopping = false
  pgPool.on('error', (error) => {
    if (!isStopping) log.warn({ err: error }, 'database connection lost')
  })
  pgPool.on('connect', (client) => client.on('error', () => undefined))
  const tasks = createTasks(deps)
  const runner = await run({
    pgPool,
    concurrency: 4,
    noHandleSignals: true,
    // The schedule is ours: theirs goes by the clock of this process.
    parsedCronItems: [],
    taskList: traceTasks(whenClocksAgree(tasks, BY_THE_CLOCK, deps)),
    logger: new Logger(() => (level, message) => {
      // Whatever ends with us is no news.
      if (isStopping) return
      if (level === 'error') log.error({ component: 'jobs' }, message)
      else if (level === 'warning') log.warn({ component: 'jobs' }, message)
    }),
  }).catch(async (error: Error) => {
    await pgPool.end()
    throw error
  })
  const stopSweeper = startSweeper(deps)
  const stopCourier = startCourier(deps)
  const schedule = parseCrontab(CRON)
  const unscheduled = Object.keys(tasks).filter((name) => !schedule.some(({ task }) => task === name))
  const unlock = () =>
    unlockJobs(pgPool, unscheduled).catch((error: Error) => log.warn({ err: error }, 'jobs not unlocked'))
  let minute: number | undefined
  const enqueueDue = async () => {
    try {
      minute = await enqueueScheduled(pgPool, schedule, minute)
    } catch (error) {
      if (!isStopping)
        log.warn({ err: error }, 'scheduled jobs not enqueued, the next minute makes up for it')
    }
  }
  void unlock()
  void enqueueDue()
  const refresh = setInterval(() => {
    deps.keys.reload().catch((error: Error) => log.warn({ err: error }, 'key set not reloaded'))
    void unlock()
    void enqueueDue()
  }, 60_000)
  refresh.unref()
  return {
    async stop() {
      isStopping = true
      clearInterval(refresh)
      await Promise.all([stopSweeper(), stopCourier()])
      await runner.stop()
      await pgPool.end()
    },
  }
}
