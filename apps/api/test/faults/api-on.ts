import { pino } from 'pino'
import { createApp } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { createDeps } from '../../src/create-deps.ts'
import { connect, type DbOptions } from '../../src/db.ts'
import type { Deps } from '../../src/deps.ts'
import type { App } from '../../src/http/server.ts'
import { createTestClock } from '../harness.ts'

export interface ApiOn {
  app: App
  deps: Deps
  close(): Promise<void>
}

/** The application on a database of the test's choice, with the pool and the patience of its choice. */
export async function startApiOn(
  databaseUrl: string,
  options: Partial<DbOptions> & { env?: Record<string, string> } = {},
): Promise<ApiOn> {
  const { env = {}, ...dbOptions } = options
  const config = readConfig({
    DATABASE_URL: databaseUrl,
    KEY_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
    STRIPE_WEBHOOK_SECRET: 'whsec_test',
    LOG_LEVEL: 'silent',
    ...env,
  })
  const db = connect({ databaseUrl, onError: () => undefined, ...dbOptions })
  const clock = createTestClock()
  const deps = await createDeps({ config, db, clock: clock.now, log: pino({ level: config.logLevel }) })
  const app = await createApp(deps)
  await app.ready()
  return {
    app,
    deps,
    async close() {
      await app.close()
      await db.end()
    },
  }
}

/** What every refusal during a fault must be: told early, and told when to come back. */
export interface Refusal {
  status: number
  code: string
  retryAfter: string | undefined
  type: string
}

export async function ask(app: App, url = '/providers'): Promise<Refusal> {
  const answer = await app.inject({ method: 'GET', url })
  const type = String(answer.headers['content-type'])
  return {
    status: answer.statusCode,
    code: type.includes('problem') ? answer.json().code : '',
    retryAfter: answer.headers['retry-after'] as string | undefined,
    type,
  }
}

export const UNAVAILABLE: Refusal = {
  status: 503,
  code: 'unavailable',
  retryAfter: '1',
  type: 'application/problem+json; charset=utf-8',
}
