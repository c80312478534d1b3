import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startWebhookTest, type WebhookTest } from '../../test/webhook-harness.ts'
import { claimDeliveries, UNDER_WAY_MAX } from '../webhooks/claim-deliveries.ts'
import { readFigures } from './figures.ts'

let it: WebhookTest
beforeAll(async () => {
  it = await startWebhookTest()
})
afterEach(() => it.clear())
afterAll(() => it.close())

/** A provider with an endpoint that answers 500, and what waits for it. */
async function fill(events: number) {
  const receiver = await it.receive((response) => response.writeHead(500).end())
  const providerId = await it.addOwnProvider()
  const endpoint = await it.addEndpoint(providerId, receiver.url)
  await it.emitAll(Array.from({ length: events }, () => it.eventOf(providerId)))
  return endpoint
}
const read = async () => {
  const { webhookBacklog, webhookLagSeconds } = await readFigures(it.api.deps.db.batch, it.api.clock.now())
  return [webhookBacklog, webhookLagSeconds]
}
const call = async (method: 'PATCH' | 'DELETE', path: string, body?: object) =>
  it.api.call(method, path, { token: await it.token(), ...(body && { body }) })

test('what nobody attempts is late', async () => {
  await fill(3)
  it.api.clock.advance({ seconds: 301 })
  expect(await read()).toEqual([3, 301])
})

test('what waits for an endpoint that is disabled, removed or fails is not late', async () => {
  const disabled = await fill(1)
  await call('PATCH', disabled.path, { status: 'disabled' })
  const removed = await fill(1)
  await call('DELETE', removed.path)
  await fill(1)
  await it.deliver()
  it.api.clock.advance({ seconds: 301 })
  expect(await read()).toEqual([3, 0])
})

test('nor what waits for an endpoint that has as many under way as it may', async () => {
  await fill(UNDER_WAY_MAX + 1)
  it.api.clock.advance({ seconds: 301 })
  const { db } = it.api.deps
  const claim = (slots: number) => claimDeliveries(db, { slots, failingSlots: 0, now: it.api.clock.now() })
  await claim(UNDER_WAY_MAX - 1)
  expect(await read()).toEqual([UNDER_WAY_MAX + 1, 301])
  await claim(1)
  expect(await read()).toEqual([UNDER_WAY_MAX + 1, 0])
})
