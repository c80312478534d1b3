/**
 * Amounts that no payment takes, and amounts of currencies that Stripe takes only in steps.
 *
 * @module
 */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { addUser, startTestApi, type TestApi } from '../../test/harness.ts'
import { completed, paymentOf, sendEvent } from '../../test/stripe-events.ts'
import { type StripeServer, sendJson, startStripeServer } from '../../test/stripe-server.ts'

let stripe: StripeServer
let api: TestApi
beforeAll(async () => {
  stripe = await startStripeServer()
  api = await startTestApi({
    env: {
      STRIPE_SECRET_KEY: 'sk_test_payable',
      STRIPE_API_BASE: stripe.url,
      TOKEN_CURRENCY: 'kwd',
      TOKEN_PRICE_CENTS: '210',
    },
  })
})
beforeEach(() => stripe.reset())
afterAll(async () => {
  await api.close()
  await stripe.close()
})

const buy = (token: string, tokens: number, headers: Record<string, string> = {}) =>
  api.call('POST', '/tokens/purchase', { token, body: { tokens }, headers })
const statusesOf = async (token: string) =>
  (await api.call('GET', '/tokens/purchases', { token })).body.items.map(
    ({ status }: { status: string }) => status,
  )

test('what one payment does not take is refused before Stripe is asked, and the bound is named', async () => {
  const { token } = await addUser(api)
  const refused = await buy(token, 595_239)
  expect([refused.status, refused.body.code]).toEqual([409, 'amount_not_payable'])
  expect(refused.body.detail).toBe(
    '595,239 tokens cost KWD\u00a0100,000.150; one payment takes KWD\u00a099,999.990 at most.',
  )
  expect(await statusesOf(token)).toEqual([])
  expect(stripe.requests).toEqual([])
  const most = await buy(token, 595_238)
  expect([most.status, most.body.purchase?.amountCents]).toEqual([201, 99_999_980])
})

test('of thousandths Stripe is asked for whole tens', async () => {
  const { token } = await addUser(api)
  // 5 % off 212,310 would leave 201,694.5.
  expect((await buy(token, 1_011)).status).toBe(201)
  expect(stripe.requests[0]?.form['line_items[0][price_data][unit_amount]']).toBe('201690')
})

test.each([
  ['amount_too_small', 'too little'],
  ['amount_too_large', 'too much'],
])('what Stripe finds %s is refused as that, and stays refused under its key', async (code, what) => {
  const { token } = await addUser(api)
  stripe.answerWith = (_request, response) =>
    sendJson(response, 400, { error: { type: 'invalid_request_error', code, message: 'Of its own bounds.' } })
  const headers = { 'idempotency-key': code }
  const refused = await buy(token, 50, headers)
  expect([refused.status, refused.body.code, refused.body.detail]).toEqual([
    409,
    'amount_not_payable',
    `50 tokens cost KWD\u00a010.500, ${what} for one payment.`,
  ])
  expect(await statusesOf(token)).toEqual(['failed'])
  expect((await buy(token, 50, headers)).text).toBe(refused.text)
  expect(stripe.requests).toHaveLength(1)
})

test('what cannot be given back because of its last digit is refused before Stripe is asked', async () => {
  const { token } = await addUser(api)
  const operator = await addUser(api, { isOperator: true })
  const { purchase } = (await buy(token, 100)).body
  await sendEvent(api, completed({ ...paymentOf(purchase), currency: 'kwd' }))
  const refund = (amountCents: number) =>
    api.call('POST', `/operators/purchases/${purchase.id}/refund`, {
      token: operator.token,
      body: { amountCents, reason: 'Asked for.' },
    })
  const refused = await refund(1_005)
  expect([refused.status, refused.body.errors]).toEqual([
    400,
    [{ path: '/amountCents', message: 'must be a multiple of 10 in kwd' }],
  ])
  stripe.answerWith = (_request, response) => sendJson(response, 200, { id: 're_1', object: 'refund' })
  expect((await refund(1_000)).status).toBe(201)
})
