import { readConfig } from '../../src/config.ts'
import { connect, type DbOptions } from '../../src/db.ts'
import type { App } from '../../src/http/server.ts'
import { createTestClock } from '../harness.ts'
import { type Instance, startInstance } from '../instance.ts'

/** The application on a database of the test's choice, with the pool and the patience of its choice. */
export async function startApiOn(
  databaseUrl: string,
  options: Partial<DbOptions> & { env?: Record<string, string> } = {},
): Promise<Instance> {
  const { env = {}, ...dbOptions } = options
  const config = readConfig({
    DATABASE_URL: databaseUrl,
    KEY_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
    STRIPE_WEBHOOK_SECRET: 'whsec_test',
    LOG_LEVEL: 'silent',
    ...env,
  })
  const db = connect({ databaseUrl, onError: () => undefined, ...dbOptions })
  return startInstance({ config, db, clock: createTestClock().now })
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
