/**
 * `npm run migrate`: brings the database up to this version as the owner of its tables, and ends. It needs one variable, so that
 * the process that serves need not know the owner's password, and this one nothing but that.
 *
 * @module
 */
import { ConfigError, findOwnerUrl } from './config.ts'
import { explainFailure } from './explain-failure.ts'
import { listMigrations, migrate } from './migrate.ts'
import { readArguments } from './read-arguments.ts'

const HELP = `npm run migrate

  Brings the database of DATABASE_OWNER_URL up to this version. Forward only; there is no way back but a backup.
  Ends with 1 when it could not be done.`
readArguments(HELP)

try {
  const url = findOwnerUrl(process.env)
  if (url === undefined) throw new ConfigError('DATABASE_OWNER_URL is needed: the login that owns the tables')
  await migrate(url)
  process.stdout.write(`the database is at ${listMigrations().at(-1)?.name}\n`)
} catch (error) {
  process.stderr.write(`${explainFailure(error as Error, { variable: 'DATABASE_OWNER_URL' })}\n`)
  process.exitCode = 1
}
