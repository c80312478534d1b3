import { ConfigError } from './config.ts'
import { isDatabaseAway } from './database-away.ts'
import { EmbeddedPostgresError } from './embedded-postgres.ts'

const AWAY = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'ECONNRESET']
const LOGINS = 'see docs/operations/logins.md'

/** The login exists, and nobody granted it what it should work as. */
export const lacksRole = ({ code, message }: { code?: string | undefined; message: string }) =>
  code === '42501' && message.includes('set role')

/**
 * Why a command could not do its work: one clear line for what an operator can mend, the stack for what only we can.
 *
 * @param options with the variable that leads to the database, and what it means to this command that it has no tables
 * @example main().catch((error) => { process.stderr.write(`${explainFailure(error)}\n`); process.exitCode = 1 })
 */
export function explainFailure(
  error: NodeJS.ErrnoException & { port?: number },
  { variable = 'DATABASE_URL', noTables }: { variable?: string; noTables?: string } = {},
): string {
  if (error instanceof ConfigError || error instanceof EmbeddedPostgresError) return error.message
  const code = error.code ?? ''
  if (code === 'EADDRINUSE') return `Port ${error.port} is taken: stop what listens there, or set PORT.`
  if (code === 'EACCES' && error.syscall === 'listen')
    return `Port ${error.port} needs more rights: set PORT.`
  if (AWAY.includes(code))
    return `The database of ${variable} does not answer: start it, or correct the address.`
  if (isDatabaseAway(error)) return `The database of ${variable} cannot serve now: ${error.message}.`
  if (/^(28|3D)/.test(code)) return `The database of ${variable} refuses us: ${error.message}.`
  if (lacksRole(error)) return `A login of the database lacks its role, ${error.message}: ${LOGINS}.`
  if (code === '42P01' && noTables !== undefined) return noTables
  return error.stack ?? String(error)
}
