import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApi, type TestApi } from './harness.ts'
import { launchMany } from './launches.ts'

let api: TestApi

beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())

test('every honest launch validates at first try, with clocks 25 s apart and keys rotated in between', async () => {
  const launches = 800
  const result = await launchMany(api, { launches, rotateEvery: 80, skewSeconds: 25, meanSeconds: 10 })
  expect(result).toMatchObject({ atFirstTry: launches, refusals: {}, again: launches / 5, rotations: 10 })
  expect(result.acrossRotations).toBeGreaterThanOrEqual(30)
}, 60_000)

// Far longer than a page takes: it is the tail that is looked at, what comes just in time and what comes too late.
test('who comes too late, or to a clock that is ahead, is told so and gets in by one relaunch', async () => {
  const late = { launches: 600, rotateEvery: 60, meanSeconds: 60 }
  expect(await launchMany(api, { ...late, skewSeconds: 25 })).toMatchObject({
    atFirstTry: 500,
    tooLate: 60,
    // What clocks that far apart cost and give.
    refusedAhead: 20,
    admittedBehind: 20,
    refusals: {},
    cameBack: 80,
    cancelled: 0,
  })
}, 60_000)

test('with clocks that agree nobody is refused who is there within the life of the launch', async () => {
  const late = { launches: 200, rotateEvery: 40, meanSeconds: 60 }
  expect(await launchMany(api, { ...late, skewSeconds: 0 })).toMatchObject({
    atFirstTry: 180,
    tooLate: 20,
    refusedAhead: 0,
    admittedBehind: 0,
    refusals: {},
    cameBack: 20,
  })
}, 60_000)
