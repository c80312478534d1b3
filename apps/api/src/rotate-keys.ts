/**
 * `npm run rotate-keys`: adds a signing key and says from when it signs. Running sessions go on undisturbed.
 *
 * @module
 */
import { recordAction } from './audit/record-action.ts'
import { ConfigError, readConfig } from './config.ts'
import { connect } from './db.ts'
import { EmbeddedPostgresError, joinEmbeddedPostgres } from './embedded-postgres.ts'
import { addSigningKey, KEY_LEAD_MINUTES } from './keys/key-ring.ts'

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

main().catch((error: Error & { code?: string }) => {
  process.stderr.write(`${explain(error)}\n`)
  process.exitCode = 1
})

function explain(error: Error & { code?: string }): string {
  if (error instanceof ConfigError || error instanceof EmbeddedPostgresError) return error.message
  if (error.code === '42P01')
    return 'This database has no tables yet: start the API once, it makes its first key.'
  if (error.code === 'ECONNREFUSED') return 'The database of DATABASE_URL does not answer.'
  return error.stack ?? String(error)
}
