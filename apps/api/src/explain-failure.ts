import { ConfigError } from './config.ts'
import { EmbeddedPostgresError } from './embedded-postgres.ts'

const LOGINS = 'see docs/operations/logins.md'

/** The login exists, and nobody granted it what it should work as. */
export const lacksRole = ({ code, message }: { code?: string | undefined; message: string }) =>
  code === '42501' && message.includes('set role')

/**
 * One clear line for what an operator can mend; the stack for what only we can.
 *
 * @param name of the variable that leads to the database
 */
export function explainFailure(error: NodeJS.ErrnoException & { port?: number }, name: string): string {
  if (error instanceof ConfigError || error instanceof EmbeddedPostgresError) return error.message
  if (error.code === 'EADDRINUSE') return `Port ${error.port} is taken: stop what listens there, or set PORT.`
  if (error.code === 'EACCES' && error.syscall === 'listen')
    return `Port ${error.port} needs more rights: set PORT.`
  if (['ECONNREFUSED', 'ENOTFOUND', 'ETIMEDOUT', 'ECONNRESET'].includes(error.code ?? '')) {
    return `The database of ${name} does not answer: start it, or correct the address.`
  }
  if (/^(28|3D)/.test(error.code ?? '')) return `The database of ${name} refuses us: ${error.message}.`
  if (lacksRole(error)) return `A login of the database lacks its role, ${error.message}: ${LOGINS}.`
  return error.stack ?? String(error)
}
