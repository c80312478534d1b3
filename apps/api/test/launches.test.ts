import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApi, type TestApi } from './harness.ts'
import { launchMany } from './launches.ts'

let api: TestApi

beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())

test('every honest launch validates at first try, with clocks 25 s apart and keys rotated in between', async () => {
  const launches = 1_000
  const result = await launchMany(api, { launches, rotateEvery: 90, skewSeconds: 25 })
  expect(result).toMatchObject({
    launches,
    atFirstTry: launches,
    again: launches / 5,
    rotations: 11,
    refusals: {},
  })
  expect(result.acrossRotations).toBeGreaterThan(100)
}, 60_000)
