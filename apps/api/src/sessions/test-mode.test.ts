import { afterAll, beforeAll, expect, test } from 'vitest'
import { addUser, startTestApi, type TestApi, type TestUser } from '../../test/harness.ts'
import { createMarket, type Market, openSession } from '../../test/play.ts'
import { PUBLIC_TENANT_ID } from '../id.ts'

let api: TestApi
let market: Market
let owner: TestUser
let paidId: string
let testId: string
const keys = { live: '', test: '' }

beforeAll(async () => {
  api = await startTestApi()
  market = await createMarket(api)
  owner = await addUser(api)
  await api.deps.db.inTenant(PUBLIC_TENANT_ID, (tx) =>
    tx.query('update providers set owner_id = $2 where id = $1', [market.providerId, owner.id]),
  )
  for (const mode of ['live', 'test'] as const) {
    const { body } = await api.call('POST', `/providers/${market.providerId}/api-keys`, {
      token: owner.token,
      body: { name: mode, scopes: ['sessions:read', 'sessions:write', 'analytics:read'], mode },
    })
    keys[mode] = body.secret
  }
  paidId = (await openSession(market)).sessionId
  const opened = await api.call('POST', `/providers/${market.providerId}/test-sessions`, {
    token: keys.test,
    body: {},
  })
  testId = opened.body.session.id
})
afterAll(() => api.close())

const read = async (mode: 'live' | 'test', id: string) => {
  const { status, body } = await api.call('GET', `/api/v1/sessions/${id}`, { token: keys[mode] })
  return body.session?.id ?? [status, body.code]
}

test('a test key reads test sessions and a live key the paid ones; the others do not exist', async () => {
  expect(await read('test', testId)).toBe(testId)
  expect(await read('live', paidId)).toBe(paidId)
  expect(await read('test', paidId)).toEqual([404, 'session_not_found'])
  expect(await read('live', testId)).toEqual([404, 'session_not_found'])
})

test('a key lists the sessions of its own mode, whatever it asks for; people see both', async () => {
  const path = `/providers/${market.providerId}/sessions`
  const list = async (token: string, query = '') =>
    (await api.call('GET', path + query, { token })).body.items.map(({ id }: { id: string }) => id)
  for (const query of ['', '?test=true', '?test=false']) {
    expect(await list(keys.test, query)).toEqual([testId])
    expect(await list(keys.live, query)).toEqual([paidId])
  }
  expect((await list(owner.token)).sort()).toEqual([paidId, testId].sort())
})

test('what was earned and paid out is nothing that a test key reads', async () => {
  for (const path of ['earnings', 'earnings/statement', 'payouts']) {
    const url = `/providers/${market.providerId}/${path}`
    expect([path, (await api.call('GET', url, { token: keys.live })).status]).toEqual([path, 200])
    const refused = await api.call('GET', url, { token: keys.test })
    expect([path, refused.status, refused.body.code]).toEqual([path, 403, 'forbidden'])
  }
})

test('a developer’s test session is their own, and a viewer opens none', async () => {
  const path = `/providers/${market.providerId}/test-sessions`
  const member = await addUser(api)
  const joinAs = (role: string) =>
    api.deps.db.inTenant(PUBLIC_TENANT_ID, (tx) =>
      tx.query(
        `insert into provider_members (provider_id, user_id, role, created_at) values ($1, $2, $3, now())
         on conflict (tenant_id, provider_id, user_id) do update set role = excluded.role`,
        [market.providerId, member.id, role],
      ),
    )
  await joinAs('viewer')
  const refused = await api.call('POST', path, { token: member.token, body: {} })
  expect([refused.status, refused.body.code]).toEqual([403, 'forbidden'])
  await joinAs('developer')
  const opened = await api.call('POST', path, { token: member.token, body: {} })
  expect(opened.status).toBe(201)
  const own = await api.call('GET', `/sessions/${opened.body.session.id}`, { token: member.token })
  expect(own.status).toBe(200)
  const others = await api.call('GET', `/sessions/${opened.body.session.id}`, { token: owner.token })
  expect(others.status).toBe(404)
})
