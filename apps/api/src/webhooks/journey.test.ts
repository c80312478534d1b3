import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { addUser } from '../../test/harness.ts'
import { type SessionMarket, startSessionMarket } from '../../test/session-market.ts'
import { type Receiver, startReceiver } from '../../test/webhook-receiver.ts'
import { createOutgoing, type Outgoing } from '../outgoing.ts'
import { Session } from '../sessions/session.ts'
import { sweepSessions } from '../sessions/sweep-sessions.ts'
import { createCourier } from './courier.ts'

let it: SessionMarket
let receiver: Receiver
let outgoing: Outgoing
beforeAll(async () => {
  it = await startSessionMarket({ env: { OUTGOING_ALLOW_CIDRS: '127.0.0.0/8' } })
  receiver = await startReceiver()
  outgoing = createOutgoing(it.api.deps.config)
})
afterAll(async () => {
  await outgoing.end()
  await receiver.close()
  await it.close()
})

test('a provider is told of a session from its start to what it earned, and of itself', async () => {
  const { api, owner, providerId, users } = it
  const made = await it.as(owner, 'POST', `/providers/${providerId}/webhook-endpoints`, {
    body: { url: receiver.url, events: ['*'] },
  })
  const played = await it.play({ user: users[0]!, minutes: 7.2 })
  const cancelled = (await it.open(users[1]!)).session.id
  api.clock.advance({ minutes: 10 })
  await sweepSessions(api.deps.db, { now: api.clock.now(), marketplaceUrl: 'http://localhost:4001' })
  const change = await it.as(owner, 'PATCH', `/providers/${providerId}`, { body: { tokensPerMinute: 5 } })
  expect(change.status).toBe(200)
  const operator = await addUser(api, { isOperator: true })
  const { session } = await it.validate(await it.open(users[2]!))
  await it.as(operator, 'POST', `/providers/${providerId}/suspend`, { body: { reason: 'A test.' } })
  await it.as(operator, 'POST', `/providers/${providerId}/approve`)

  const courier = createCourier(api.deps, { outgoing })
  await courier.deliverDue()
  await courier.settled()
  vi.setSystemTime(api.clock.now())
  const webhook = new Webhook(made.body.secret)
  const events = receiver.received.map(
    ({ body, headers }) =>
      webhook.verify(body, headers as Record<string, string>) as {
        type: string
        sequence: number
        data: Record<string, unknown>
      },
  )
  vi.useRealTimers()
  const told = events.map(({ type, sequence, data }) => [type, sequence, data.sessionId ?? data.id]).sort()
  expect(told).toEqual(
    [
      ['session.started', 1, played],
      ['session.completed', 2, played],
      ['earnings.posted', 2, played],
      ['session.cancelled', 1, cancelled],
      ['session.started', 1, session.id],
      ['session.revoked', 2, session.id],
      ['provider.price_changed', 1, providerId],
      ['provider.suspended', 2, providerId],
      ['provider.approved', 3, providerId],
    ].sort(),
  )
  const dataOf = (type: string) => events.find((event) => event.type === type)?.data
  expect(dataOf('earnings.posted')).toEqual({ sessionId: played, providerId, gross: 29, fee: 6, net: 23 })
  // Sent as it was written, its fields in the order of the documentation.
  const sent = (type: string) => Object.keys(dataOf(type) ?? {})
  expect(sent('earnings.posted')).toEqual(['sessionId', 'providerId', 'gross', 'fee', 'net'])
  expect(sent('session.completed')).toEqual(Object.keys(Session.properties))
  expect(dataOf('session.completed')).toMatchObject({
    status: 'ended',
    endReason: 'completed',
    usedMs: 432_000,
    tokensCharged: 29,
  })
  // A provider knows its users by a reference and by nothing else.
  const text = receiver.received.map(({ body }) => body).join()
  for (const { id } of users) expect(text).not.toContain(id)
})
