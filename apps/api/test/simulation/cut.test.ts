import { afterAll, beforeAll, expect, test } from 'vitest'
import { addUser, startTestApi, type TestApi } from '../harness.ts'
import { withCut } from './cut.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())

test('a statement has the same number whatever the process knows and does besides, so that a seed can be replayed', async () => {
  const { token } = await addUser(api)
  const count = async () => {
    const { cut } = await withCut({ statement: 99, mode: 'before' }, api.databaseUrl, () =>
      api.call('POST', '/tokens/purchase', { token, body: { tokens: 1_000 } }),
    )
    return cut.seen
  }
  const warm = await count()
  expect(warm).toBeGreaterThan(3)
  expect(await count()).toBe(warm)
  api.deps.signedOut.forget()
  api.deps.origins.forget()
  expect(await count()).toBe(warm)
  // Others are at it, as the courier is while a receiver answers.
  const { token: other } = await addUser(api)
  const busy = api.call('POST', '/tokens/purchase', { token: other, body: { tokens: 1_000 } })
  expect(await count()).toBe(warm)
  expect((await busy).status).toBe(201)
})
