import type { ServerResponse } from 'node:http'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { accessTokenOf, addProvider, addUser, startTestApi, type TestApi } from '../../test/harness.ts'
import { type Receiver, startReceiver } from '../../test/webhook-receiver.ts'
import { emit } from '../events.ts'
import { createId, PUBLIC_TENANT_ID } from '../id.ts'
import { createOutgoing, type Outgoing } from '../outgoing.ts'
import { createCourier } from './courier.ts'

let api: TestApi
let outgoing: Outgoing
let hanging: Receiver
let working: Receiver
const held: ServerResponse[] = []

beforeAll(async () => {
  api = await startTestApi({ env: { OUTGOING_ALLOW_CIDRS: '127.0.0.0/8' } })
  // Nothing here may be waited for: an attempt at the hanging one outlives the test.
  outgoing = createOutgoing(api.deps.config, { timeoutMs: 600_000 })
  hanging = await startReceiver((response) => held.push(response))
  working = await startReceiver()
})
afterAll(async () => {
  await outgoing.end()
  await Promise.all([hanging.close(), working.close()])
  await api.close()
})

async function addEndpoints(url: string, count: number): Promise<string[]> {
  const owner = await addUser(api)
  return Promise.all(
    Array.from({ length: count }, async () => {
      const id = await addProvider(api, { ownerId: owner.id })
      const { status } = await api.call('POST', `/providers/${id}/webhook-endpoints`, {
        token: await accessTokenOf(api, owner.id),
        body: { url, events: ['*'] },
      })
      expect(status).toBe(201)
      return id
    }),
  )
}
const emitFor = (providerIds: string[], each: number) =>
  api.deps.db.inBatch((tx) =>
    emit(
      tx,
      providerIds.flatMap((providerId) =>
        Array.from({ length: each }, () => ({
          tenantId: PUBLIC_TENANT_ID,
          type: 'session.completed' as const,
          providerId,
          sessionId: createId('ses', api.clock.now()),
          sequence: 1,
          snapshot: {},
          now: api.clock.now(),
        })),
      ),
    ),
  )

test('one endpoint that hangs delays none of 1,000 deliveries to others', async () => {
  const [slow] = await addEndpoints(hanging.url, 1)
  const others = await addEndpoints(working.url, 10)
  // The slow one's come first and are as many.
  await emitFor([slow!], 1_000)
  await emitFor(others, 100)
  const courier = createCourier(api.deps, { outgoing })
  await courier.deliverDue()
  await vi.waitFor(() => expect(working.received.length).toBe(1_000), { timeout: 25_000 })
  expect(new Set(working.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1_000)
  // Its first 8 hang still, and it was not given more.
  expect(hanging.received).toHaveLength(8)
  courier.stop()
  for (const response of held.splice(0)) response.destroy()
  await courier.settled()
})

test('nor do 100 endpoints that hang and are known to fail', async () => {
  hanging.received.length = 0
  working.received.length = 0
  const slow = await addEndpoints(hanging.url, 100)
  await api.deps.db.batch.query(
    'update webhook_endpoints set failing_since = created_at where provider_id = any ($1)',
    [slow],
  )
  const others = await addEndpoints(working.url, 5)
  await emitFor(slow, 20)
  const courier = createCourier(api.deps, { outgoing })
  await courier.deliverDue()
  // All that endpoints which fail may have at once, one each.
  await vi.waitFor(() => expect(hanging.received.length).toBe(64), { timeout: 25_000 })
  await emitFor(others, 40)
  await courier.deliverDue()
  await vi.waitFor(() => expect(working.received.length).toBe(200), { timeout: 25_000 })
  expect(hanging.received).toHaveLength(64)
  courier.stop()
  for (const response of held.splice(0)) response.destroy()
  await courier.settled()
})
