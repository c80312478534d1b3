import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connect, type Db } from '../../src/db.ts'
import { PUBLIC_TENANT_ID } from '../../src/id.ts'
import { createTestDatabase } from '../database.ts'

let database: Awaited<ReturnType<typeof createTestDatabase>>
let db: Db
let administrator: pg.Client
const lost: Error[] = []

beforeAll(async () => {
  database = await createTestDatabase()
  db = connect({ databaseUrl: database.url, poolSize: 2, onError: (error) => lost.push(error) })
  administrator = new pg.Client({ connectionString: database.url })
  await administrator.connect()
})
afterAll(async () => {
  await db.end()
  await administrator.end()
  await database.drop()
})

const terminate = (processId: number) =>
  administrator.query('select pg_terminate_backend($1, 10000)', [processId])

test('a connection that is ended inside a transaction fails that transaction, not the process', async () => {
  // Nobody waits for a statement at that moment, so there is no promise to reject: an event without a listener
  // would end the process.
  const failing = db.inTenant(PUBLIC_TENANT_ID, async (tx) => {
    const [row] = await tx.query<{ pid: number }>('select pg_backend_pid() as pid')
    await terminate(row!.pid)
    await expect.poll(() => lost.length).toBeGreaterThan(0)
    await tx.query('select 1')
  })
  await expect(failing).rejects.toThrow(/not queryable|terminated/)
  expect(await db.inTenant(PUBLIC_TENANT_ID, (tx) => tx.query('select 1 as one'))).toEqual([{ one: 1 }])
})

test('a connection that is ended under a statement fails that statement, and the pool goes on', async () => {
  const failing = db.inBatch(async (tx) => {
    const [row] = await tx.query<{ pid: number }>('select pg_backend_pid() as pid')
    await Promise.all([tx.query('select pg_sleep(20)'), terminate(row!.pid)])
  })
  await expect(failing).rejects.toThrow(/terminating connection|terminated/)
  expect(await db.batch.query('select 1 as one')).toEqual([{ one: 1 }])
})
