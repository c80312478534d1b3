/**
 * Forward-only migrations: each file of `migrations/` once, in order, in a transaction of its own.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { runMigrations } from 'graphile-worker'
import pg from 'pg'

const FOLDER = path.resolve(import.meta.dirname, '../migrations')
/** What the queue's library brings its own schema to; a test compares. */
export const QUEUE_REVISION = 20
/** Any constant: it makes instances that start at once wait for one another. */
const LOCK = 7_305_004_001
/** While a migration waits for a table, whoever wants it later waits behind. Requests have 5 s of patience for that. */
const LOCK_WAIT_MS = 2_000
/** For those who waited, and others who come, before it asks again. */
const LOCK_PAUSE_MS = 1_000
/** Five minutes. A backup may take longer: then the process is started again, and the old ones serve. */
const LOCK_TRIES_MAX = 100

export interface Migration {
  name: string
  sql: string
  checksum: string
}

/** The files of this version, in order. */
export function listMigrations(): Migration[] {
  return readdirSync(FOLDER)
    .filter((name) => /^\d{4}_[a-z0-9_]+\.sql$/.test(name))
    .sort()
    .map((name) => {
      const sql = readFileSync(path.join(FOLDER, name), 'utf8')
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') }
    })
}

/**
 * Brings a database up to this version; safe to call from many instances at once, and beside those that serve.
 *
 * @throws when an applied migration's file was changed, because then nobody knows what the schema is.
 */
export async function migrate(databaseUrl: string, migrations = listMigrations()): Promise<void> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    application_name: 'token-marketplace migrate',
  })
  await client.connect()
  try {
    await client.query('select pg_advisory_lock($1)', [LOCK])
    // The queue's schema comes first: our functions enqueue jobs in it.
    await runMigrations({ connectionString: databaseUrl })
    await client.query(
      `create table if not exists migrations (
         name text primary key, checksum text not null, applied_at timestamptz not null default now())`,
    )
    const { rows } = await client.query<{ name: string; checksum: string }>(
      'select name, checksum from migrations',
    )
    const applied = new Map(rows.map((row) => [row.name, row.checksum]))
    for (const { name, sql, checksum } of migrations) {
      const known = applied.get(name)
      if (known === checksum) continue
      if (known !== undefined) throw new Error(`migration ${name} was changed after it had been applied`)
      await apply(client, { name, sql, checksum })
    }
    await client.query('select pg_advisory_unlock($1)', [LOCK])
  } finally {
    await client.end()
  }
}

/** In a transaction of its own, again and again where somebody else has what it changes: nobody who serves waits long behind it. */
async function apply(client: pg.Client, { name, sql, checksum }: Migration): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    await client.query(`begin; set local lock_timeout = ${LOCK_WAIT_MS}`)
    try {
      await client.query(sql)
      await client.query('insert into migrations (name, checksum) values ($1, $2)', [name, checksum])
      await client.query('commit')
      return
    } catch (error) {
      await client.query('rollback')
      const isLocked = (error as { code?: string }).code === '55P03'
      if (!isLocked || tries === LOCK_TRIES_MAX)
        throw new Error(`migration ${name} failed: ${(error as Error).message}`, { cause: error })
    }
    await setTimeout(LOCK_PAUSE_MS)
  }
}
