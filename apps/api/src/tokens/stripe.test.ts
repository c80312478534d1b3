import pg from 'pg'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { startCapturedApp } from '../../test/captured-log.ts'
import { accessTokenOf, addUser, startTestApi, type TestApi } from '../../test/harness.ts'
import { completed, paymentOf, sendEvent } from '../../test/stripe-events.ts'
import {
  type StripeAnswer,
  type StripeServer,
  sendJson,
  startStripeServer,
} from '../../test/stripe-server.ts'
import { PUBLIC_TENANT_ID } from '../id.ts'
import { addressOf, isSignedByStripe, signLikeStripe } from './stripe.ts'

const SECRET_KEY = 'sk_test_secretOfTheTest'

const opens: StripeAnswer = (request, response) => stripe.answer(request, response)
const fails =
  (status: number, type: string): StripeAnswer =>
  (_request, response) =>
    sendJson(response, status, { error: { type, message: `Refused: ${SECRET_KEY.slice(0, 7)}…` } })

let stripe: StripeServer
let api: TestApi
beforeAll(async () => {
  stripe = await startStripeServer()
  api = await startTestApi({ env: { STRIPE_SECRET_KEY: SECRET_KEY, STRIPE_API_BASE: stripe.url } })
})
beforeEach(() => stripe.reset())
afterAll(async () => {
  await api.close()
  await stripe.close()
})

const buy = (token: string, headers: Record<string, string> = {}) =>
  api.call('POST', '/tokens/purchase', { token, body: { tokens: 1_000 }, headers })

test('a purchase opens a Checkout Session that names it everywhere', async () => {
  const { token } = await addUser(api)
  const { status, body } = await buy(token)
  expect(status).toBe(201)
  const { id } = body.purchase
  expect(body.checkoutUrl).toBe(`https://checkout.stripe.com/c/pay/cs_test_${id}`)
  expect(stripe.requests).toHaveLength(1)
  const [request] = stripe.requests
  expect(request).toMatchObject({ method: 'POST', url: '/v1/checkout/sessions' })
  expect(request!.headers.authorization).toBe(`Bearer ${SECRET_KEY}`)
  expect(request!.headers['idempotency-key']).toBe(id)
  expect(request!.headers['stripe-version']).toMatch(/^\d{4}-\d\d-\d\d/)
  expect(request!.form).toEqual({
    mode: 'payment',
    client_reference_id: id,
    'metadata[purchaseId]': id,
    'payment_intent_data[metadata][purchaseId]': id,
    'line_items[0][quantity]': '1',
    'line_items[0][price_data][currency]': 'usd',
    'line_items[0][price_data][unit_amount]': '950',
    'line_items[0][price_data][product_data][name]': '1,000 tokens',
    success_url: `http://localhost:4001/?purchase=${id}&result=success`,
    cancel_url: `http://localhost:4001/?purchase=${id}&result=cancelled`,
  })
})

test.each([
  ['https://proxy.example', { protocol: 'https', host: 'proxy.example', port: 443 }],
  ['http://127.0.0.1', { protocol: 'http', host: '127.0.0.1', port: 80 }],
  ['http://[::1]:12111', { protocol: 'http', host: '::1', port: 12_111 }],
])('STRIPE_API_BASE=%s leads there', (base, address) => {
  expect(addressOf(base)).toEqual(address)
})

test('with a Stripe key there is no sandbox', async () => {
  const { token } = await addUser(api)
  const { body } = await buy(token)
  expect((await api.call('GET', `/sandbox/checkout/${body.purchase.id}?token=x`)).status).toBe(404)
  expect((await api.call('POST', `/sandbox/checkout/${body.purchase.id}`)).status).toBe(404)
})

test('an event with the secret credits what was bought through Stripe', async () => {
  const { token } = await addUser(api)
  const { body } = await buy(token)
  expect((await sendEvent(api, completed(paymentOf(body.purchase)))).status).toBe(200)
  expect((await api.call('GET', '/tokens/balance', { token })).body.total).toBe(1_000)
})

test('a hiccup of Stripe is tried again with the same key', async () => {
  const { token } = await addUser(api)
  let tries = 0
  stripe.answerWith = (request, response) => {
    tries += 1
    if (tries === 1) return fails(500, 'api_error')(request, response)
    opens(request, response)
  }
  expect((await buy(token)).status).toBe(201)
  expect(new Set(stripe.requests.map(({ headers }) => headers['idempotency-key'])).size).toBe(1)
  expect(stripe.requests).toHaveLength(2)
})

test.each([
  ['is down', 500, 'api_error'],
  ['does not know our key', 401, 'invalid_request_error'],
  ['refuses the request', 400, 'invalid_request_error'],
])('when Stripe %s nothing is charged and the purchase has failed', async (_, status, type) => {
  const { token } = await addUser(api)
  stripe.answerWith = fails(status, type)
  const answer = await buy(token)
  expect([answer.status, answer.body.code]).toEqual([503, 'payment_unavailable'])
  expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
  const { items } = (await api.call('GET', '/tokens/purchases', { token })).body
  expect(items).toMatchObject([{ status: 'failed' }])
  expect((await api.call('GET', '/tokens/balance', { token })).body.total).toBe(0)
})

test('an answer without an address counts as no answer', async () => {
  const { token } = await addUser(api)
  stripe.answerWith = (_request, response) =>
    sendJson(response, 200, { id: 'cs_1', object: 'checkout.session', url: null })
  expect((await buy(token)).body.code).toBe('payment_unavailable')
})

test('a request repeated after Stripe was away goes on with its purchase', async () => {
  const { token } = await addUser(api)
  stripe.answerWith = fails(400, 'invalid_request_error')
  const headers = { 'idempotency-key': 'patience' }
  expect((await buy(token, headers)).status).toBe(503)
  stripe.answerWith = opens
  const second = await buy(token, headers)
  expect([second.status, second.body.purchase.status]).toEqual([201, 'pending'])
  expect(new Set(stripe.requests.map((request) => request.headers['idempotency-key'])).size).toBe(1)
  expect((await buy(token, headers)).text).toBe(second.text)
  expect((await api.call('GET', '/tokens/purchases', { token })).body.items).toHaveLength(1)
})

test('while Stripe is asked, the key is taken: the same request is told to wait, another is refused', async () => {
  const { token } = await addUser(api)
  const headers = { 'idempotency-key': 'taken' }
  const other = () => api.call('POST', '/tokens/purchase', { token, body: { tokens: 2_000 }, headers })
  const meanwhile = await new Promise<Awaited<ReturnType<typeof buy>>[]>((resolve, reject) => {
    stripe.answerWith = (request, response) => {
      stripe.answerWith = opens
      buy(token, headers)
        .then(async (same) => resolve([same, await other()]))
        .catch(reject)
        .finally(() => opens(request, response))
    }
    buy(token, headers).catch(reject)
  })
  expect(meanwhile.map(({ status, body }) => [status, body.code])).toEqual([
    [409, 'idempotency_in_progress'],
    [422, 'idempotency_key_reused'],
  ])
  expect(Number(meanwhile[0]!.headers['retry-after'])).toBeGreaterThan(0)
  await expect.poll(async () => (await buy(token, headers)).status).toBe(201)
  expect((await other()).body.code).toBe('idempotency_key_reused')
  expect(stripe.requests).toHaveLength(1)
  expect((await api.call('GET', '/tokens/purchases', { token })).body.items).toHaveLength(1)
})

test('of requests at the same instant under one key, one is answered', async () => {
  const { token } = await addUser(api)
  for (let i = 0; i < 40; i += 1) {
    const headers = { 'idempotency-key': `pair-${i}` }
    const pair = await Promise.all([buy(token, headers), buy(token, headers)])
    const purchases = pair.filter(({ status }) => status === 201)
    expect(purchases.length).toBeGreaterThan(0)
    for (const { status, body } of pair)
      expect(status === 201 || body.code === 'idempotency_in_progress').toBe(true)
  }
})

test('a key stays with its request when Stripe was away', async () => {
  const { token } = await addUser(api)
  const headers = { 'idempotency-key': 'kept' }
  stripe.answerWith = fails(400, 'invalid_request_error')
  expect((await buy(token, headers)).status).toBe(503)
  stripe.answerWith = opens
  const other = await api.call('POST', '/tokens/purchase', { token, body: { tokens: 2_000 }, headers })
  expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused'])
  expect((await buy(token, headers)).status).toBe(201)
})

test('who asks is answered, also where another instance has the key at that moment', async () => {
  const user = await addUser(api)
  const owner = new pg.Client({ connectionString: api.databaseUrl })
  await owner.connect()
  const isAwaited = async () => {
    const { rows } = await owner.query(
      `select from pg_locks where locktype = 'advisory' and not granted
         and database = (select oid from pg_database where datname = current_database())`,
    )
    return rows.length > 0
  }
  try {
    const place = `${PUBLIC_TENANT_ID}/${user.id}/POST /tokens/purchase/first`
    stripe.answerWith = (request, response) => {
      owner
        .query('select pg_advisory_lock(hashtextextended($1, 7305))', [place])
        .then(() => opens(request, response))
    }
    const first = buy(user.token, { 'idempotency-key': 'first' })
    await expect.poll(isAwaited).toBe(true)
    await owner.query('select pg_advisory_unlock_all()')
    expect((await first).status).toBe(201)
  } finally {
    await owner.end()
  }
})

test('no transaction is open while Stripe is asked', async () => {
  const { token } = await addUser(api)
  // As the database's owner: other roles do not see each other's state.
  const owner = new pg.Client({ connectionString: api.databaseUrl })
  await owner.connect()
  try {
    const states: string[][] = []
    stripe.answerWith = (request, response) => {
      owner
        .query(
          `select state from pg_stat_activity
           where datname = current_database() and application_name like 'token-marketplace%'`,
        )
        .then(({ rows }) => {
          states.push(rows.map(({ state }) => state))
          opens(request, response)
        })
    }
    expect((await buy(token)).status).toBe(201)
    expect(states).toHaveLength(1)
    expect(states[0]!.length).toBeGreaterThan(0)
    expect(new Set(states[0])).toEqual(new Set(['idle']))
  } finally {
    await owner.end()
  }
})

test('neither the key nor an access token reaches the log', async () => {
  const user = await addUser(api)
  const { app, logged } = await startCapturedApp(api)
  const token = await accessTokenOf(api, user.id)
  const call = (headers: Record<string, string> = {}) =>
    app.inject({
      method: 'POST',
      url: '/tokens/purchase',
      headers: { authorization: `Bearer ${token}`, ...headers },
      payload: { tokens: 1_000 },
    })
  expect((await call({ 'idempotency-key': 'key-of-the-caller' })).statusCode).toBe(201)
  stripe.answerWith = fails(401, 'invalid_request_error')
  expect((await call()).statusCode).toBe(503)
  await app.close()
  expect(logged()).toContain('Stripe refused')
  for (const hidden of [SECRET_KEY, token, 'checkout.stripe.com']) expect(logged()).not.toContain(hidden)
})

test('our signature is Stripe’s signature', () => {
  const now = new Date('2026-03-01T12:00:00.000Z')
  const body = '{"id":"evt_1"}'
  const signature = signLikeStripe({ body, secret: 'whsec_test', now })
  const check = (changes: object) =>
    isSignedByStripe({ body: Buffer.from(body), signature, secret: 'whsec_test', now, ...changes })
  expect(check({})).toBe(true)
  expect(check({ secret: 'whsec_other' })).toBe(false)
  expect(check({ body: Buffer.from(`${body}\n`) })).toBe(false)
  expect(check({ now: new Date(now.getTime() + 301_000) })).toBe(false)
})
