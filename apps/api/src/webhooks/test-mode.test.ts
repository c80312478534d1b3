import { afterAll, expect, test } from 'vitest'
import { addUser } from '../../test/harness.ts'
import { openSession } from '../../test/play.ts'
import { startWebhookTest } from '../../test/webhook-harness.ts'

const it = await startWebhookTest()
afterAll(() => it.close())

test('what happens to a test session is marked as such, what was paid for as live', async () => {
  const receiver = await it.receive()
  const providerId = await it.addOwnProvider()
  const endpoint = await it.addEndpoint(providerId, receiver.url)
  const opened = await it.api.call('POST', `/providers/${providerId}/test-sessions`, {
    token: await it.token(),
    body: {},
  })
  const validated = await it.api.call('POST', '/api/v1/sessions/validate', {
    body: { launchJwt: opened.body.launchJwt, clientId: 'client_of_a_test' },
  })
  await it.api.call('POST', `/api/v1/sessions/${opened.body.session.id}/complete`, {
    token: validated.body.sessionJwt,
    body: {},
  })
  const user = await addUser(it.api, { tokens: 1_000 })
  const paid = await openSession({ api: it.api, user, providerId })
  await it.api.call('PATCH', `/providers/${providerId}`, {
    token: await it.token(),
    body: { tokensPerMinute: 9 },
  })
  await it.api.call('POST', `${endpoint.path}/test`, { token: await it.token() })
  await it.deliver()

  const told = receiver.received.map(({ body }) => JSON.parse(body))
  const modes = told.map(({ type, mode, data }) => [type, data.id === paid.sessionId ? 'paid' : '', mode])
  expect(modes.sort()).toEqual(
    [
      ['session.started', '', 'test'],
      ['session.completed', '', 'test'],
      ['session.started', 'paid', 'live'],
      ['provider.price_changed', '', 'live'],
      ['webhook.test', '', 'test'],
    ].sort(),
  )
  // The log shows the same bytes.
  const { body } = await it.api.call('GET', `${endpoint.path}/deliveries`, { token: await it.token() })
  const logged = body.items.map(({ payload }: { payload: object }) => JSON.stringify(payload))
  expect(logged.sort()).toEqual(receiver.received.map((each) => each.body).sort())
})
