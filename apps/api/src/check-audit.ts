/**
 * `npm run check-audit`: exit code 0 when the audit log is whole, 1 with every finding when it is not.
 *
 * Prints where the chain ends; kept elsewhere and given back as `--head 1042:9f86…` at the next run, it shows whether
 * the end was cut off since.
 *
 * @module
 */
import { parseArgs } from 'node:util'
import { type ChainReport, verifyChain } from './audit/verify-chain.ts'
import { readConfig } from './config.ts'
import { connect } from './db.ts'
import { joinEmbeddedPostgres } from './embedded-postgres.ts'
import { explainFailure } from './explain-failure.ts'

const { values } = parseArgs({ options: { head: { type: 'string' } } })
const [, sequence, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(values.head ?? '') ?? []
if (values.head !== undefined && hash === undefined) {
  process.stderr.write('--head looks like 1042:9f86…, as an earlier run printed it.\n')
  process.exit(2)
}
const known = hash === undefined ? undefined : { sequence: Number(sequence), hash }

async function main(): Promise<void> {
  const config = readConfig(process.env)
  const embedded = config.databaseUrl ? undefined : await joinEmbeddedPostgres({ dataDir: config.dataDir })
  const db = connect({
    databaseUrl: config.databaseUrl ?? embedded?.url ?? '',
    batchDatabaseUrl: config.batchDatabaseUrl,
    statementTimeoutMs: 600_000,
  })
  try {
    const report: ChainReport = await db.inBatch(async (tx) => {
      await tx.query('set transaction isolation level repeatable read')
      return verifyChain(tx, { sealing: config, known, now: new Date() })
    })
    for (const finding of report.findings) process.stdout.write(`WRONG  ${finding}\n`)
    const verdict =
      report.findings.length === 0 ? 'the audit log is whole' : `${report.findings.length} findings`
    process.stdout.write(
      `${verdict}: ${report.links} links, head ${report.head.sequence}:${report.head.hash}\n`,
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
