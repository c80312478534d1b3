import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApi, type TestApi } from './harness.ts'
import { launchMany } from './launches.ts'

let api: TestApi

beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())

test('of 100,000 honest launches at least 99.99 % validate at first try', async () => {
  const launches = 100_000
  const result = await launchMany(api, { launches, rotateEvery: 5_000, skewSeconds: 25, meanSeconds: 10 })
  process.stdout.write(`${JSON.stringify(result)}\n`)
  expect(result.atFirstTry).toBeGreaterThanOrEqual(launches * 0.9999)
  expect(result.again).toBeGreaterThanOrEqual((launches / 5) * 0.9995)
  expect(result.rotations).toBe(20)
  expect(result.acrossRotations).toBeGreaterThan(50)
}, 3_600_000)

test('of 10,000 that are on their way for a minute in the mean each gets in, is told that it is late, or both', async () => {
  const launches = 10_000
  const result = await launchMany(api, { launches, rotateEvery: 500, skewSeconds: 25, meanSeconds: 60 })
  process.stdout.write(`${JSON.stringify(result)}\n`)
  const expired = result.tooLate + result.refusedAhead
  expect(result.refusals).toEqual({})
  expect(result.atFirstTry + result.admittedBehind + expired).toBe(launches)
  expect(result.cameBack + result.cancelled).toBe(expired)
  // A distribution without its tail would prove less.
  expect(result.tooLate).toBeGreaterThan(launches / 10)
  expect(result.refusedAhead).toBeGreaterThan(launches / 100)
  expect(result.cancelled).toBeGreaterThan(0)
}, 3_600_000)
