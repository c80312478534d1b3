import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApi, type TestApi } from './harness.ts'
import { launchMany } from './launches.ts'

let api: TestApi

beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())

test('of 100,000 launches at least 99.99 % of those that have not expired validate at first try', async () => {
  const launches = 100_000
  const result = await launchMany(api, { launches, rotateEvery: 5_000, skewSeconds: 25 })
  process.stdout.write(`${JSON.stringify(result)}\n`)
  const expired = result.tooLate + result.refusedAhead
  const inTime = launches - expired - result.admittedBehind
  expect(result.atFirstTry).toBeGreaterThanOrEqual(inTime * 0.9999)
  expect(result.again).toBeGreaterThanOrEqual((launches - expired) / 5 - 10)
  expect(result.cameBack + result.cancelled).toBeGreaterThanOrEqual(expired * 0.9999)
  expect(result.cancelled).toBeGreaterThan(0)
  expect(result.rotations).toBe(20)
  expect(result.acrossRotations).toBeGreaterThan(100)
  // A distribution without its tail would prove less.
  expect(result.tooLate).toBeGreaterThan(launches / 10)
  expect(result.refusedAhead).toBeGreaterThan(launches / 100)
}, 3_600_000)
