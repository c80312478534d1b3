/**
 * `npm run reseal`: seals with `KEY_ENCRYPTION_KEY` what still is with `KEY_ENCRYPTION_KEY_ALSO`. Instances that know
 * both go on undisturbed. Exit code 1 when something opens with neither.
 *
 * @module
 */
import { beginStretch } from './audit/begin-stretch.ts'
import { recordAction } from './audit/record-action.ts'
import { readConfig } from './config.ts'
import { connect } from './db.ts'
import { joinEmbeddedPostgres } from './embedded-postgres.ts'
import { explainFailure } from './explain-failure.ts'
import { resealColumn, SEALED_COLUMNS } from './reseal-columns.ts'

const SHOWN_MAX = 20
const NO_TABLES = 'This database has no tables yet, so there is nothing to seal.'

async function main(): Promise<void> {
  const config = readConfig(process.env)
  const embedded = config.databaseUrl ? undefined : await joinEmbeddedPostgres({ dataDir: config.dataDir })
  const db = connect({
    databaseUrl: config.databaseUrl ?? embedded?.url ?? '',
    batchDatabaseUrl: config.batchDatabaseUrl,
    poolSize: 1,
  })
  const print = (line: string) => process.stdout.write(`${line}\n`)
  const unreadable: string[] = []
  let resealed = 0
  try {
    const now = new Date()
    await db.inBatch((tx) => beginStretch(tx, { sealing: config, now }))
    for (const column of SEALED_COLUMNS) {
      const report = await resealColumn(db, column, config)
      print(`${report.table}.${report.column}: ${report.opened} open, ${report.resealed} sealed anew`)
      unreadable.push(...report.unreadable)
      resealed += report.resealed
    }
    if (resealed > 0) {
      await db.inBatch((tx) =>
        recordAction(tx, {
          by: { command: 'reseal' },
          action: 'encryption_key.change',
          after: { resealed },
          now,
        }),
      )
    }
  } finally {
    await db.end()
    await embedded?.stop()
  }
  for (const place of unreadable.slice(0, SHOWN_MAX)) print(`WRONG  ${place} opens with no key`)
  print(
    unreadable.length === 0
      ? 'everything opens with KEY_ENCRYPTION_KEY alone'
      : `${unreadable.length} open with no key`,
  )
  process.exitCode = unreadable.length === 0 ? 0 : 1
}

main().catch((error: Error) => {
  process.stderr.write(`${explainFailure(error, { noTables: NO_TABLES })}\n`)
  process.exitCode = 1
})
