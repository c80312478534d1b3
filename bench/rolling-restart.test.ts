import { expect, test } from 'vitest'
import { restartUnderLoad } from './rolling-restart.ts'

test('both processes are replaced under load without a failed request', async () => {
  const { calls, failed, restarts } = await restartUnderLoad(1)
  expect({ failed, restarts }).toEqual({ failed: 0, restarts: 2 })
  expect(calls).toBeGreaterThan(600)
})
