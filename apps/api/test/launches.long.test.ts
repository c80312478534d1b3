import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApi, type TestApi } from './harness.ts'
import { launchMany } from './launches.ts'

let api: TestApi

beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())

test('of 100,000 honest launches at least 99.99 % validate at first try', async () => {
  const result = await launchMany(api, { launches: 100_000, rotateEvery: 5_000, skewSeconds: 25 })
  process.stdout.write(`${JSON.stringify(result)}\n`)
  expect(result.atFirstTry).toBeGreaterThanOrEqual(99_990)
  expect(result.again).toBeGreaterThanOrEqual(19_990)
  expect(result.rotations).toBe(20)
  expect(result.acrossRotations).toBeGreaterThan(200)
}, 3_600_000)
