import { afterAll, beforeAll, expect, test } from 'vitest'
import { addProvider, addUser, startTestApi, type TestApi } from '../../test/harness.ts'
import { openSession } from '../../test/play.ts'
import { PUBLIC_TENANT_ID } from '../id.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())

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
  const url = await api.app.listen({ port: 0, host: '127.0.0.1' })
  const watch = () =>
    fetch(`${url}/providers/${id}/sessions/live`, { headers: { authorization: `Bearer ${viewer.token}` } })
  const answer = await watch()
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader()
  let heard = ''
  while (!heard.includes('event: sessions')) heard += (await reader.read()).value ?? ''

  await api.call('DELETE', `/providers/${id}/members/${viewer.id}`, { token: owner.token })
  // Ends by itself; the next one is refused.
  for (let last = await reader.read(); !last.done; last = await reader.read()) heard += last.value
  expect(heard.match(/event: sessions/g)).toHaveLength(1)
  expect((await watch()).status).toBe(404)
})

test('an open stream ends when its user is signed out everywhere', async () => {
  const owner = await addUser(api)
  const operator = await addUser(api, { isOperator: true })
  const id = await addProvider(api, { ownerId: owner.id })
  const url = api.app.listeningOrigin
  const answer = await fetch(`${url}/providers/${id}/sessions/live`, {
    headers: { authorization: `Bearer ${owner.token}` },
  })
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader()
  let heard = ''
  while (!heard.includes('event: sessions')) heard += (await reader.read()).value ?? ''
  await api.call('POST', `/operators/users/${owner.id}/sign-out`, {
    token: operator.token,
    body: { reason: 'Sign-ins from abroad' },
  })
  await openSession({ api, user: await addUser(api, { tokens: 1_000 }), providerId: id })
  for (let last = await reader.read(); !last.done; last = await reader.read()) heard += last.value
  expect(heard.match(/event: sessions/g)).toHaveLength(1)
})
