import { parseCrontab } from 'graphile-worker'
import pg from 'pg'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { startTestApi, type TestApi } from '../test/harness.ts'
import { CRON, createTasks, startWorker } from './worker.ts'

let api: TestApi

beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())

test('every scheduled job is a task that exists', () => {
  const tasks = Object.keys(createTasks(api.deps))
  const scheduled = parseCrontab(CRON).map(({ task }) => task)
  expect(scheduled.length).toBeGreaterThan(0)
  expect(scheduled.filter((task) => !tasks.includes(task))).toEqual([])
})

test('the worker starts, and stops when it is told to', async () => {
  const worker = await startWorker({ ...api.deps, log: pino({ level: 'silent' }) }, api.databaseUrl)
  await worker.stop()
})

test('what is due by the schedule is enqueued at the start and every minute, though a clock that ran ahead said it was', async () => {
  const owner = new pg.Client({ connectionString: api.databaseUrl })
  await owner.connect()
  const runAhead = () =>
    owner.query(
      `insert into graphile_worker._private_known_crontabs as k (identifier, known_since, last_execution)
       values ('chain-audit', now(), now() + interval '25 hours')
       on conflict (identifier) do update set last_execution = excluded.last_execution`,
    )
  const isEnqueued = async () => {
    const { rows } = await owner.query<{ done: boolean }>(
      `select last_execution <= now() as done from graphile_worker._private_known_crontabs where identifier = 'chain-audit'`,
    )
    return rows[0]?.done
  }
  await runAhead()
  vi.useFakeTimers({ toFake: ['setInterval'] })
  const worker = await startWorker({ ...api.deps, log: pino({ level: 'silent' }) }, api.databaseUrl)
  try {
    await expect.poll(isEnqueued, { timeout: 10_000 }).toBe(true)
    await runAhead()
    vi.advanceTimersByTime(60_000)
    await expect.poll(isEnqueued, { timeout: 10_000 }).toBe(true)
  } finally {
    vi.useRealTimers()
    await worker.stop()
    await owner.end()
  }
})

test('a job whose worker was killed is done after minutes, not hours; a scheduled one comes again by itself', async () => {
  const owner = new pg.Client({ connectionString: api.databaseUrl })
  await owner.connect()
  const lock = async (task: string, minutesAgo: number) => {
    // At once, so that no worker here takes it before.
    await owner.query('begin')
    const { rows } = await owner.query(
      `select (graphile_worker.add_job($1, '{"tenantId":"ten_x","providerId":"prv_x"}'::json)).id`,
      [task],
    )
    // As a worker that is gone leaves it.
    await owner.query(
      `update graphile_worker._private_jobs set attempts = 1, locked_by = 'worker-' || id,
         locked_at = now() - $2 * interval '1 minute' where id = $1`,
      [rows[0].id, minutesAgo],
    )
    await owner.query('commit')
    return rows[0].id as string
  }
  const killed = [await lock('end-provider-sessions', 3)]
  const kept = [await lock('end-provider-sessions', 2), await lock('check-ledger', 30)]
  vi.useFakeTimers({ toFake: ['setInterval'] })
  const worker = await startWorker({ ...api.deps, log: pino({ level: 'silent' }) }, api.databaseUrl)
  try {
    const left = async () => {
      const { rows } = await owner.query<{ id: string }>(
        'select id from graphile_worker.jobs where id = any ($1) order by id',
        [[...killed, ...kept]],
      )
      return rows.map(({ id }) => id)
    }
    await expect.poll(left, { timeout: 10_000 }).toEqual(kept)
    // One that was killed after this one had started.
    killed.push(await lock('end-provider-sessions', 3))
    vi.advanceTimersByTime(60_000)
    await expect.poll(left, { timeout: 10_000 }).toEqual(kept)
  } finally {
    vi.useRealTimers()
    await worker.stop()
    await owner.end()
  }
})
