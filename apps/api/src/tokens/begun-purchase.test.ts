/**
 * A purchase from its beginning until there is an address to pay at, where twins of one request cross each other.
 *
 * @module
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addUser, startTestApi, type TestApi } from '../../test/harness.ts'
import { completed, paymentOf, sendEvent } from '../../test/stripe-events.ts'
import type { Tx } from '../db.ts'
import { PUBLIC_TENANT_ID } from '../id.ts'
import { createPurchase } from './create-purchase.ts'
import { failPurchase } from './fail-purchase.ts'
import { startPurchase } from './start-purchase.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())

const run = <T>(verb: (tx: Tx) => Promise<T>) => api.deps.db.inTenant(PUBLIC_TENANT_ID, verb)

const begin = (userId: string) =>
  run((tx) =>
    createPurchase(tx, {
      userId,
      price: { tokens: 100, amountCents: 100, discountPercent: 0 },
      tokenPriceCents: 1,
      currency: 'usd',
      subject: undefined,
      now: api.clock.now(),
    }),
  )
const checkout = { checkoutUrl: 'https://checkout.example/', checkoutSessionId: 'cs_1' }

test('one that a twin of the request gave up is pending again once there is an address to pay at', async () => {
  const { id: purchaseId } = await begin((await addUser(api)).id)
  await run((tx) => failPurchase(tx, { purchaseId }))
  expect((await run((tx) => startPurchase(tx, { purchaseId, checkout }))).status).toBe('pending')
})

test('one that was paid before its address was noted stays paid', async () => {
  const purchase = await begin((await addUser(api)).id)
  await sendEvent(api, completed(paymentOf(purchase)))
  const started = await run((tx) => startPurchase(tx, { purchaseId: purchase.id, checkout }))
  expect(started.status).toBe('paid')
})

test('nobody begins one whose account is gone, though the access token is still good', async () => {
  const user = await addUser(api)
  await api.deps.db.batch.query('update users set deleted_at = $2 where id = $1', [user.id, api.clock.now()])
  await expect(begin(user.id)).rejects.toMatchObject({ code: 'unauthenticated' })
})
