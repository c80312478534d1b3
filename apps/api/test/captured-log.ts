import { Writable } from 'node:stream'
import { type Logger, pino } from 'pino'
import { createApp } from '../src/app.ts'
import { createDeps } from '../src/create-deps.ts'
import type { App } from '../src/http/server.ts'
import type { TestApi } from './harness.ts'

export interface CapturedApp {
  app: App
  /** Everything logged so far, as text. */
  logged(): string
}

/** A log that the test reads, down to the last detail. */
export function captureLog(): { log: Logger; logged(): string } {
  let text = ''
  const sink = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk)
      done()
    },
  })
  // As in production but for the redaction, so that what is only hidden by it is found.
  const log = pino({ level: 'trace', base: null, formatters: { level: (label) => ({ level: label }) } }, sink)
  return { log, logged: () => text }
}

/** A second instance on the same database, and its log. */
export async function startCapturedApp({ deps }: TestApi): Promise<CapturedApp> {
  const { config, db, clock } = deps
  const { log, logged } = captureLog()
  const app = await createApp(await createDeps({ config, db, clock, log }))
  await app.ready()
  return { app, logged }
}
