import { parseCrontab } from 'graphile-worker'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
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
