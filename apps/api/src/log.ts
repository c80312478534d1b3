/**
 * Structured logs. What could be a secret is removed by name, wherever it stands.
 *
 * @module
 */
import { type Logger, pino } from 'pino'

const SECRET_NAMES = [
  'password',
  'accessToken',
  'refreshToken',
  'launchJwt',
  'launch_jwt',
  'sessionJwt',
  'secret',
  'authorization',
  'cookie',
]

export function createLog(level: string): Logger {
  return pino({
    level,
    base: null,
    redact: {
      paths: SECRET_NAMES.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
      censor: '[removed]',
    },
    formatters: { level: (label) => ({ level: label }) },
    timestamp: pino.stdTimeFunctions.isoTime,
  })
}
