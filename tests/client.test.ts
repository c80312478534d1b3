import { afterAll, beforeAll, expect, test } from 'vitest'
import { addProvider, addUser, startTestApi, type TestApi } from '../apps/api/test/harness.ts'
import {
  createMarketplaceClient,
  createMemoryStorage,
  MarketplaceProblem,
} from '../packages/client/src/index.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())

/** The real application without a network. */
const fetch: typeof globalThis.fetch = async (input, init = {}) => {
  const { pathname, search } = new URL(String(input))
  const answer = await api.app.inject({
    method: (init.method ?? 'GET') as 'GET',
    url: pathname + search,
    headers: init.headers as Record<string, string>,
    ...(init.body === undefined ? {} : { payload: String(init.body) }),
  })
  return new Response(answer.statusCode === 204 ? null : answer.body, {
    status: answer.statusCode,
    headers: { 'retry-after': String(answer.headers['retry-after'] ?? '') },
  })
}

test('a frontend registers, looks, is refused, stays signed in and leaves, against the real API', async () => {
  const owner = await addUser(api)
  const providerId = await addProvider(api, { ownerId: owner.id, tokensPerMinute: 0, name: 'Free timer' })
  const client = createMarketplaceClient({
    apiUrl: 'http://api.test',
    fetch,
    storage: createMemoryStorage(),
    now: () => api.clock.now().getTime(),
  })
  const user = await client.register({ email: 'frontend@example.com', password: 'correct horse battery' })
  expect(client.currentUser()).toEqual(user)
  expect(await client.call('getBalance')).toEqual({ available: 0, held: 0, total: 0 })
  const { items } = await client.call('listProviders', { query: { q: 'Free' } })
  expect(items.map(({ id }) => id)).toEqual([providerId])

  const { session, launchUrl } = await client.call('createSession', {
    body: { providerId, durationMinutes: 5 },
  })
  expect(launchUrl).toContain('launch_jwt=')
  expect(await client.call('getSession', { path: { id: session.id } })).toMatchObject({ status: 'pending' })
  const refused = await client.call('getPurchase', { path: { id: `pur_${'0'.repeat(26)}` } }).catch((e) => e)
  expect(refused).toBeInstanceOf(MarketplaceProblem)
  expect(refused.code).toBe('purchase_not_found')

  // The access token dies; nobody notices.
  api.clock.advance({ minutes: 20 })
  expect((await client.call('getProfile')).email).toBe('frontend@example.com')
  const kept = client.refreshToken()
  await client.call('changePassword', {
    body: {
      currentPassword: 'correct horse battery',
      newPassword: 'another good password',
      ...(kept && { refreshToken: kept }),
    },
  })
  api.clock.advance({ minutes: 20 })
  expect((await client.call('listSignIns')).items).toHaveLength(1)
  await client.signOut()
  expect(client.currentUser()).toBeNull()
})
