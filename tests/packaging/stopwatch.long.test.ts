import { describe, expect, test } from 'vitest'
import { performGuide } from '../../tools/perform-guide.ts'
import { isRegistryReachable } from '../../tools/temp-project.ts'

const isReachable = await isRegistryReachable('the integration guide in an empty Vite app')

describe.skipIf(!isReachable)('the integration guide', () => {
  test('performed literally, leads an empty Vite app to a validated session', async () => {
    const { session, address } = await performGuide()
    expect(session).toMatchObject({ status: 'active', startedAt: expect.any(String) })
    expect(address).not.toContain('launch_jwt')
  }, 600_000)
})
