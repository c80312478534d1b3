import { type Config, readConfig } from './config.ts'
import { connect, type Db } from './db.ts'
import { joinEmbeddedPostgres } from './embedded-postgres.ts'
import { explainFailure } from './explain-failure.ts'

interface CommandOptions {
  /** What it means to this command that the database has no tables. */
  noTables: string
  poolSize?: number
}

const FOUND = 1
const COULD_NOT_LOOK = 2

/**
 * What each command has around its work on the database: the environment, the server that `npm start` runs or one for
 * this command alone, and an end that tells in one line what an operator can mend.
 *
 * Sets the exit code: 0 when all was well, 1 when something was found, 2 when it could not look: whoever is woken by a 1 should not
 * find a database that is away.
 *
 * @param work says whether all was well
 */
export async function runCommand(
  { noTables, ...pool }: CommandOptions,
  work: (given: { config: Config; db: Db }) => Promise<boolean>,
): Promise<void> {
  // Until it has looked, whatever ends this process.
  process.exitCode = COULD_NOT_LOOK
  try {
    const config = readConfig(process.env)
    const embedded = config.databaseUrl ? undefined : await joinEmbeddedPostgres({ dataDir: config.dataDir })
    const db = connect({
      databaseUrl: config.databaseUrl ?? embedded?.url ?? '',
      batchDatabaseUrl: config.batchDatabaseUrl,
      ...pool,
    })
    try {
      process.exitCode = (await work({ config, db })) ? 0 : FOUND
    } finally {
      await db.end()
      await embedded?.stop()
    }
  } catch (error) {
    process.exitCode = COULD_NOT_LOOK
    process.stderr.write(`${explainFailure(error as Error, { noTables })}\n`)
  }
}
