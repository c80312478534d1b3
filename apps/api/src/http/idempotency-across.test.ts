/**
 * A key whose request asks somebody else between two transactions, and what another instance makes of it meanwhile.
 *
 * @module
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { addUser, countWaiting, startTestApi, type TestApi, type TestUser } from '../../test/harness.ts'
import { holdLock } from '../../test/hold-lock.ts'
import { type Instance, startOtherInstance } from '../../test/instance.ts'
import { PUBLIC_TENANT_ID } from '../id.ts'
import { placeOfAnswer } from './idempotency.ts'

/** Stripe, which opens every checkout, when the test lets it. */
let asked = 0
let status = 200
let beforeAnswer: () => Promise<void>
const stripeServer = createServer((incoming, response) => {
  incoming.resume().on('end', async () => {
    asked += 1
    await beforeAnswer()
    response.writeHead(status, { 'content-type': 'application/json' })
    const id = `cs_test_${asked}`
    const url = `https://checkout.stripe.com/c/pay/${id}`
    const refused = { error: { type: 'invalid_request_error' } }
    response.end(JSON.stringify(status === 200 ? { id, object: 'checkout.session', url } : refused))
  })
})

let api: TestApi
let other: Instance
let user: TestUser
beforeAll(async () => {
  await new Promise<void>((resolve) => stripeServer.listen(0, '127.0.0.1', resolve))
  const { port } = stripeServer.address() as AddressInfo
  api = await startTestApi({
    env: { STRIPE_SECRET_KEY: 'sk_test_across', STRIPE_API_BASE: `http://127.0.0.1:${port}` },
  })
  other = await startOtherInstance(api)
})
beforeEach(async () => {
  asked = 0
  status = 200
  beforeAnswer = async () => {}
  user = await addUser(api)
})
afterAll(async () => {
  await other.close()
  await api.close()
  stripeServer.closeAllConnections()
  await new Promise((resolve) => stripeServer.close(resolve))
})

const buy = () =>
  api.call('POST', '/tokens/purchase', {
    token: user.token,
    body: { tokens: 1_000 },
    headers: { 'idempotency-key': 'across' },
  })
const buyElsewhere = () =>
  other.app.inject({
    method: 'POST',
    url: '/tokens/purchase',
    headers: { authorization: `Bearer ${user.token}`, 'idempotency-key': 'across' },
    payload: { tokens: 1_000 },
  })
/** Buys, and does something before Stripe answers. */
async function buyWhile<T>(meanwhile: () => Promise<T>) {
  let result: Promise<T> | undefined
  beforeAnswer = async () => {
    beforeAnswer = async () => {}
    result = meanwhile()
    await result
  }
  const answer = await buy()
  return { answer, meanwhile: await result! }
}
/** As an instance has it that is in one of its two transactions. */
const holdKey = () =>
  holdLock(api, 'select pg_advisory_xact_lock(hashtextextended($1, 7305))', [
    placeOfAnswer({
      tenantId: PUBLIC_TENANT_ID,
      caller: user.id,
      route: 'POST /tokens/purchase',
      key: 'across',
    }),
  ])
const findPurchases = () =>
  api.deps.db.batch.query<{ checkoutUrl: string | null }>(
    'select checkout_url as "checkoutUrl" from purchases where user_id = $1',
    [user.id],
  )

test('who comes while another instance begins under the key begins nothing', async () => {
  const release = await holdKey()
  const buying = buy()
  await expect.poll(() => countWaiting(api)).toBe(1)
  const begun = [asked, await findPurchases()]
  await release()
  expect((await buying).status).toBe(201)
  expect(begun).toEqual([0, []])
})

test('who has asked finishes nothing while another instance finishes under the key', async () => {
  let release: (() => Promise<void>) | undefined
  beforeAnswer = async () => {
    release = await holdKey()
  }
  const buying = buy()
  await expect.poll(() => countWaiting(api)).toBe(1)
  const begun = [asked, await findPurchases()]
  await release!()
  const { status, body } = await buying
  expect([status, body.checkoutUrl]).toEqual([201, 'https://checkout.stripe.com/c/pay/cs_test_1'])
  expect(begun).toEqual([1, [{ checkoutUrl: null }]])
})

test('while one asks, another instance tells the same request to come again, and then gives it the same answer', async () => {
  const { answer, meanwhile } = await buyWhile(buyElsewhere)
  expect([meanwhile.statusCode, meanwhile.json().code, meanwhile.headers['retry-after']]).toEqual([
    409,
    'idempotency_in_progress',
    '1',
  ])
  const again = await buyElsewhere()
  expect([again.statusCode, again.headers['idempotent-replayed'], again.payload]).toEqual([
    201,
    'true',
    answer.text,
  ])
  expect(asked).toBe(1)
})

test('where one has asked for five seconds, another goes on, and both give the same answer', async () => {
  const { answer, meanwhile } = await buyWhile(() => {
    api.clock.advance({ seconds: 5 })
    return buyElsewhere()
  })
  expect([meanwhile.statusCode, meanwhile.headers['idempotent-replayed']]).toEqual([201, undefined])
  expect([answer.status, answer.headers['idempotent-replayed'], answer.text]).toEqual([
    201,
    'true',
    meanwhile.payload,
  ])
  expect(await findPurchases()).toHaveLength(1)
})

test('however long it takes, the same instance knows that it asks', async () => {
  const { meanwhile } = await buyWhile(() => {
    api.clock.advance({ seconds: 60 })
    return buy()
  })
  expect([meanwhile.status, meanwhile.body.code]).toEqual([409, 'idempotency_in_progress'])
})

test('where one asked in vain, any other goes on at once', async () => {
  status = 400
  expect((await buy()).status).toBe(503)
  status = 200
  expect((await buyElsewhere()).statusCode).toBe(201)
})
