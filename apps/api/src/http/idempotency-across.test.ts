/**
 * A key whose request asks somebody else between two transactions, while another instance is in a transaction under it.
 *
 * @module
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { addUser, countWaiting, startTestApi, type TestApi, type TestUser } from '../../test/harness.ts'
import { holdLock } from '../../test/hold-lock.ts'
import { PUBLIC_TENANT_ID } from '../id.ts'
import { placeOfAnswer } from './idempotency.ts'

/** Stripe, which opens every checkout, when the test lets it. */
let asked = 0
let beforeAnswer: () => Promise<void>
const stripeServer = createServer((incoming, response) => {
  incoming.resume().on('end', async () => {
    asked += 1
    await beforeAnswer()
    response.writeHead(200, { 'content-type': 'application/json' })
    const id = `cs_test_${asked}`
    response.end(
      JSON.stringify({ id, object: 'checkout.session', url: `https://checkout.stripe.com/c/pay/${id}` }),
    )
  })
})

let api: TestApi
let user: TestUser
beforeAll(async () => {
  await new Promise<void>((resolve) => stripeServer.listen(0, '127.0.0.1', resolve))
  const { port } = stripeServer.address() as AddressInfo
  api = await startTestApi({
    env: { STRIPE_SECRET_KEY: 'sk_test_across', STRIPE_API_BASE: `http://127.0.0.1:${port}` },
  })
})
beforeEach(async () => {
  asked = 0
  beforeAnswer = async () => {}
  user = await addUser(api)
})
afterAll(async () => {
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
