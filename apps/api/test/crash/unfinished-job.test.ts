import pg from 'pg'
import { expect, test } from 'vitest'
import { startProcesses } from './processes.ts'

test('a process whose job fails while the database is away serves on, and does the next job', async () => {
  const processes = await startProcesses()
  const open = async () => {
    const client = new pg.Client({ connectionString: processes.databaseUrl })
    client.on('error', () => {})
    await client.connect()
    return client
  }
  try {
    const [holder, watcher] = [await open(), await open()]
    await holder.query('begin; lock table idempotency_keys in access exclusive mode')
    await watcher.query(`select graphile_worker.add_job('forget-old-rows')`)
    const waiting = async () => {
      const { rows } = await watcher.query(
        `select from pg_locks where relation = 'idempotency_keys'::regclass and not granted`,
      )
      return rows.length
    }
    await expect.poll(waiting, { timeout: 30_000 }).toBe(1)
    // The queue cannot write down that it failed, and tells nobody. This fails where the process has ended.
    await processes.killPostgres()
    const after = await open()
    const { rows } = await after.query(`select (graphile_worker.add_job('forget-old-rows')).id`)
    const isDone = async () =>
      (await after.query('select from graphile_worker.jobs where id = $1', [rows[0].id])).rowCount === 0
    await expect.poll(isDone, { timeout: 30_000 }).toBe(true)
    await after.end()
  } finally {
    await processes.stop()
  }
}, 90_000)
