import { type Config, readConfig } from './config.ts'
import { connect, type Db } from './db.ts'
import { joinEmbeddedPostgres } from './embedded-postgres.ts'
import { explainFailure } from './explain-failure.ts'

interface CommandOptions {
  /** What it means to this command that the database has no tables. */
  noTables: string
  poolSize?: number
  statementTimeoutMs?: number
}

/**
 * What each command has around its work on the database: the environment, the server that `npm start` runs or one for
 * this command alone, and an end that tells in one line what an operator can mend.
 *
 * Sets the exit code: 0 when all was well, 1 when something was found or could not be done.
 *
 * @param work says whether all was well
 */
export async function runCommand(
  { noTables, ...pool }: CommandOptions,
  work: (given: { config: Config; db: Db }) => Promise<boolean>,
): Promise<void> {
  process.exitCode = 1
  try {
    const config = readConfig(process.env)
    const embedded = config.databaseUrl ? undefined : await joinEmbeddedPostgres({ dataDir: config.dataDir })
    const db = connect({
      databaseUrl: config.databaseUrl ?? embedded?.url ?? '',
      batchDatabaseUrl: config.batchDatabaseUrl,
      ...pool,
    })
    try {
      if (await work({ config, db })) process.exitCode = 0
    } finally {
      await db.end()
      await embedded?.stop()
    }
  } catch (error) {
    process.exitCode = 1
    process.stderr.write(`${explainFailure(error as Error, { noTables })}\n`)
  }
}
