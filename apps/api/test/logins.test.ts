/**
 * Nothing here is a superuser: who migrates owns the tables and may make roles.
 *
 * @module
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../src/embedded-postgres.ts'
import { checkLedger } from '../src/ledger/check-ledger.ts'
import { migrate } from '../src/migrate.ts'
import { startTestApi } from './harness.ts'
import { createMarket, openSession } from './play.ts'

let dataDir: string
// A server of its own: on the one that tests share a superuser has made the roles.
let server: EmbeddedPostgres

const urlOf = (login: string, database: string) => {
  const url = new URL(server.url)
  Object.assign(url, { username: login, password: 'secret', pathname: `/${database}` })
  return url.href
}

async function run(url: string, ...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    for (const sql of statements) await client.query(sql)
  } finally {
    await client.end()
  }
}

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'token-marketplace-logins-'))
  server = await startEmbeddedPostgres({ dataDir, settings: { fsync: 'off' } })
  await run(server.url, `create role plain login createrole createdb password 'secret'`)
  await run(urlOf('plain', 'postgres'), 'create database market')
  await migrate(urlOf('plain', 'market'))
})
afterAll(async () => {
  await server.stop()
  await rm(dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
})

test('one login that is no superuser migrates, and works as both roles', async () => {
  const api = await startTestApi({ database: { url: urlOf('plain', 'market'), drop: async () => undefined } })
  const play = await openSession(await createMarket(api))
  await play.use(60)
  const { status, body } = await play.call('complete')
  expect([status, body.session.tokensCharged]).toEqual([200, 4])
  expect((await api.deps.db.inBatch(checkLedger)).findings).toEqual([])
  await api.close()
})
