import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Accounts } from '../../test/accounts.ts'
import { addProvider } from '../../test/harness.ts'

const running = { now: 0, most: 0 }

let accounts: Accounts
let password: string
beforeAll(async () => {
  // Another file of this worker may have read the API already, with what it hashes by.
  vi.resetModules()
  vi.doMock('@node-rs/argon2', async (original) => {
    const real = await original<typeof import('@node-rs/argon2')>()
    const verify: typeof real.verify = async (...asked) => {
      running.now += 1
      running.most = Math.max(running.most, running.now)
      try {
        return await real.verify(...asked)
      } finally {
        running.now -= 1
      }
    }
    return { ...real, verify }
  })
  const module = await import('../../test/accounts.ts')
  password = module.password
  accounts = await module.startAccounts()
})
afterAll(async () => {
  await accounts.close()
  vi.doUnmock('@node-rs/argon2')
  vi.resetModules()
})

test('passwords are hashed two at a time, whatever asks for them', async () => {
  const ada = await accounts.register()
  const providerId = await addProvider(accounts.api, { ownerId: ada.id })
  const transfer = { userId: ada.id, currentPassword: password }
  const answers = await Promise.all(
    Array.from({ length: 6 }, () => [
      accounts.login(ada.email),
      ada.call('POST', `/providers/${providerId}/transfer`, transfer),
    ]).flat(),
  )
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
  expect(running.most).toBeGreaterThan(0)
  expect(running.most).toBeLessThanOrEqual(2)
})
