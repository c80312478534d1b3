/**
 * Which purchase an event is of, where payment intents and names do not go together.
 *
 * @module
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addUser, startTestApi, type TestApi } from '../../test/harness.ts'
import { beginPurchase, completed, paymentOf, refunded, sendEvent } from '../../test/stripe-events.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())

async function begin() {
  const user = await addUser(api)
  return { user, payment: paymentOf(await beginPurchase(api, user.token, 1_000)) }
}
type Begun = Awaited<ReturnType<typeof begin>>

const totalsOf = (...all: Begun[]) =>
  Promise.all(
    all.map(async ({ user }) => (await api.call('GET', '/tokens/balance', { token: user.token })).body.total),
  )
const naming = ({ payment }: Begun) => ({ metadata: { purchaseId: payment.purchaseId } })

test('a checkout pays the purchase it names, though its payment intent is another’s', async () => {
  const [first, second, third] = [await begin(), await begin(), await begin()]
  await sendEvent(api, completed(first.payment))
  await sendEvent(api, completed({ ...second.payment, paymentIntentId: first.payment.paymentIntentId }))
  await sendEvent(api, completed(third.payment))
  expect(await totalsOf(first, second, third)).toEqual([1_000, 1_000, 1_000])

  // Named is one that has a payment intent of its own: somebody mixes them up.
  await sendEvent(api, refunded(first.payment, 950, naming(third)))
  expect(await totalsOf(first, second, third)).toEqual([1_000, 1_000, 1_000])
  await sendEvent(api, refunded(first.payment, 950, naming(second)))
  expect(await totalsOf(first, second, third)).toEqual([1_000, 0, 1_000])
  await sendEvent(api, refunded(first.payment, 950))
  expect(await totalsOf(first, second, third)).toEqual([0, 0, 1_000])
})

test('nor is one kept that did not pay, where what paid is another’s', async () => {
  const [first, second] = [await begin(), await begin()]
  await sendEvent(api, completed(first.payment))
  await sendEvent(api, completed(second.payment, { payment_status: 'unpaid' }))
  const shared = { ...second.payment, paymentIntentId: first.payment.paymentIntentId }
  await sendEvent(api, completed(shared))
  await sendEvent(api, refunded(shared, 950, naming(second)))
  expect(await totalsOf(first, second)).toEqual([1_000, 0])
})

test('what pays a purchase replaces a payment intent that was only waited for', async () => {
  const begun = await begin()
  const paid = { ...begun.payment, paymentIntentId: `${begun.payment.paymentIntentId}_again` }
  await sendEvent(api, completed(begun.payment, { payment_status: 'unpaid' }))
  await sendEvent(api, completed(paid))
  expect(await totalsOf(begun)).toEqual([1_000])
  // From then on it stays.
  await sendEvent(api, completed({ ...paid, paymentIntentId: begun.payment.paymentIntentId }))
  await sendEvent(api, refunded(begun.payment, 950, naming(begun)))
  expect(await totalsOf(begun)).toEqual([1_000])
  await sendEvent(api, refunded(paid, 475))
  expect(await totalsOf(begun)).toEqual([500])
})
