import { pino } from 'pino'
import { createApp } from '../apps/api/src/app.ts'
import { systemClock } from '../apps/api/src/clock.ts'
import { readConfig } from '../apps/api/src/config.ts'
import { createDeps } from '../apps/api/src/create-deps.ts'
import { connect } from '../apps/api/src/db.ts'

/** The OpenAPI document as the running API serves it at /openapi.json, under its default address. */
export async function produceOpenApi(databaseUrl: string): Promise<string> {
  const config = readConfig({
    DATABASE_URL: databaseUrl,
    PUBLIC_URL: 'http://localhost:4000',
    MARKETPLACE_URL: 'http://localhost:4001',
    KEY_ENCRYPTION_KEY: Buffer.alloc(32, 1).toString('base64'),
    STRIPE_WEBHOOK_SECRET: 'only for generating',
  })
  const db = connect({ databaseUrl })
  try {
    const deps = await createDeps({ config, db, clock: systemClock, log: pino({ level: 'silent' }) })
    const app = await createApp(deps)
    const answer = await app.inject({ method: 'GET', url: '/openapi.json' })
    await app.close()
    if (answer.statusCode !== 200)
      throw new Error(`GET /openapi.json answered ${answer.statusCode}: ${answer.body}`)
    return `${JSON.stringify(JSON.parse(answer.body), null, 2)}\n`
  } finally {
    await db.end()
  }
}
