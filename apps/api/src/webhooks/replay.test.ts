import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startWebhookTest, type WebhookTest } from '../../test/webhook-harness.ts'

let it: WebhookTest
beforeAll(async () => {
  it = await startWebhookTest()
})
afterEach(() => it.clear())
afterAll(() => it.close())

describe('a replay', () => {
  test('of one sends the same event again', async () => {
    const receiver = await it.receive()
    const providerId = await it.addOwnProvider()
    const endpoint = await it.addEndpoint(providerId, receiver.url)
    await it.emitAll([it.eventOf(providerId)])
    await it.deliver()
    const [{ id }] = await it.deliveriesOf(endpoint)
    const replayed = await it.api.call('POST', `${endpoint.path}/deliveries/${id}/replay`, {
      token: await it.token(),
    })
    expect(replayed.status).toBe(202)
    expect(replayed.body).toMatchObject({ id, status: 'pending', attemptCount: 1 })
    await it.deliver()
    expect(receiver.received).toHaveLength(2)
    expect(receiver.received[1]?.body).toBe(receiver.received[0]?.body)
    expect((await it.deliveriesOf(endpoint))[0]).toMatchObject({ status: 'delivered', attemptCount: 2 })
  })

  test('of all that failed, and of nothing else', async () => {
    let status = 500
    const receiver = await it.receive((response) => response.writeHead(status).end())
    const providerId = await it.addOwnProvider()
    const endpoint = await it.addEndpoint(providerId, receiver.url)
    const from = it.api.clock.now()
    await it.emitAll([it.eventOf(providerId), it.eventOf(providerId)])
    await it.deliver()
    await it.api.deps.db.batch.query(
      `update webhook_deliveries set status = 'failed' where status = 'pending'`,
    )
    status = 204
    await it.emitAll([it.eventOf(providerId)])
    await it.deliver()
    const before = receiver.received.length
    it.api.clock.advance({ minutes: 1 })
    const replay = await it.api.call('POST', `${endpoint.path}/replay`, {
      token: await it.token(),
      body: { which: 'failed', from: from.toISOString(), to: it.api.clock.now().toISOString() },
    })
    expect(replay.status).toBe(202)
    expect(replay.body).toMatchObject({ queued: 2, hasMore: false })
    await it.deliver()
    expect(receiver.received.length - before).toBe(2)
    expect(
      (await it.deliveriesOf(endpoint)).every((one: { status: string }) => one.status === 'delivered'),
    ).toBe(true)
  })

  test('of a range sends also what happened before the endpoint was there, once', async () => {
    const receiver = await it.receive()
    const providerId = await it.addOwnProvider()
    const from = it.api.clock.now()
    await it.emitAll([it.eventOf(providerId), it.eventOf(providerId, 'session.started')])
    const endpoint = await it.addEndpoint(providerId, receiver.url, { events: ['session.completed'] })
    await it.emitAll([it.eventOf(providerId)])
    await it.deliver()
    expect(receiver.received).toHaveLength(1)
    it.api.clock.advance({ minutes: 1 })
    const body = { which: 'all', from: from.toISOString(), to: it.api.clock.now().toISOString() }
    const replays = await Promise.all(
      [1, 2].map(async () =>
        it.api.call('POST', `${endpoint.path}/replay`, { token: await it.token(), body }),
      ),
    )
    expect(replays.map((replay) => replay.body.queued)).toEqual([2, 2])
    await it.deliver()
    expect(receiver.received).toHaveLength(3)
    expect(await it.deliveriesOf(endpoint)).toHaveLength(2)
    const rest = await it.api.call('POST', `${endpoint.path}/replay`, {
      token: await it.token(),
      body: { ...body, after: replays[0]?.body.lastEventId },
    })
    expect(rest.body).toEqual({ queued: 0, hasMore: false, lastEventId: null })
  })

  test('asked for while the last attempt is under way has the whole schedule before it, should that fail', async () => {
    let answer: ((status: number) => void) | undefined
    const receiver = await it.receive((response) => {
      answer = (status) => response.writeHead(status).end()
    })
    const providerId = await it.addOwnProvider()
    const endpoint = await it.addEndpoint(providerId, receiver.url)
    await it.emitAll([it.eventOf(providerId)])
    await it.api.deps.db.batch.query(`update webhook_deliveries set tries = 9 where status = 'pending'`)
    const delivering = it.deliver()
    await expect.poll(() => answer).toBeDefined()
    const [{ id }] = await it.deliveriesOf(endpoint)
    await it.api.call('POST', `${endpoint.path}/deliveries/${id}/replay`, { token: await it.token() })
    answer?.(500)
    await delivering
    expect((await it.deliveriesOf(endpoint))[0]).toMatchObject({ status: 'pending', attemptCount: 1 })

    it.api.clock.advance({ minutes: 1 })
    const again = it.deliver()
    await expect.poll(() => receiver.received.length).toBe(2)
    answer?.(204)
    await again
    expect((await it.deliveriesOf(endpoint))[0]).toMatchObject({ status: 'delivered', attemptCount: 2 })
  })

  test('a test event reaches the one endpoint, whatever it asked for', async () => {
    const [receiver, other] = [await it.receive(), await it.receive()]
    const providerId = await it.addOwnProvider()
    const endpoint = await it.addEndpoint(providerId, receiver.url, { events: ['provider.suspended'] })
    await it.addEndpoint(providerId, other.url)
    const sent = await it.api.call('POST', `${endpoint.path}/test`, { token: await it.token() })
    expect(sent.status).toBe(202)
    expect(sent.body).toMatchObject({ type: 'webhook.test', status: 'pending', attempts: [] })
    await it.deliver()
    expect(JSON.parse(receiver.received[0]?.body ?? '')).toMatchObject({ type: 'webhook.test' })
    expect(other.received).toEqual([])
  })
})
