import { createPublicKey, verify as verifyEd25519 } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { startWebhookTest, type WebhookTest } from '../../test/webhook-harness.ts'
import type { Receiver } from '../../test/webhook-receiver.ts'
import { emit } from '../events.ts'
import { PUBLIC_TENANT_ID } from '../id.ts'
import { claimDeliveries } from './claim-deliveries.ts'
import { createCourier } from './courier.ts'

let it: WebhookTest
beforeAll(async () => {
  it = await startWebhookTest()
})
afterEach(() => it.clear())
afterAll(() => it.close())

describe('a webhook', () => {
  test('verifies with the package of Standard Webhooks, and any change of it does not', async () => {
    const receiver = await it.receive()
    const providerId = await it.addOwnProvider()
    const endpoint = await it.addEndpoint(providerId, receiver.url)
    const event = it.eventOf(providerId)
    await it.emitAll([event])
    await it.deliver()

    const [got] = receiver.received
    expect(receiver.received).toHaveLength(1)
    expect(got?.headers).toMatchObject({ 'content-type': 'application/json' })
    expect(got?.headers['webhook-id']).toMatch(/^evt_/)
    expect(JSON.parse(got?.body ?? '')).toEqual({
      type: 'session.completed',
      timestamp: event.now.toISOString(),
      mode: 'live',
      sequence: 2,
      data: event.snapshot,
    })
    vi.setSystemTime(it.api.clock.now())
    try {
      const webhook = new Webhook(endpoint.secret)
      const headers = got?.headers as Record<string, string>
      expect(webhook.verify(got?.body ?? '', headers)).toMatchObject({ type: 'session.completed' })
      expect(() => webhook.verify(`${got?.body} `, headers)).toThrow()
      expect(() => webhook.verify(got?.body ?? '', { ...headers, 'webhook-id': 'evt_other' })).toThrow()
    } finally {
      vi.useRealTimers()
    }
    const [delivery] = await it.deliveriesOf(endpoint)
    expect(delivery).toMatchObject({
      eventId: got?.headers['webhook-id'],
      status: 'delivered',
      attemptCount: 1,
      nextAttemptAt: null,
      attempts: [{ number: 1, httpStatus: 204, error: null, answer: '' }],
    })
    expect(delivery.payload).toEqual(JSON.parse(got?.body ?? ''))
  })

  test('verifies with the public key where ed25519 was asked for', async () => {
    const receiver = await it.receive()
    const providerId = await it.addOwnProvider()
    const { publicKey } = await it.addEndpoint(providerId, receiver.url, { asymmetric: true })
    await it.emitAll([it.eventOf(providerId)])
    await it.deliver()
    const { headers, body } = receiver.received[0]!
    const signature = String(headers['webhook-signature'])
      .split(' ')
      .find((one) => one.startsWith('v1a,'))
    const key = createPublicKey({
      format: 'jwk',
      key: {
        kty: 'OKP',
        crv: 'Ed25519',
        x: Buffer.from(publicKey.slice('whpk_'.length), 'base64').toString('base64url'),
      },
    })
    const isGood = (text: string) =>
      verifyEd25519(
        null,
        Buffer.from(`${headers['webhook-id']}.${headers['webhook-timestamp']}.${text}`),
        key,
        Buffer.from(signature!.slice('v1a,'.length), 'base64'),
      )
    expect([isGood(body), isGood(`${body} `)]).toEqual([true, false])
  })

  test('verifies with either secret while a rotation overlaps, then only with the new one', async () => {
    const receiver = await it.receive()
    const providerId = await it.addOwnProvider()
    const endpoint = await it.addEndpoint(providerId, receiver.url)
    const rotated = await it.api.call('POST', `${endpoint.path}/rotate-secret`, {
      token: await it.token(),
      body: { overlapHours: 1 },
    })
    const verifies = (secret: string, { body, headers }: Receiver['received'][number]) => {
      try {
        vi.setSystemTime(it.api.clock.now())
        return Boolean(new Webhook(secret).verify(body, headers as Record<string, string>))
      } catch {
        return false
      } finally {
        vi.useRealTimers()
      }
    }
    await it.emitAll([it.eventOf(providerId)])
    await it.deliver()
    const during = receiver.received[0]!
    expect([verifies(endpoint.secret, during), verifies(rotated.body.secret, during)]).toEqual([true, true])
    it.api.clock.advance({ hours: 1 })
    await it.emitAll([it.eventOf(providerId)])
    await it.deliver()
    const after = receiver.received[1]!
    expect([verifies(endpoint.secret, after), verifies(rotated.body.secret, after)]).toEqual([false, true])
  })

  test('goes to whoever asked for that event of that provider, and to nobody else', async () => {
    const receiver = await it.receive()
    const [providerId, otherId] = [await it.addOwnProvider(), await it.addOwnProvider()]
    const at = (name: string) => receiver.url.replace('/hook', `/${name}`)
    await it.addEndpoint(providerId, at('all'))
    await it.addEndpoint(providerId, at('completed'), { events: ['session.completed', 'earnings.posted'] })
    await it.addEndpoint(providerId, at('started'), { events: ['session.started'] })
    await it.addEndpoint(otherId, at('other'))
    const off = await it.addEndpoint(providerId, at('off'))
    await it.api.call('PATCH', off.path, { token: await it.token(), body: { status: 'disabled' } })
    const gone = await it.addEndpoint(providerId, at('gone'))
    await it.api.call('DELETE', gone.path, { token: await it.token() })
    await it.emitAll([it.eventOf(providerId)])
    await it.deliver()
    expect(receiver.received.map(({ path }) => path).sort()).toEqual(['/all', '/completed'])
  })

  test('of an event whose transaction fails is never sent', async () => {
    const receiver = await it.receive()
    const providerId = await it.addOwnProvider()
    const endpoint = await it.addEndpoint(providerId, receiver.url)
    const failing = it.api.deps.db.inTenant(PUBLIC_TENANT_ID, async (tx) => {
      await emit(tx, [it.eventOf(providerId)])
      throw new Error('changed my mind')
    })
    await expect(failing).rejects.toThrow('changed my mind')
    await it.deliver()
    expect(receiver.received).toEqual([])
    expect(await it.deliveriesOf(endpoint)).toEqual([])
  })

  test('is written by a tenant’s transaction as by a batch', async () => {
    const receiver = await it.receive()
    const providerId = await it.addOwnProvider()
    await it.addEndpoint(providerId, receiver.url)
    await it.api.deps.db.inTenant(PUBLIC_TENANT_ID, (tx) =>
      emit(tx, [it.eventOf(providerId), it.eventOf(providerId)]),
    )
    await it.deliver()
    expect(receiver.received).toHaveLength(2)
  })
})

describe('an attempt that fails', () => {
  test('is repeated at the schedule of Standard Webhooks, then given up', async () => {
    const receiver = await it.receive((response) =>
      response.writeHead(500).end('broken: '.padEnd(5_000, 'x')),
    )
    const providerId = await it.addOwnProvider()
    const endpoint = await it.addEndpoint(providerId, receiver.url)
    await it.emitAll([it.eventOf(providerId)])
    await it.deliver()
    expect(receiver.received).toHaveLength(1)
    const pauses = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]
    for (const [index, seconds] of pauses.entries()) {
      it.api.clock.advance({ seconds, ms: -1 })
      await it.deliver()
      expect(receiver.received).toHaveLength(index + 1)
      it.api.clock.advance({ ms: 1 })
      await it.deliver()
      expect(receiver.received).toHaveLength(index + 2)
    }
    it.api.clock.advance({ hours: 48 })
    await it.deliver()
    expect(receiver.received).toHaveLength(10)
    const [delivery] = await it.deliveriesOf(endpoint)
    expect(delivery).toMatchObject({ status: 'failed', attemptCount: 10, nextAttemptAt: null })
    expect(delivery.attempts[0]).toMatchObject({ number: 10, httpStatus: 500 })
    expect(delivery.attempts[0].answer).toHaveLength(1_024)
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
    expect(new Set(receiver.received.map(({ body }) => body)).size).toBe(1)
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-timestamp'])).size).toBe(10)
  })

  test.each([301, 302, 307, 404, 429, 503])('an answer of %i is one', async (status) => {
    const receiver = await it.receive((response) => response.writeHead(status, { location: '/' }).end())
    const providerId = await it.addOwnProvider()
    const endpoint = await it.addEndpoint(providerId, receiver.url)
    await it.emitAll([it.eventOf(providerId)])
    await it.deliver()
    expect((await it.deliveriesOf(endpoint))[0]).toMatchObject({
      status: 'pending',
      attempts: [{ httpStatus: status }],
    })
  })

  test('waits longer where the receiver asks for it', async () => {
    const receiver = await it.receive((response) => response.writeHead(429, { 'retry-after': '600' }).end())
    const providerId = await it.addOwnProvider()
    const endpoint = await it.addEndpoint(providerId, receiver.url)
    await it.emitAll([it.eventOf(providerId)])
    await it.deliver()
    const [{ nextAttemptAt }] = await it.deliveriesOf(endpoint)
    expect(Date.parse(nextAttemptAt) - it.api.clock.now().getTime()).toBe(600_000)
  })

  test('says why where nobody answers, and tells nothing else', async () => {
    const providerId = await it.addOwnProvider()
    const endpoint = await it.addEndpoint(providerId, 'http://127.0.0.1:1/hook')
    await it.emitAll([it.eventOf(providerId)])
    await it.deliver()
    const [{ attempts }] = await it.deliveriesOf(endpoint)
    expect(attempts).toMatchObject([{ httpStatus: null, error: 'The connection was refused.', answer: null }])
  })

  test('after 5 days without a success disables the endpoint and tells its owner', async () => {
    let status = 500
    const receiver = await it.receive((response) => response.writeHead(status).end())
    const providerId = await it.addOwnProvider()
    const endpoint = await it.addEndpoint(providerId, receiver.url)
    await it.emitAll([it.eventOf(providerId)])
    await it.deliver()
    expect((await it.endpointOf(endpoint)).failingSince).toBe(it.api.clock.now().toISOString())
    it.api.clock.advance({ hours: 119 })
    await it.deliver()
    expect((await it.endpointOf(endpoint)).status).toBe('enabled')
    it.api.clock.advance({ hours: 1 })
    await it.deliver()
    expect(await it.endpointOf(endpoint)).toMatchObject({ status: 'disabled', disabledBecause: 'failing' })
    const [letter, ...more] = await it.runJobs()
    expect(letter?.text).toContain(
      `${receiver.url} of Focus timer is disabled, because it has not answered well`,
    )
    expect(more).toEqual([])

    // Enabled again, it is as new, and what waited is sent.
    status = 204
    await it.api.call('PATCH', endpoint.path, { token: await it.token(), body: { status: 'enabled' } })
    it.api.clock.advance({ hours: 24 })
    await it.deliver()
    expect(await it.endpointOf(endpoint)).toMatchObject({ status: 'enabled', failingSince: null })
    expect((await it.deliveriesOf(endpoint))[0].status).toBe('delivered')
  })

  test('enabled again it gets at once what waited, however long the next attempt was away', async () => {
    let status = 500
    const receiver = await it.receive((response) => response.writeHead(status).end())
    const providerId = await it.addOwnProvider()
    const endpoint = await it.addEndpoint(providerId, receiver.url)
    await it.emitAll([it.eventOf(providerId)])
    await it.deliver()
    it.api.clock.advance({ seconds: 5 })
    await it.deliver()
    const change = async (to: string) =>
      it.api.call('PATCH', endpoint.path, { token: await it.token(), body: { status: to } })
    await change('disabled')
    status = 204
    await change('enabled')
    await it.deliver()
    expect((await it.deliveriesOf(endpoint))[0].status).toBe('delivered')
  })

  test('of 5 days counts from the last success', async () => {
    const answers = [500, 204, 500]
    const receiver = await it.receive((response) => response.writeHead(answers.shift() ?? 500).end())
    const providerId = await it.addOwnProvider()
    const endpoint = await it.addEndpoint(providerId, receiver.url)
    for (const hours of [0, 100, 100]) {
      it.api.clock.advance({ hours })
      await it.emitAll([it.eventOf(providerId)])
      await it.deliver()
      await it.api.deps.db.batch.query(
        `update webhook_deliveries set status = 'failed' where status = 'pending'`,
      )
    }
    expect(await it.endpointOf(endpoint)).toMatchObject({
      status: 'enabled',
      failingSince: it.api.clock.now().toISOString(),
    })
  })

  test('from an address that was replaced meanwhile says nothing of the new one', async () => {
    let answer: (() => void) | undefined
    const old = await it.receive((response) => {
      answer = () => response.writeHead(410).end()
    })
    const receiver = await it.receive()
    const providerId = await it.addOwnProvider()
    const endpoint = await it.addEndpoint(providerId, old.url)
    await it.emitAll([it.eventOf(providerId)])
    const delivering = it.deliver()
    await expect.poll(() => answer).toBeDefined()
    const moved = { url: receiver.url }
    await it.api.call('PATCH', endpoint.path, { token: await it.token(), body: moved })
    answer?.()
    await delivering
    expect(await it.endpointOf(endpoint)).toMatchObject({ status: 'enabled', url: receiver.url })
    it.api.clock.advance({ minutes: 1 })
    await it.deliver()
    expect(receiver.received).toHaveLength(1)
  })

  test('of 5 days begins anew with another address, and with the same one does not', async () => {
    const receiver = await it.receive((response) => response.writeHead(500).end())
    const providerId = await it.addOwnProvider()
    const endpoint = await it.addEndpoint(providerId, receiver.url)
    await it.emitAll([it.eventOf(providerId)])
    await it.deliver()
    const { failingSince } = await it.endpointOf(endpoint)
    const move = async (url: string) =>
      (await it.api.call('PATCH', endpoint.path, { token: await it.token(), body: { url } })).body
    expect(await move(receiver.url)).toMatchObject({ failingSince })
    it.api.clock.advance({ hours: 120 })
    const url = `${receiver.url}/moved`
    expect(await move(url)).toMatchObject({ url, failingSince: null })
    await it.deliver()
    expect(await it.endpointOf(endpoint)).toMatchObject({
      status: 'enabled',
      failingSince: it.api.clock.now().toISOString(),
    })
  })

  test('with 410 disables the endpoint at once', async () => {
    const receiver = await it.receive((response) => response.writeHead(410).end())
    const providerId = await it.addOwnProvider()
    const endpoint = await it.addEndpoint(providerId, receiver.url)
    await it.emitAll([it.eventOf(providerId), it.eventOf(providerId)])
    await it.deliver()
    expect(await it.endpointOf(endpoint)).toMatchObject({ status: 'disabled', disabledBecause: 'gone' })
    expect((await it.runJobs()).map(({ text }) => text)).toEqual([expect.stringContaining('410 Gone')])
  })
})

describe('a crash', () => {
  test('between the claim and the sending leaves the delivery to the next one', async () => {
    const receiver = await it.receive()
    const providerId = await it.addOwnProvider()
    await it.addEndpoint(providerId, receiver.url)
    await it.emitAll([it.eventOf(providerId)])
    const now = it.api.clock.now()
    const lost = await claimDeliveries(it.api.deps.db, { slots: 10, failingSlots: 10, now })
    expect(lost).toHaveLength(1)
    await it.deliver()
    expect(receiver.received).toHaveLength(0)
    it.api.clock.advance({ seconds: 60 })
    await it.deliver()
    expect(receiver.received).toHaveLength(1)
  })

  test('between the answer and its record sends it twice, with one webhook-id', async () => {
    const receiver = await it.receive()
    const providerId = await it.addOwnProvider()
    const endpoint = await it.addEndpoint(providerId, receiver.url)
    await it.emitAll([it.eventOf(providerId)])
    const { db } = it.api.deps
    const broken = { ...db, batch: { query: () => Promise.reject(new Error('the process died here')) } }
    const dying = createCourier({ ...it.api.deps, db: broken }, { outgoing: it.outgoing })
    await dying.deliverDue()
    await dying.settled()
    expect(receiver.received).toHaveLength(1)
    expect((await it.deliveriesOf(endpoint))[0].status).toBe('pending')
    it.api.clock.advance({ seconds: 60 })
    await it.deliver()
    expect(receiver.received).toHaveLength(2)
    expect(receiver.received[1]?.headers['webhook-id']).toBe(receiver.received[0]?.headers['webhook-id'])
    expect((await it.deliveriesOf(endpoint))[0]).toMatchObject({ status: 'delivered' })
  })

  test('of nobody: several instances send each delivery once', async () => {
    const receiver = await it.receive()
    const providerId = await it.addOwnProvider()
    await it.addEndpoint(providerId, receiver.url)
    await it.emitAll(Array.from({ length: 60 }, () => it.eventOf(providerId)))
    const couriers = [1, 2, 3].map(() => createCourier(it.api.deps, { outgoing: it.outgoing }))
    await vi.waitFor(async () => {
      await Promise.all(couriers.map((one) => one.deliverDue()))
      await Promise.all(couriers.map((one) => one.settled()))
      expect(receiver.received.length).toBeGreaterThanOrEqual(60)
    }, 20_000)
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(60)
    expect(receiver.received).toHaveLength(60)
    // 8 under way, on however many instances.
    expect(receiver.openMax()).toBeLessThanOrEqual(8)
  })
})
