import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApi, type TestApi } from './harness.ts'
import { launchMany } from './launches.ts'

let api: TestApi

beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())

test('every launch that has not expired validates at first try, with clocks 25 s apart and keys rotated in between', async () => {
  const result = await launchMany(api, { launches: 600, rotateEvery: 60, skewSeconds: 25 })
  expect(result).toEqual({
    atFirstTry: 500,
    tooLate: 60,
    // What clocks that far apart cost and give.
    refusedAhead: 20,
    admittedBehind: 20,
    refusals: {},
    // Everybody who was told `launch_expired`, by one relaunch.
    cameBack: 80,
    cancelled: 0,
    again: 104,
    rotations: 10,
    acrossRotations: 60,
  })
}, 60_000)

test('with clocks that agree nobody is refused who is there within the life of the launch', async () => {
  const result = await launchMany(api, { launches: 200, rotateEvery: 40, skewSeconds: 0 })
  expect(result).toMatchObject({
    atFirstTry: 180,
    tooLate: 20,
    refusedAhead: 0,
    admittedBehind: 0,
    refusals: {},
    cameBack: 20,
    rotations: 5,
  })
}, 60_000)
