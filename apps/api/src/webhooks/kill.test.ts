import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { startWebhookTest, type WebhookTest } from '../../test/webhook-harness.ts'
import { LEASE_MS } from './claim-deliveries.ts'
import { forgetWebhookDeliveriesTask } from './jobs.ts'

let it: WebhookTest
beforeAll(async () => {
  it = await startWebhookTest()
})
afterAll(async () => {
  await it.clear()
  await it.close()
})

test('an instance that is killed while it delivers leaves the delivery to another', async () => {
  let isFirst = true
  const receiver = await it.receive((response) => {
    // The first one hangs until its sender is dead.
    if (!isFirst) response.writeHead(204).end()
    isFirst = false
  })
  const providerId = await it.addOwnProvider()
  const endpoint = await it.addEndpoint(providerId, receiver.url)
  await it.emitAll([it.eventOf(providerId)])

  const { keyEncryptionKey } = it.api.deps.config
  const child = spawn(process.execPath, [path.join(import.meta.dirname, '../../test/start-courier.ts')], {
    env: {
      PATH: process.env.PATH,
      DATABASE_URL: it.api.databaseUrl,
      KEY_ENCRYPTION_KEY: keyEncryptionKey.toString('base64'),
      OUTGOING_ALLOW_CIDRS: '127.0.0.0/8',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  await vi.waitFor(() => expect(receiver.received).toHaveLength(1), { timeout: 20_000 })
  child.kill('SIGKILL')
  await once(child, 'exit')

  // The child had the real clock; from here on it is this one.
  it.api.clock.advance({ ms: Date.now() - it.api.clock.now().getTime() })
  await it.deliver()
  expect(receiver.received).toHaveLength(1)
  it.api.clock.advance({ ms: LEASE_MS })
  await it.deliver()
  expect(receiver.received).toHaveLength(2)
  expect(receiver.received[1]?.headers['webhook-id']).toBe(receiver.received[0]?.headers['webhook-id'])
  expect((await it.deliveriesOf(endpoint))[0]).toMatchObject({ status: 'delivered', attemptCount: 1 })
})

test('deliveries are forgotten after 30 days, those of a deleted endpoint at once, pending ones never', async () => {
  const receiver = await it.receive((response, { path: at }) =>
    response.writeHead(at === '/down' ? 500 : 204).end(),
  )
  const providerId = await it.addOwnProvider()
  const kept = await it.addEndpoint(providerId, receiver.url)
  const down = await it.addEndpoint(providerId, receiver.url.replace('/hook', '/down'))
  const removed = await it.addEndpoint(providerId, receiver.url)
  await it.emitAll([it.eventOf(providerId)])
  await it.deliver()
  await it.api.call('DELETE', removed.path, { token: await it.token() })
  const { db } = it.api.deps
  const rowsOf = async ({ id }: { id: string }) =>
    (
      await db.batch.query(
        `select a.number from webhook_deliveries d
         join webhook_attempts a on a.tenant_id = d.tenant_id and a.delivery_id = d.id where d.endpoint_id = $1`,
        [id],
      )
    ).length
  const forget = () => forgetWebhookDeliveriesTask(it.api.deps)({}, undefined as never)
  await forget()
  expect([await rowsOf(kept), await rowsOf(down), await rowsOf(removed)]).toEqual([1, 1, 0])
  expect(await db.batch.query('select id from webhook_endpoints where id = $1', [removed.id])).toEqual([])
  it.api.clock.advance({ hours: 31 * 24 })
  await forget()
  expect([await rowsOf(kept), await rowsOf(down)]).toEqual([0, 1])
})
