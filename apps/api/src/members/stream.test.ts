import { afterAll, beforeAll, expect, test } from 'vitest'
import { addProvider, addUser, startTestApi, type TestApi } from '../../test/harness.ts'
import { openSession } from '../../test/play.ts'
import { PUBLIC_TENANT_ID } from '../id.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
  await api.app.listen({ port: 0, host: '127.0.0.1' })
})
afterAll(() => api.close())

/** A provider's live view, with its first event heard. */
async function watch(id: string, token: string) {
  const answer = await fetch(`${api.app.listeningOrigin}/providers/${id}/sessions/live`, {
    headers: { authorization: `Bearer ${token}` },
  })
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader()
  let heard = ''
  while (!heard.includes('event: sessions')) heard += (await reader.read()).value ?? ''
  return {
    /** How many events there were when it ended by itself. */
    async countToEnd() {
      for (let last = await reader.read(); !last.done; last = await reader.read()) heard += last.value
      return heard.match(/event: sessions/g)?.length
    },
  }
}

test('an open stream ends with the membership it was opened by', async () => {
  const owner = await addUser(api)
  const viewer = await addUser(api)
  const id = await addProvider(api, { ownerId: owner.id })
  await api.deps.db.inTenant(PUBLIC_TENANT_ID, (tx) =>
    tx.query(
      `insert into provider_members (provider_id, user_id, role, created_at) values ($1, $2, 'viewer', now())`,
      [id, viewer.id],
    ),
  )
  const stream = await watch(id, viewer.token)
  await api.call('DELETE', `/providers/${id}/members/${viewer.id}`, { token: owner.token })
  // Ends by itself; the next one is refused.
  expect(await stream.countToEnd()).toBe(1)
  expect((await api.call('GET', `/providers/${id}/sessions/live`, { token: viewer.token })).status).toBe(404)
})

test('an open stream ends when its user is signed out everywhere', async () => {
  const owner = await addUser(api)
  const operator = await addUser(api, { isOperator: true })
  const id = await addProvider(api, { ownerId: owner.id })
  const stream = await watch(id, owner.token)
  await api.call('POST', `/operators/users/${owner.id}/sign-out`, {
    token: operator.token,
    body: { reason: 'Sign-ins from abroad' },
  })
  await openSession({ api, user: await addUser(api, { tokens: 1_000 }), providerId: id })
  expect(await stream.countToEnd()).toBe(1)
})

test('an open stream ends with the access token it was opened by', async () => {
  const owner = await addUser(api)
  const id = await addProvider(api, { ownerId: owner.id })
  api.clock.advance({ minutes: 14 })
  const stream = await watch(id, owner.token)
  const play = await openSession({ api, user: await addUser(api, { tokens: 1_000 }), providerId: id })
  api.clock.advance({ minutes: 1 })
  await play.beat()
  expect(await stream.countToEnd()).toBeLessThanOrEqual(2)
  expect((await api.call('GET', `/providers/${id}/sessions/live`, { token: owner.token })).status).toBe(401)
})
