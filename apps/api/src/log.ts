/**
 * Structured logs. What could be a secret is removed by name, wherever it stands.
 *
 * @module
 */
import { type Logger, type LoggerOptions, pino } from 'pino'

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
  const options: LoggerOptions = {
    level,
    base: null,
    redact: {
      paths: SECRET_NAMES.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
      censor: '[removed]',
    },
    formatters: { level: (label) => ({ level: label }) },
    timestamp: pino.stdTimeFunctions.isoTime,
  }
  return pino(options, gatherLines(pino.destination({ dest: 1, sync: true })))
}

/**
 * One system call for all lines of a turn of the event loop: at thousands of calls a second, one for each took a twentieth of this
 * process. A process that ends by itself, or by an error, has written them all.
 */
function gatherLines(stream: { write(lines: string): unknown }): { write(line: string): void } {
  let lines = ''
  const flush = () => {
    const gathered = lines
    lines = ''
    if (gathered !== '') stream.write(gathered)
  }
  process.on('exit', flush)
  return {
    write(line) {
      if (lines === '') setImmediate(flush)
      lines += line
    },
  }
}
