import { parseCrontab } from 'graphile-worker'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { startTestApi, type TestApi } from '../test/harness.ts'
import { enqueueScheduled } from './enqueue-scheduled.ts'

const MINUTELY = parseCrontab('* * * * * minutely')
const HOUR_MS = 3_600_000

let api: TestApi
let pool: pg.Pool

beforeAll(async () => {
  api = await startTestApi()
  pool = new pg.Pool({ connectionString: api.databaseUrl, options: '-c role=tm_batch' })
})
beforeEach(async () => {
  await pool.query('delete from graphile_worker._private_jobs')
  await pool.query('update graphile_worker._private_known_crontabs set last_execution = null')
})
afterEach(() => {
  vi.useRealTimers()
})
afterAll(async () => {
  await pool.end()
  await api.close()
})

/** What is in the queue, and whether a worker would take it now. */
async function readQueue() {
  const { rows } = await pool.query<{ task: string; isDue: boolean }>(
    `select t.identifier as task, j.run_at <= now() as "isDue"
     from graphile_worker._private_jobs j join graphile_worker._private_tasks t on t.id = j.task_id order by j.id`,
  )
  return rows
}

/** What came due at this minute of every hour and no other, and the minute before it. */
async function dueNow() {
  const minute = await enqueueScheduled(pool, [])
  return { items: parseCrontab(`${minute % 60} * * * * hourly`), after: minute - 1 }
}

test('what is due is enqueued once, however many instances look, and however often', async () => {
  const { items, after } = await dueNow()
  await Promise.all(Array.from({ length: 6 }, () => enqueueScheduled(pool, items, after)))
  await enqueueScheduled(pool, items, after)
  expect(await readQueue()).toEqual([{ task: 'hourly', isDue: true }])
})

test.each([
  25 * HOUR_MS,
  -25 * HOUR_MS,
])('a process whose clock is %i ms ahead enqueues what is due now', async (aheadMs) => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + aheadMs })
  await enqueueScheduled(pool, MINUTELY)
  expect(await readQueue()).toEqual([{ task: 'minutely', isDue: true }])
  const { rows } = await pool.query(
    `select from graphile_worker._private_known_crontabs where last_execution > now()`,
  )
  expect(rows).toEqual([])
})

test('what a clock that ran ahead wrote down is not waited for', async () => {
  const { items, after } = await dueNow()
  await enqueueScheduled(pool, items, after)
  await pool.query(
    `update graphile_worker._private_known_crontabs set last_execution = now() + interval '1 year'`,
  )
  await Promise.all(Array.from({ length: 4 }, () => enqueueScheduled(pool, items, after)))
  expect(await readQueue()).toHaveLength(2)
})

test('what came due since the last look is made up for, once, and what did not come is not', async () => {
  const minute = await enqueueScheduled(pool, [])
  const at = (ago: number) => (minute - ago) % 60
  const items = parseCrontab(`${at(3)} * * * * missed\n${at(25)} * * * * before\n${at(-25)} * * * * later`)
  await enqueueScheduled(pool, items)
  expect(await readQueue()).toEqual([])
  await enqueueScheduled(pool, items, minute - 20)
  await enqueueScheduled(pool, items, minute - 20)
  expect(await readQueue()).toEqual([{ task: 'missed', isDue: true }])
})

test('the parts of an instant are read as crontabs count them, in UTC', async () => {
  const asked: unknown[] = []
  const [item] = MINUTELY
  const watched = { ...item!, match: (digest: unknown) => asked.push(digest) > 0 }
  const minute = await enqueueScheduled(pool, [watched as never])
  const [, month, date, hour, min] = /^\d+-(\d+)-(\d+)T(\d+):(\d+)/.exec(
    new Date(minute * 60_000).toISOString(),
  )!
  const dow = new Date(minute * 60_000).getUTCDay()
  expect(asked).toEqual([
    { min: Number(min), hour: Number(hour), date: Number(date), month: Number(month), dow },
  ])
})
