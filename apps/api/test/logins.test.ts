/**
 * Nothing here is a superuser: who migrates owns the tables and may make roles, and where the application has logins of its own,
 * they own nothing and are nobody else.
 *
 * @module
 */
import { rm } from 'node:fs/promises'
import { Logger, run as runJobs } from 'graphile-worker'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { ConfigError } from '../src/config.ts'
import { connect } from '../src/db.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../src/embedded-postgres.ts'
import { PUBLIC_TENANT_ID } from '../src/id.ts'
import { checkLedger } from '../src/ledger/check-ledger.ts'
import { migrate } from '../src/migrate.ts'
import { startWorker } from '../src/worker.ts'
import { makeDataFolder } from './data-folder.ts'
import { startTestApi, type TestApi } from './harness.ts'
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
  dataDir = await makeDataFolder('logins')
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
  await sellFourTokens(api)
  await api.close()
})

async function sellFourTokens(api: TestApi): Promise<void> {
  const play = await openSession(await createMarket(api))
  await play.use(60)
  const { status, body } = await play.call('complete')
  expect([status, body.session.tokensCharged]).toEqual([200, 4])
  expect((await api.deps.db.inBatch(checkLedger)).findings).toEqual([])
}

describe('with a login for requests, one for batches and one that owns the tables', () => {
  beforeAll(async () => {
    await run(
      urlOf('plain', 'postgres'),
      ...[
        ['web', 'tm_app'],
        ['batch', 'tm_batch'],
      ].flatMap(([login, role]) => [
        `create role ${login} login noinherit password 'secret'`,
        `grant ${role} to ${login}`,
      ]),
    )
  })

  test('a market works, and so do its jobs', async () => {
    const api = await startTestApi({
      database: {
        url: urlOf('web', 'market'),
        batchUrl: urlOf('batch', 'market'),
        drop: async () => undefined,
      },
    })
    await sellFourTokens(api)
    const worker = await startWorker(api.deps, urlOf('batch', 'market'))
    await api.call('POST', '/auth/register', { body: { email: 'a@example.com', password: 'a password' } })
    const owner = connectOwner()
    await vi.waitFor(async () => {
      const { rows } = await owner.query('select task_identifier from graphile_worker.jobs')
      expect(rows).toEqual([])
    })
    const { rows } = await owner.query(
      `select distinct usename from pg_stat_activity where application_name like 'token-marketplace%'`,
    )
    expect(rows.map(({ usename }) => usename).sort()).toEqual(['batch', 'web'])
    await owner.end()
    await worker.stop()
    await api.close()
  })

  test('neither works as the other, or as who it is not', async () => {
    for (const [url, role] of [
      [urlOf('batch', 'market'), 'tm_app'],
      [urlOf('web', 'market'), 'tm_batch'],
    ] as const)
      for (const other of [role, 'tm_ledger', 'tm_catalogue', 'plain', 'postgres', 'pg_write_all_data'])
        expect(await attempt(url, `set role ${other}`)).toMatch(/permission denied to set role/)
  })

  // What a pooler that leaves out `options` would make of it.
  test('a connection that stayed who it logged in as is not used', async () => {
    for (const login of ['web', 'plain']) {
      const db = connect({ databaseUrl: `${urlOf(login, 'market')}?options=`, poolSize: 1 })
      const refused = await db.batch.query('select 1').catch((error: Error) => error)
      expect(refused).toBeInstanceOf(ConfigError)
      expect((refused as Error).message).toMatch(/works as none.*wanted are tm_batch/)
      await db.end()
    }
  })

  test('the queue takes no connection of another login, or of one that stayed who it is', async () => {
    const api = await startTestApi({
      database: {
        url: urlOf('web', 'market'),
        batchUrl: urlOf('batch', 'market'),
        drop: async () => undefined,
      },
    })
    const refused = (url: string) => startWorker(api.deps, url).catch((error: Error) => error)
    expect(await refused(urlOf('web', 'market'))).toMatchObject({
      message: 'permission denied to set role "tm_batch"',
    })
    const stayed = await refused(`${urlOf('plain', 'market')}?options=`)
    expect(stayed).toBeInstanceOf(ConfigError)
    expect((stayed as Error).message).toMatch(/queue's login works as none; wanted is tm_batch/)
    await api.close()
  })

  test('the queue’s login runs, repeats, gives up and schedules jobs', async () => {
    const owner = connectOwner()
    // Known for an hour, so that what was missed of it is made up for at once.
    await owner.query(
      `insert into graphile_worker._private_known_crontabs values ('tick', now() - interval '1 hour', now() - interval '1 hour')`,
    )
    await owner.query(`select graphile_worker.add_job('fail', '{}', 'a queue', max_attempts => 1)`)
    const pgPool = new pg.Pool({
      connectionString: urlOf('batch', 'market'),
      options: '-c role=tm_batch',
    })
    pgPool.on('error', () => undefined)
    pgPool.on('connect', (client) => client.on('error', () => undefined))
    const done: string[] = []
    const runner = await runJobs({
      pgPool,
      noHandleSignals: true,
      logger: new Logger(() => () => undefined),
      crontab: '* * * * * tick ?fill=3m',
      taskList: {
        async tick() {
          done.push('tick')
        },
        async fail() {
          done.push('fail')
          throw new Error('not today')
        },
      },
    })
    await vi.waitFor(async () => {
      expect(done.sort()).toEqual(expect.arrayContaining(['fail', 'tick', 'tick']))
      const { rows } = await owner.query(
        'select task_identifier, last_error, locked_at from graphile_worker.jobs',
      )
      expect(rows).toEqual([{ task_identifier: 'fail', last_error: 'not today', locked_at: null }])
    })
    await runner.stop()
    await pgPool.end()
    await owner.query('delete from graphile_worker._private_jobs')
    await owner.end()
  })

  test('settings that come with the login do as well as those asked for', async () => {
    await run(
      urlOf('plain', 'postgres'),
      ...['web:tm_app', 'batch:tm_batch'].flatMap((pair) => {
        const [login, role] = pair.split(':')
        return [`role = '${role}'`, `statement_timeout = '10s'`, `timezone = 'UTC'`].map(
          (setting) => `alter role ${login} set ${setting}`,
        )
      }),
    )
    const api = await startTestApi({
      database: {
        url: `${urlOf('web', 'market')}?options=`,
        batchUrl: `${urlOf('batch', 'market')}?options=`,
        drop: async () => undefined,
      },
    })
    await sellFourTokens(api)
    const worker = await startWorker(api.deps, `${urlOf('batch', 'market')}?options=`)
    await worker.stop()
    await api.close()
  })

  describe.each([
    ['web', 'tm_app'],
    ['batch', 'tm_batch'],
  ])('by plain SQL %s', (login, role) => {
    test.each<[string, string, RegExp]>([
      ['gives tokens', 'update wallets set posted = posted + 1', /permission denied for table/],
      ['deletes transfers', 'delete from transfers', /permission denied for table/],
      ['disables triggers', 'alter table transfers disable trigger all', /must be owner/],
      ['leaves row level security', 'alter table wallets disable row level security', /must be owner/],
      ['makes a policy', `create policy all_of_it on wallets to ${role} using (true)`, /must be owner/],
      ['drops a constraint', 'alter table wallets drop constraint held_within_posted', /must be owner/],
      ['replicates past triggers', 'set session_replication_role = replica', /permission denied to set/],
      ['takes the ledger', `alter function roll_up_accounts() owner to ${role}`, /must be owner/],
      ['replaces what moves tokens', 'drop function place_holds', /must be owner/],
      [
        'makes a function',
        'create function f() returns int language sql return 1',
        /permission denied for schema/,
      ],
      ['makes a table', 'create table t ()', /permission denied for schema/],
      ['is granted the ledger', `grant tm_ledger to ${login}`, /permission denied to grant role/],
      ['makes a role', 'create role another superuser', /permission denied to create role/],
      ['may make roles', `alter role ${login} createrole`, /permission denied to alter role/],
      ['becomes the owner', 'set session authorization plain', /permission denied to set session/],
      ['reads passwords', 'select rolpassword from pg_authid', /permission denied/],
      ['runs programs', `copy (select 1) to program 'true'`, /permission denied to COPY/],
      ['reads files', `select pg_read_file('/etc/passwd')`, /permission denied for function/],
      [
        'drops the queue',
        'drop table graphile_worker._private_jobs',
        /must be owner|permission denied for schema/,
      ],
      ['makes a job of the queue', 'create table graphile_worker.t ()', /permission denied for schema/],
      [
        'runs off with a job',
        'create trigger t before insert on graphile_worker._private_jobs for each row execute function tsvector_update_trigger()',
        /permission denied for/,
      ],
      [
        'says what the queue is',
        'update graphile_worker.migrations set breaking = true',
        /permission denied for/,
      ],
      [
        'ends others’ connections',
        `select pg_terminate_backend(pid) from pg_stat_activity where usename = 'plain'`,
        /permission denied to terminate/,
      ],
    ])('never %s', async (_what, sql, refusal) => {
      const other = connectOwner()
      await other.query('select 1')
      const url = urlOf(login, 'market')
      const tenant = `set app.tenant_id = '${PUBLIC_TENANT_ID}'`
      // As the role, as the login itself, and as what a reset leaves.
      for (const first of [`set role ${role}`, 'set role none', 'reset role', 'reset all'])
        expect(await attempt(url, first, tenant, sql)).toMatch(refusal)
      await other.end()
    })

    test('sees nothing of the queue as the login itself', async () => {
      const url = urlOf(login, 'market')
      expect(await attempt(url, 'set role none', 'select from graphile_worker.jobs')).toMatch(
        /permission denied for schema/,
      )
    })

    test('reads nothing as the login itself', async () => {
      const url = urlOf(login, 'market')
      for (const table of ['users', 'wallets', 'signing_keys', 'tenants'])
        expect(await attempt(url, 'set role none', `select * from ${table}`)).toMatch(
          /permission denied for table/,
        )
    })
  })
})

test.each([
  ['reads', 'select from graphile_worker._private_jobs'],
  ['reads, by its view,', 'select from graphile_worker.jobs'],
  ['deletes', 'delete from graphile_worker._private_jobs'],
  ['changes', `update graphile_worker._private_jobs set payload = '{}'`],
  ['forges', `select graphile_worker.add_job('send-account-mail')`],
  ['gives up', 'select graphile_worker.complete_jobs(array[1])'],
  ['delays', `select graphile_worker.reschedule_jobs(array[1], now() + interval '1 year')`],
])('a request never %s jobs', async (_what, sql) => {
  for (const first of ['set role tm_app', 'set role none', 'reset role'])
    expect(await attempt(urlOf('web', 'market'), first, sql)).toMatch(/permission denied for schema/)
})

const connectOwner = () => {
  const pool = new pg.Pool({ connectionString: urlOf('plain', 'market'), max: 1 })
  // Ended by the server with its last test.
  pool.on('error', () => undefined)
  return pool
}

/** What the database says to the last of some statements on one connection, or `nothing`. */
async function attempt(url: string, ...statements: string[]): Promise<string> {
  try {
    await run(url, ...statements)
    return 'nothing'
  } catch (error) {
    return (error as Error).message
  }
}
