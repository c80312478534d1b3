/**
 * `npm run check-ledger`: exit code 0 when the books are right, 1 with every finding when they are not.
 *
 * @module
 */
import { readConfig } from './config.ts'
import { connect } from './db.ts'
import { joinEmbeddedPostgres } from './embedded-postgres.ts'
import { explainFailure } from './explain-failure.ts'
import { checkLedger } from './ledger/check-ledger.ts'

async function main(): Promise<void> {
  const config = readConfig(process.env)
  const embedded = config.databaseUrl ? undefined : await joinEmbeddedPostgres({ dataDir: config.dataDir })
  const db = connect({
    databaseUrl: config.databaseUrl ?? embedded?.url ?? '',
    batchDatabaseUrl: config.batchDatabaseUrl,
    statementTimeoutMs: 600_000,
  })
  try {
    const report = await db.inBatch(async (tx) => {
      await tx.query('set transaction isolation level repeatable read')
      return checkLedger(tx)
    })
    for (const { rule, tenantId, subject, detail } of report.findings) {
      process.stdout.write(`WRONG  ${rule}: ${tenantId}/${subject}: ${detail}\n`)
    }
    const verdict =
      report.findings.length === 0 ? 'the ledger is right' : `${report.findings.length} findings`
    process.stdout.write(
      `${verdict}: ${report.transfers} transfers, ${report.wallets} wallets, ${report.openHolds} open holds\n`,
    )
    process.exitCode = report.findings.length === 0 ? 0 : 1
  } finally {
    await db.end()
    await embedded?.stop()
  }
}

main().catch((error: Error) => {
  const noTables = 'This database has no tables yet, so there is nothing to check.'
  process.stderr.write(`${explainFailure(error, { noTables })}\n`)
  process.exitCode = 1
})
