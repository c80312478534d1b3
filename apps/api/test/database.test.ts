import pg from 'pg'
import { expect, test } from 'vitest'
import { createTestDatabase } from './database.ts'

test('every test database is migrated and nobody else sees what happens in it', async () => {
  const databases = await Promise.all([createTestDatabase(), createTestDatabase(), createTestDatabase()])
  expect(new Set(databases.map(({ url }) => url)).size).toBe(3)
  const [first, second] = await Promise.all(
    databases.slice(0, 2).map(async ({ url }) => {
      const client = new pg.Client({ connectionString: url })
      await client.connect()
      return client
    }),
  )
  const count = 'select count(*)::int as count from migrations'
  expect((await first!.query(count)).rows[0].count).toBeGreaterThan(0)
  await first!.query('delete from migrations')
  expect((await second!.query(count)).rows[0].count).toBeGreaterThan(0)
  // Dropping ends connections that were left open.
  first!.on('error', () => {})
  second!.on('error', () => {})
  await Promise.all(databases.map((database) => database.drop()))
  await expect(first!.query(count)).rejects.toThrow()
})
