/**
 * The real application on a real PostgreSQL, with a clock that the test moves.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { pino } from 'pino'
import { createApp } from '../src/app.ts'
import { type Config, readConfig } from '../src/config.ts'
import { createDeps } from '../src/create-deps.ts'
import { connect, type Tx } from '../src/db.ts'
import type { Deps } from '../src/deps.ts'
import type { App } from '../src/http/server.ts'
import { createId, PUBLIC_TENANT_ID } from '../src/id.ts'
import { SCOPES } from '../src/providers/api-key.ts'
import { createTestDatabase } from './database.ts'

export interface TestClock {
  now(): Date
  /** @example clock.advance({ seconds: 30 }) */
  advance(by: { ms?: number; seconds?: number; minutes?: number; hours?: number }): void
}

export interface Answer {
  status: number
  headers: Record<string, string | string[] | number | undefined>
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers as the wire has them.
  body: any
  text: string
}

export interface TestApi {
  app: App
  deps: Deps
  clock: TestClock
  databaseUrl: string
  call(
    method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE' | 'OPTIONS',
    url: string,
    options?: { token?: string; body?: unknown; headers?: Record<string, string>; text?: string },
  ): Promise<Answer>
  close(): Promise<void>
}

export function createTestClock(start = new Date('2026-03-01T12:00:00.000Z')): TestClock {
  let at = start.getTime()
  return {
    now: () => new Date(at),
    advance({ ms = 0, seconds = 0, minutes = 0, hours = 0 }) {
      at += ms + seconds * 1_000 + minutes * 60_000 + hours * 3_600_000
    },
  }
}

/** @example const api = await startTestApi(); afterAll(() => api.close()) */
export async function startTestApi(
  options: {
    env?: Record<string, string>
    config?: Partial<Config>
    /** Instead of one from the template. */
    database?: { url: string; batchUrl?: string; drop(): Promise<void> }
  } = {},
): Promise<TestApi> {
  const database = options.database ?? (await createTestDatabase())
  const clock = createTestClock()
  const config: Config = {
    ...readConfig({
      DATABASE_URL: database.url,
      PUBLIC_URL: 'http://localhost:4000',
      MARKETPLACE_URL: 'http://localhost:4001',
      KEY_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
      STRIPE_WEBHOOK_SECRET: 'whsec_test',
      RATE_LIMIT_FACTOR: '1000',
      LOG_LEVEL: process.env.TEST_LOG_LEVEL ?? 'silent',
      ...options.env,
    }),
    ...options.config,
  }
  const db = connect({ databaseUrl: database.url, batchDatabaseUrl: options.database?.batchUrl })
  const deps = await createDeps({ config, db, clock: clock.now, log: pino({ level: config.logLevel }) })
  const app = await createApp(deps)
  await app.ready()
  return {
    app,
    deps,
    clock,
    databaseUrl: database.url,
    async call(method, url, { token, body, headers = {}, text } = {}) {
      const payload = text ?? (body === undefined ? undefined : JSON.stringify(body))
      const answer = await app.inject({
        method,
        url,
        headers: {
          ...(payload === undefined ? {} : { 'content-type': 'application/json' }),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...headers,
        },
        ...(payload === undefined ? {} : { payload }),
      })
      const isJson = /[/+]json/.test(String(answer.headers['content-type'] ?? ''))
      return {
        status: answer.statusCode,
        headers: answer.headers,
        body: isJson && answer.body !== '' ? JSON.parse(answer.body) : undefined,
        text: answer.body,
      }
    },
    async close() {
      await app.close()
      await db.end()
      await database.drop()
    },
  }
}

export interface TestUser {
  id: string
  token: string
}

/** A user straight in the tables, with a wallet, a verified address and an access token: for tests that are not about registering. */
export async function addUser(
  api: TestApi,
  options: { tokens?: number; isOperator?: boolean } = {},
): Promise<TestUser> {
  const { deps } = api
  const now = deps.clock()
  const id = createId('usr', now)
  const email = `${randomUUID()}@example.com`
  await deps.db.inTenant(PUBLIC_TENANT_ID, async (tx) => {
    await tx.query(
      `insert into users (id, email, email_normalized, display_name, password_hash, is_operator, reference_salt, created_at,
         email_verified_at) values ($1, $2, $2, 'Test user', 'none', $3, $4, $5, $5)`,
      [id, email, options.isOperator ?? false, Buffer.from(randomUUID()), now],
    )
    await tx.query('insert into wallets (id) values ($1)', [id])
    if (options.tokens) {
      const ids = [createId('trf', now), createId('trf', now)]
      await tx.query(
        `select credit_wallet(current_tenant(), $1, 'promotion', 'promotions', $2, null, null, 'Welcome', $3, $4)`,
        [id, options.tokens, ids, now],
      )
    }
  })
  return { id, token: await accessTokenOf(api, id) }
}

export async function accessTokenOf({ deps }: TestApi, userId: string): Promise<string> {
  const seconds = Math.floor(deps.clock().getTime() / 1000)
  return deps.keys.sign('at+jwt', {
    sub: userId,
    aud: 'marketplace',
    tid: PUBLIC_TENANT_ID,
    iat: seconds,
    exp: seconds + 900,
  })
}

/** A listed provider straight in the tables. */
export async function addProvider(
  { deps }: TestApi,
  options: { ownerId: string; tokensPerMinute?: number; origin?: string; name?: string },
): Promise<string> {
  const now = deps.clock()
  const id = createId('prv', now)
  const origin = options.origin ?? 'http://localhost:4002'
  await deps.db.inTenant(PUBLIC_TENANT_ID, (tx) =>
    tx.query(
      `insert into providers (id, owner_id, name, description, category, launch_url, allowed_origins, tokens_per_minute,
         status, created_at, updated_at)
       values ($1, $2, $3, 'For tests', 'tools', $4, $5, $6, 'listed', $7, $7)`,
      [
        id,
        options.ownerId,
        options.name ?? 'Focus timer',
        `${origin}/`,
        [origin],
        options.tokensPerMinute ?? 4,
        now,
      ],
    ),
  )
  return id
}

/** A session straight in the tables, of a minute, that has ended: for what a test holds and charges by hand. */
export async function addEndedSession(
  tx: Tx,
  session: { id: string; userId: string; providerId: string; tokens: number; charged: number; now: Date },
): Promise<void> {
  const { id, userId, providerId, tokens, charged, now } = session
  await tx.query(
    `insert into sessions (id, user_id, provider_id, user_ref, status, end_reason, duration_ms, used_ms, tokens_per_minute,
       fee_basis_points, tokens_held, tokens_charged, launch_jti, launch_expires_at, created_at, ended_at, sweep_at)
     values ($1, $2, $3, 'ref', 'ended', 'completed', 60000, $5::bigint * 60000 / $4::bigint, $4::integer, 2000, $4, $5, 'jti',
       $6, $6, $6, $6)`,
    [id, userId, providerId, tokens, charged, now],
  )
}

/** How many wait for a lock in this database. */
export async function countWaiting({ deps }: TestApi): Promise<number> {
  const rows = await deps.db.batch.query(
    `select distinct pid from pg_locks where not granted
       and pid in (select pid from pg_stat_activity where datname = current_database())`,
  )
  return rows.length
}

/** A live key with every scope there is, made by the provider's owner. */
export async function addApiKey(
  api: TestApi,
  { providerId, token, name }: { providerId: string; token: string; name: string },
): Promise<{ id: string; secret: string }> {
  const { body } = await api.call('POST', `/providers/${providerId}/api-keys`, {
    token,
    body: { name, scopes: Object.keys(SCOPES), mode: 'live' },
  })
  return body
}
