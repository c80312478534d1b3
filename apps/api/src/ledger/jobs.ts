import type { Task } from 'graphile-worker'
import type { Deps } from '../deps.ts'
import { createId } from '../id.ts'
import { rollUpAccounts } from './account-balance.ts'
import { checkLedger } from './check-ledger.ts'

/** Keeps the balances of hot accounts cheap to read. Two at once are one after the other. */
export const rollUpTask =
  ({ db }: Pick<Deps, 'db'>): Task =>
  async () => {
    await db.inBatch((tx) => rollUpAccounts(tx))
  }

const CHECK_MS_MAX = 30 * 60_000

/** The nightly proof. A finding is logged as an error, loudly, and fails the job. */
export const checkLedgerTask =
  ({ db, log, clock }: Deps): Task =>
  async () => {
    const report = await db.inBatch(checkLedger, { isOneView: true, statementTimeoutMs: CHECK_MS_MAX })
    const now = clock()
    await db.batch.query(
      'insert into ledger_checks (id, findings, transfers, created_at) values ($1, $2, $3, $4)',
      [createId('chk', now), report.findings.length, report.transfers, now],
    )
    if (report.findings.length === 0) return log.info(report, 'the ledger is right')
    log.error({ findings: report.findings }, 'THE LEDGER IS WRONG')
    throw new Error(`the ledger has ${report.findings.length} findings`)
  }
