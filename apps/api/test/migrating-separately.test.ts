/**
 * The process as deploy/compose.yml runs it: three logins, and the owner's password where migrations run and nowhere else.
 *
 * @module
 */
import { execFile } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../src/embedded-postgres.ts'
import { listMigrations, QUEUE_REVISION } from '../src/migrate.ts'
import { startApiProcess } from './crash/processes.ts'
import { makeDataFolder } from './data-folder.ts'

const ROOT = resolve(import.meta.dirname, '../../..')
const PASSWORD = 'a secret'

let dataDir: string
let server: EmbeddedPostgres
let administrator: pg.Client

beforeAll(async () => {
  dataDir = await makeDataFolder('migrating')
  server = await startEmbeddedPostgres({ dataDir, settings: { fsync: 'off' } })
  administrator = new pg.Client({ connectionString: server.url })
  await administrator.connect()
  // psql's own lines read the passwords from the environment.
  const logins = await readFile(join(ROOT, 'deploy/postgres/logins.sql'), 'utf8')
  await administrator.query(
    logins.replace(/^\\getenv .*$/gm, '').replace(/:'\w+_password'/g, `'${PASSWORD}'`),
  )
})
afterAll(async () => {
  await administrator.end()
  await server.stop()
  await rm(dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
})

const urlOf = (login: string) =>
  Object.assign(new URL(server.url), { username: login, password: PASSWORD }).href

/** What the process that serves is told. */
const served = () => ({
  DATABASE_URL: urlOf('market_web'),
  DATABASE_BATCH_URL: urlOf('market_batch'),
  DATA_DIR: dataDir,
  PORT: '0',
  KEY_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
})

/** A program to its end. */
function perform(file: string, env: Record<string, string>): Promise<{ code: number; said: string }> {
  return new Promise((done) => {
    const path = join(ROOT, 'apps/api/src', file)
    execFile(process.execPath, [path], { env, timeout: 25_000 }, (error, stdout, stderr) =>
      done({ code: error ? Number(error.code) : 0, said: stdout + stderr }),
    )
  })
}

test('what may not migrate does not start on an empty database, and says what to do', async () => {
  const { code, said } = await perform('main.ts', served())
  expect(code).toBe(1)
  expect(said).toBe(
    `The schema is older than this version: ${listMigrations().length} migrations are missing, from ` +
      `${listMigrations()[0]?.name} on. Run "npm run migrate" with DATABASE_OWNER_URL first, or set it here, too: ` +
      'see docs/operations/logins.md.\n',
  )
})

test('migrations run by themselves and need nothing but the owner’s login', async () => {
  for (let times = 0; times < 2; times += 1)
    expect(await perform('migrate-database.ts', { DATABASE_OWNER_URL: urlOf('market_owner') })).toEqual({
      code: 0,
      said: `the database is at ${listMigrations().at(-1)?.name}\n`,
    })
  const { rows } = await administrator.query('select max(id) as revision from graphile_worker.migrations')
  expect(rows).toEqual([{ revision: QUEUE_REVISION }])
})

test('where there are several logins, migrations want to know which one owns the tables', async () => {
  expect(await perform('migrate-database.ts', served())).toEqual({
    code: 1,
    said: 'DATABASE_OWNER_URL is needed: the login that owns the tables\n',
  })
})

test('then the process serves and runs jobs, and holds no connection of the owner', async () => {
  const api = await startApiProcess(served())
  try {
    const answer = await fetch(`${api.url}/auth/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: 'a@example.com', password: 'a password' }),
    })
    expect(answer.status).toBe(201)
    await vi.waitFor(async () => {
      const { rows } = await administrator.query('select task_identifier from graphile_worker.jobs')
      expect(rows).toEqual([])
    })
    const { rows } = await administrator.query(
      `select distinct usename as login, application_name as work from pg_stat_activity
       where backend_type = 'client backend' and pid <> pg_backend_pid() order by 1, 2`,
    )
    expect(new Set(rows.map(({ login }) => login))).toEqual(new Set(['market_web', 'market_batch']))
    expect(rows).toContainEqual({ login: 'market_batch', work: 'token-marketplace jobs' })
  } finally {
    await api.kill()
  }
})

const last = listMigrations().at(-1)?.name
test.each([
  [
    'a migration that was not applied',
    `update migrations set name = 'x' || name where name = '${last}'`,
    `update migrations set name = substr(name, 2) where name = 'x${last}'`,
    `1 migrations are missing, from ${last} on`,
  ],
  [
    'a queue of an older version',
    `delete from graphile_worker.migrations where id = ${QUEUE_REVISION}`,
    `insert into graphile_worker.migrations (id) values (${QUEUE_REVISION})`,
    `the job queue is at ${QUEUE_REVISION - 1}, wanted is ${QUEUE_REVISION}`,
  ],
  [
    'another migration of that name',
    `update migrations set checksum = 'x' || checksum where name = '${last}'`,
    `update migrations set checksum = substr(checksum, 2) where name = '${last}'`,
    `Migration ${last} was changed after it had been applied`,
  ],
])('a schema that is not this version’s is refused: %s', async (_what, spoil, mend, complaint) => {
  await administrator.query(spoil)
  const { code, said } = await perform('main.ts', served())
  await administrator.query(mend)
  expect(code).toBe(1)
  expect(said).toContain(complaint)
  expect(said.trim().split('\n')).toHaveLength(1)
})

test('a login that lacks its role is named in one line', async () => {
  await administrator.query('revoke tm_batch from market_batch')
  const { code, said } = await perform('main.ts', served())
  await administrator.query('grant tm_batch to market_batch')
  expect([code, said]).toEqual([
    1,
    'A login of the database lacks its role, permission denied to set role "tm_batch": see docs/operations/logins.md.\n',
  ])
})
