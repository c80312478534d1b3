/**
 * `npm run rotate-keys`: adds a signing key and says from when it signs. Running sessions go on undisturbed.
 *
 * @module
 */
import { recordAction } from './audit/record-action.ts'
import { readConfig } from './config.ts'
import { connect } from './db.ts'
import { joinEmbeddedPostgres } from './embedded-postgres.ts'
import { explainFailure } from './explain-failure.ts'
import { addSigningKey, KEY_LEAD_MINUTES } from './keys/key-ring.ts'

const NO_TABLES = 'This database has no tables yet: start the API once, it makes its first key.'

async function main(): Promise<void> {
  const config = readConfig(process.env)
  // Joins the server that `npm start` runs, or starts one for this command.
  const embedded = config.databaseUrl ? undefined : await joinEmbeddedPostgres({ dataDir: config.dataDir })
  const databaseUrl = config.databaseUrl ?? embedded?.url ?? ''
  const db = connect({ databaseUrl, batchDatabaseUrl: config.batchDatabaseUrl, poolSize: 1 })
  try {
    const { keyEncryptionKey } = config
    const { kid, signsFrom } = await db.inBatch(async (tx) => {
      const now = new Date()
      const added = await addSigningKey(tx, { keyEncryptionKey, now })
      await recordAction(tx, {
        by: { command: 'rotate-keys' },
        action: 'signing_key.add',
        subjectId: added.kid,
        now,
      })
      return added
    })
    process.stdout.write(
      `key ${kid} is published and signs from ${signsFrom.toISOString()}, in ${KEY_LEAD_MINUTES} minutes\n`,
    )
  } finally {
    await db.end()
    await embedded?.stop()
  }
}

main().catch((error: Error) => {
  process.stderr.write(`${explainFailure(error, { noTables: NO_TABLES })}\n`)
  process.exitCode = 1
})
