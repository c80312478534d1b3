import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'
// Also for what it tells the driver of all connections: in a worker that has read it for another file, it is so anyway.
import '../src/db.ts'
import type { Queryable } from '../src/db.ts'

/** Any constant: copies of one template wait for one another, in whichever worker they are asked for. */
const LOCK = 7_305_004_002

/**
 * Gives a test file a migrated database of its own.
 *
 * @example
 * const database = await createTestDatabase()
 * afterAll(() => database.drop())
 */
export async function createTestDatabase(): Promise<{ url: string; drop(): Promise<void> }> {
  const url = new URL(inject('postgresUrl'))
  const name = `test_${randomBytes(8).toString('hex')}`
  await onServer(async (client) => {
    await client.query('select pg_advisory_lock($1)', [LOCK])
    await client.query(`create database ${name} template ${inject('templateDatabase')}`)
  })
  url.pathname = `/${name}`
  return {
    url: url.href,
    // Connections a test forgot to close end with it.
    drop: () => onServer((client) => client.query(`drop database if exists ${name} with (force)`)),
  }
}

export interface OwnConnection extends Queryable {
  end(): Promise<void>
}

/**
 * A connection beside the application's: as the owner of the tables, or under a role of the application.
 *
 * @example const owner = await connectAs(api.databaseUrl)
 */
export async function connectAs(url: string, role?: 'tm_app' | 'tm_batch'): Promise<OwnConnection> {
  const options = role === undefined ? {} : { options: `-c role=${role}` }
  const client = new pg.Client({ connectionString: url, ...options })
  await client.connect()
  return {
    query: async (sql, values) => (await client.query(sql, values as unknown[])).rows,
    end: () => client.end(),
  }
}

async function onServer(run: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: inject('postgresUrl') })
  await client.connect()
  try {
    await run(client)
  } finally {
    // Ends the session and with it the lock.
    await client.end()
  }
}
