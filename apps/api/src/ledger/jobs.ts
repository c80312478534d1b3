import type { Task } from 'graphile-worker'
import type { Deps } from '../deps.ts'
import { createId } from '../id.ts'
import { rollUpAccounts } from './account-balance.ts'
import { checkLedger } from './check-ledger.ts'

/** Any constant: whoever rolls up holds it until the commit. */
const ROLL_UP_LOCK = 7_308_000_001

/**
 * Keeps the balances of hot accounts cheap to read. Two at once would both add what came since the same watermark, so
 * one leaves it to the other; the next sees what it wrote, because its statement begins with the lock in hand.
 */
export const rollUpTask =
  ({ db }: Pick<Deps, 'db'>): Task =>
  async () => {
    await db.inBatch(async (tx) => {
      const [lock] = await tx.query<{ isFree: boolean }>('select pg_try_advisory_xact_lock($1) as "isFree"', [
        ROLL_UP_LOCK,
      ])
      if (lock?.isFree) await rollUpAccounts(tx)
    })
  }

const CHECK_MS_MAX = 30 * 60_000

/** The nightly proof. A finding is logged as an error, loudly, and fails the job. */
export const checkLedgerTask =
  ({ db, log, clock }: Deps): Task =>
  async () => {
    const report = await db.inBatch(
      async (tx) => {
        await tx.query('set transaction isolation level repeatable read')
        return checkLedger(tx)
      },
      { statementTimeoutMs: CHECK_MS_MAX },
    )
    const now = clock()
    await db.batch.query(
      'insert into ledger_checks (id, findings, transfers, created_at) values ($1, $2, $3, $4)',
      [createId('chk', now), report.findings.length, report.transfers, now],
    )
    if (report.findings.length === 0) return log.info(report, 'the ledger is right')
    log.error({ findings: report.findings }, 'THE LEDGER IS WRONG')
    throw new Error(`the ledger has ${report.findings.length} findings`)
  }
