import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectAs, createTestDatabase, type OwnConnection } from '../test/database.ts'
import { holdLock } from '../test/hold-lock.ts'
import { listMigrations, migrate } from './migrate.ts'

let database: Awaited<ReturnType<typeof createTestDatabase>>
let reader: OwnConnection
beforeAll(async () => {
  database = await createTestDatabase()
  reader = await connectAs(database.url)
  // As long as a request waits for a lock.
  await reader.query(`set lock_timeout = '5s'`)
})
afterAll(async () => {
  await reader.end()
  await database.drop()
})

/** Asks until a migration waits for a lock. */
async function untilItWaits(): Promise<void> {
  for (let isWaiting = false; !isWaiting; ) {
    const rows = await reader.query(
      `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
         and application_name = 'token-marketplace migrate'`,
    )
    isWaiting = rows.length > 0
  }
}

// A dump reads every table and keeps its locks to the end. A migration waits for it, and whoever comes later waits behind that.
test('a migration that waits for a backup to end holds up nobody who serves, and goes on after it', async () => {
  const endBackup = await holdLock({ databaseUrl: database.url }, 'select from sessions limit 1', [])
  const migrating = migrate(database.url, [
    ...listMigrations(),
    { name: '9999_next.sql', sql: 'alter table sessions add column next integer', checksum: 'x' },
  ])
  await untilItWaits()
  expect(await reader.query('select count(*) as sessions from sessions')).toEqual([{ sessions: 0 }])
  await endBackup()
  await migrating
  expect(await reader.query('select next from sessions')).toEqual([])
})
