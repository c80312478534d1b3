/**
 * Refunds by operators, where Stripe is asked for them.
 *
 * @module
 */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectAs } from '../../test/database.ts'
import {
  accessTokenOf,
  addUser,
  countWaiting,
  startTestApi,
  type TestApi,
  type TestUser,
} from '../../test/harness.ts'
import {
  beginPurchase,
  completed,
  paymentOf,
  refunded,
  refundTold,
  sendEvent,
} from '../../test/stripe-events.ts'

const asked: { method: string | undefined; key: string | undefined; body: URLSearchParams }[] = []
let stripe: Server
let live: TestApi
let answerWith: { status: number; body: object }
/** What Stripe knows of when it is asked what was given back. */
let given: object[] = []

beforeAll(async () => {
  stripe = createServer((request, response) => {
    let text = ''
    request.on('data', (chunk) => {
      text += chunk
    })
    request.on('end', () => {
      const { method, headers } = request
      asked.push({ method, key: headers['idempotency-key'] as string, body: new URLSearchParams(text) })
      const list = { object: 'list', data: given, has_more: false, url: '/v1/refunds' }
      const { status, body } = method === 'GET' ? { status: 200, body: list } : answerWith
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(JSON.stringify(body))
    })
  }).listen(0, '127.0.0.1')
  await once(stripe, 'listening')
  const { port } = stripe.address() as AddressInfo
  live = await startTestApi({
    env: { STRIPE_SECRET_KEY: 'sk_test_x', STRIPE_API_BASE: `http://127.0.0.1:${port}` },
  })
})
afterAll(async () => {
  await live.close()
  stripe.close()
})

async function paid() {
  const user = await addUser(live)
  answerWith = {
    status: 200,
    body: { id: 'cs_1', object: 'checkout.session', url: 'https://checkout.example/' },
  }
  const purchase = await beginPurchase(live, user.token, 100)
  const payment = paymentOf(purchase)
  await sendEvent(live, completed(payment))
  asked.length = 0
  return { user, purchase, payment, staff: await addUser(live, { isOperator: true }) }
}
/** Of 100 cents that were paid. */
const ask = async (staff: TestUser, id: string, body: object, headers: Record<string, string> = {}) =>
  live.call('POST', `/operators/purchases/${id}/refund`, {
    token: await accessTokenOf(live, staff.id),
    headers,
    body: { reason: 'Goodwill', ...body },
  })
const give = (staff: TestUser, id: string, headers: Record<string, string> = {}) =>
  ask(staff, id, { amountCents: 40 }, headers)
const giveAll = (staff: TestUser, id: string) => ask(staff, id, {})

test('Stripe is asked with the refund’s id as its key; the wallet waits for Stripe’s event', async () => {
  const { user, purchase, payment, staff } = await paid()
  answerWith = { status: 200, body: { id: 're_1', object: 'refund', status: 'succeeded' } }
  const { status, body } = await give(staff, purchase.id)
  expect([status, body.status, body.stripeRefundId]).toEqual([201, 'sent', 're_1'])
  expect(asked[0]?.key).toBe(body.id)
  expect(Object.fromEntries(asked[0]?.body ?? [])).toMatchObject({
    payment_intent: payment.paymentIntentId,
    amount: '40',
  })
  const total = async () => (await live.call('GET', '/tokens/balance', { token: user.token })).body.total
  expect(await total()).toBe(100)
  await sendEvent(live, refunded(payment, 40))
  expect(await total()).toBe(60)
})

test('one whose fate is unknown is asked again under the same key, so that it is given once', async () => {
  const { purchase, staff } = await paid()
  answerWith = { status: 500, body: { error: { type: 'api_error', message: 'down' } } }
  expect((await give(staff, purchase.id)).body.code).toBe('payment_unavailable')
  const keys = new Set(asked.map(({ key }) => key))
  answerWith = { status: 200, body: { id: 're_2', object: 'refund' } }
  expect((await give(staff, purchase.id)).status).toBe(201)
  for (const { key } of asked) keys.add(key)
  expect(keys.size).toBe(1)
})

test.each([
  { found: ['re_old'], gives: 're_old', asks: ['GET'] },
  { found: [], gives: 're_new', asks: ['GET', 'POST'] },
])('one whose fate is unknown is given once also when Stripe has forgotten its key: $gives', async ({
  found,
  gives,
  asks,
}) => {
  const { purchase, staff } = await paid()
  answerWith = { status: 500, body: { error: { type: 'api_error', message: 'down' } } }
  expect((await give(staff, purchase.id)).body.code).toBe('payment_unavailable')
  const refundId = asked[0]?.key
  const refund = { object: 'refund', status: 'succeeded', metadata: { refundId } }
  given = [
    { ...refund, id: 're_other', metadata: { refundId: 'rfd_other' } },
    { ...refund, id: 're_failed', status: 'failed' },
    ...found.map((id) => ({ ...refund, id })),
  ]
  live.clock.advance({ hours: 24 })
  asked.length = 0
  answerWith = { status: 200, body: { id: 're_new', object: 'refund' } }
  const { status, body } = await give(staff, purchase.id)
  expect([status, body.id, body.status]).toEqual([201, refundId, 'sent'])
  expect(body.stripeRefundId).toBe(gives)
  expect(asked.map(({ method }) => method)).toEqual(asks)
})

test('one that failed at the bank before Stripe’s answer was noted has failed, and the next is a new one', async () => {
  const { purchase, payment, staff } = await paid()
  await sendEvent(live, refundTold('refund.failed', payment, { id: 're_early', amount: 40 }))
  answerWith = { status: 200, body: { id: 're_early', object: 'refund', status: 'pending' } }
  expect((await give(staff, purchase.id)).body).toMatchObject({
    status: 'failed',
    stripeRefundId: 're_early',
  })
  answerWith = { status: 200, body: { id: 're_late', object: 'refund', status: 'pending' } }
  expect((await give(staff, purchase.id)).body.status).toBe('sent')
  expect(new Set(asked.map(({ key }) => key)).size).toBe(2)
})

test('one that is under way is taken up again by its amount, and by no other', async () => {
  const { purchase, staff } = await paid()
  answerWith = { status: 500, body: { error: { type: 'api_error', message: 'down' } } }
  expect((await give(staff, purchase.id)).body.code).toBe('payment_unavailable')
  const refundId = asked[0]?.key
  answerWith = { status: 200, body: { id: 're_6', object: 'refund' } }
  asked.length = 0
  for (const amount of [{}, { amountCents: 50 }, { amountCents: 100 }]) {
    const { status, body } = await ask(staff, purchase.id, amount)
    expect([status, body.code, body.detail]).toEqual([
      409,
      'purchase_not_refundable',
      'A refund of 40 is under way: ask for 40 again first.',
    ])
  }
  expect(asked).toEqual([])
  expect((await give(staff, purchase.id)).body).toMatchObject({ id: refundId, amountCents: 40 })
  expect((await giveAll(staff, purchase.id)).body.amountCents).toBe(60)
})

test('one of all that is left is taken up again by asking for all that is left', async () => {
  const { purchase, staff } = await paid()
  answerWith = { status: 500, body: { error: { type: 'api_error', message: 'down' } } }
  expect((await giveAll(staff, purchase.id)).body.code).toBe('payment_unavailable')
  const refundId = asked[0]?.key
  answerWith = { status: 200, body: { id: 're_7', object: 'refund' } }
  expect((await giveAll(staff, purchase.id)).body).toMatchObject({
    id: refundId,
    amountCents: 100,
  })
})

test('one that Stripe declines has failed, and the next is a new one', async () => {
  const { purchase, staff } = await paid()
  answerWith = {
    status: 400,
    body: { error: { type: 'invalid_request_error', message: 'charge too old, internal 42' } },
  }
  const refused = await give(staff, purchase.id)
  expect([refused.status, refused.body.code]).toEqual([409, 'refund_refused'])
  expect(refused.text).not.toContain('internal 42')
  answerWith = { status: 200, body: { id: 're_3', object: 'refund' } }
  expect((await give(staff, purchase.id)).status).toBe(201)
  expect(new Set(asked.map(({ key }) => key)).size).toBe(2)
})

test('one that Stripe declines stays declined under its Idempotency-Key, and Stripe is asked once', async () => {
  const { purchase, staff } = await paid()
  answerWith = { status: 400, body: { error: { type: 'invalid_request_error', message: 'too old' } } }
  const headers = { 'idempotency-key': 'declined' }
  const refused = await give(staff, purchase.id, headers)
  answerWith = { status: 200, body: { id: 're_4', object: 'refund' } }
  const again = await give(staff, purchase.id, headers)
  expect([again.status, again.text]).toEqual([409, refused.text])
  expect(again.headers['idempotent-replayed']).toBe('true')
  expect(asked).toHaveLength(1)
})

test('what Stripe was asked to give back counts before its event comes', async () => {
  const { purchase, staff } = await paid()
  answerWith = { status: 200, body: { id: 're_8', object: 'refund' } }
  expect((await give(staff, purchase.id)).status).toBe(201)
  const more = await ask(staff, purchase.id, { amountCents: 61 })
  expect([more.status, more.body.code, more.body.available]).toEqual([409, 'refund_exceeds_paid', 60])
  expect((await ask(staff, purchase.id, { amountCents: 60 })).status).toBe(201)
  expect((await giveAll(staff, purchase.id)).body).toMatchObject({
    code: 'refund_exceeds_paid',
    available: 0,
  })
})

test('a refund waits for what is being noted of its purchase, and is refused what that took', async () => {
  const { purchase, staff } = await paid()
  answerWith = { status: 200, body: { id: 're_9', object: 'refund' } }
  const owner = await connectAs(live.databaseUrl)
  await owner.query('begin')
  await owner.query('update purchases set refunded_cents = 70 where id = $1', [purchase.id])
  const asking = give(staff, purchase.id)
  await expect.poll(() => countWaiting(live), { timeout: 4_000 }).toBe(1)
  await owner.query('commit')
  await owner.end()
  expect((await asking).body).toMatchObject({ code: 'refund_exceeds_paid', available: 30 })
  expect(asked).toEqual([])
})
