import { Writable } from 'node:stream'
import { pino } from 'pino'
import { createApp } from '../src/app.ts'
import { createDeps } from '../src/create-deps.ts'
import type { App } from '../src/http/server.ts'
import type { TestApi } from './harness.ts'

export interface CapturedApp {
  app: App
  /** Everything logged so far, as text. */
  logged(): string
}

/** A second instance on the same database whose log the test reads, down to the last detail. */
export async function startCapturedApp({ deps }: TestApi): Promise<CapturedApp> {
  let text = ''
  const sink = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk)
      done()
    },
  })
  const { config, db, clock } = deps
  // As in production but for the redaction, so that what is only hidden by it is found.
  const log = pino({ level: 'trace', base: null, formatters: { level: (label) => ({ level: label }) } }, sink)
  const app = await createApp(await createDeps({ config, db, clock, log }))
  await app.ready()
  return { app, logged: () => text }
}
