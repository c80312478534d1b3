/**
 * Refunds that never reach the buyer: the money goes back to our balance at Stripe, the tokens to the wallet.
 *
 * @module
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startCapturedApp } from '../../test/captured-log.ts'
import { accessTokenOf, addUser, startTestApi, type TestApi, type TestUser } from '../../test/harness.ts'
import {
  beginPurchase,
  buyTokens,
  completed,
  disputeClosed,
  disputed,
  type EventBody,
  type Payment,
  paymentOf,
  refunded,
  refundTold,
  signatureOf,
  tellEvents,
} from '../../test/stripe-events.ts'
import { checkLedger } from '../ledger/check-ledger.ts'

let api: TestApi
let operator: TestUser
beforeAll(async () => {
  api = await startTestApi()
  operator = await addUser(api, { isOperator: true })
})
afterAll(async () => {
  const { findings } = await api.deps.db.inBatch((tx) => checkLedger(tx))
  await api.close()
  expect(findings).toEqual([])
})

/** 1,000 tokens for 950 cents, paid. */
const buy = () => buyTokens(api, 1_000)
const send = (...events: object[]) => tellEvents(api, ...events)

const as = async ({ id }: TestUser, url: string) =>
  (await api.call('GET', url, { token: await accessTokenOf(api, id) })).body

/** What the wallet has and what the purchase is. */
async function see(user: TestUser, { purchaseId }: Payment): Promise<[number, string]> {
  const { total, debt = 0 } = await as(user, '/tokens/balance')
  return [total - debt, (await as(user, `/tokens/purchases/${purchaseId}`)).status]
}

const fileOf = ({ purchaseId }: Payment) => as(operator, `/operators/purchases/${purchaseId}`)

const give = async ({ purchaseId }: Payment) =>
  api.call('POST', `/operators/purchases/${purchaseId}/refund`, {
    token: await accessTokenOf(api, operator.id),
    body: { reason: 'Asked for' },
  })

test.each([
  ['refund.failed', 'failed'],
  ['refund.updated', 'failed'],
  ['refund.updated', 'canceled'],
  ['charge.refund.updated', 'failed'],
])('a refund that %s tells as %s gives the tokens back, and the money can be given again', async (type, status) => {
  const { user, payment } = await buy()
  await send(refunded(payment, 950))
  expect(await see(user, payment)).toEqual([0, 'refunded'])
  await send(refundTold(type, payment, { status }))
  expect(await see(user, payment)).toEqual([1_000, 'paid'])
  expect(await fileOf(payment)).toMatchObject({ refundedCents: 0, reversedTokens: 0 })
  expect((await give(payment)).body).toMatchObject({ amountCents: 950, status: 'sent' })
  expect(await see(user, payment)).toEqual([0, 'refunded'])
  const receipt = await as(user, `/tokens/purchases/${payment.purchaseId}/receipt`)
  expect(receipt.refundedCents).toBe(950)
  expect(receipt.ledger.map(({ kind, amount }: { kind: string; amount: number }) => [kind, amount])).toEqual([
    ['purchase', 1_000],
    ['refund', -1_000],
    ['refund_failed', 1_000],
    ['refund', -1_000],
  ])
})

test('a refund that fails says so in the history', async () => {
  const { user, payment } = await buy()
  await send(refunded(payment, 950), refundTold('refund.failed', payment))
  const { items } = await as(user, '/tokens/history')
  expect((await as(user, `/tokens/history/${items[0].id}`)).because).toEqual([
    'A refund did not arrive at the bank and went back to the platform: so do its tokens to you',
    'Refund failed: tokens given back',
    '0 + 1000 = 1000 tokens',
  ])
})

test('a refund that has failed stays so, in whatever order it is told, and however often', async () => {
  for (const isPaidFirst of [true, false]) {
    for (const turn of [0, 1, 2]) {
      const user = await addUser(api)
      const payment = paymentOf(await beginPurchase(api, user.token, 1_000))
      const told = [
        refundTold('refund.created', payment, { status: 'pending' }),
        refunded(payment, 950),
        refundTold('refund.failed', payment),
        refundTold('refund.updated', payment, { status: 'failed' }),
        refundTold('refund.updated', payment),
      ]
      const turned = [...told.slice(turn), ...told.slice(0, turn)].toReversed()
      const all = isPaidFirst ? [completed(payment), ...turned] : [...turned, completed(payment)]
      await send(...all, ...turned)
      expect(await see(user, payment)).toEqual([1_000, 'paid'])
    }
  }
})

test.each([
  ['falls', 400],
  ['does not fall', 700],
])('of two refunds the one that arrived counts, if what the charge says %s', async (_, amountRefunded) => {
  const { user, payment } = await buy()
  const events = [
    refundTold('refund.created', payment, { id: 're_1', amount: 300 }),
    refunded(payment, 300),
    refundTold('refund.failed', payment, { id: 're_1', amount: 300 }),
    refundTold('refund.created', payment, { id: 're_2', amount: 400 }),
    refunded(payment, amountRefunded),
  ]
  for (const order of [events, events.toReversed()]) {
    await send(...order)
    expect(await see(user, payment)).toEqual([579, 'paid'])
  }
})

test('a refund of which only single events tell is one, too', async () => {
  const { user, payment } = await buy()
  await send(refundTold('refund.created', payment, { amount: 475, status: 'pending' }))
  expect(await see(user, payment)).toEqual([500, 'paid'])
  expect((await give(payment)).body.amountCents).toBe(475)
})

test('a refund that fails during a dispute leaves what the bank took', async () => {
  const { user, payment } = await buy()
  await send(refunded(payment, 475), disputed(payment), refundTold('refund.failed', payment, { amount: 475 }))
  expect(await see(user, payment)).toEqual([0, 'disputed'])
  await send(disputeClosed(payment, 'won'))
  expect(await see(user, payment)).toEqual([1_000, 'paid'])
})

test('a refund in another currency is refused', async () => {
  const { user, payment } = await buy()
  await send(refunded(payment, 950), refundTold('refund.failed', payment, { currency: 'eur' }))
  expect(await see(user, payment)).toEqual([0, 'refunded'])
  expect((await fileOf(payment)).events).toContainEqual(
    expect.objectContaining({ outcome: 'refused', refusedBecause: 'refunded in eur, paid in usd' }),
  )
})

test('what a charge says was refunded in another currency is refused', async () => {
  const { user, payment } = await buy()
  await send(refunded(payment, 950, { currency: 'eur' }))
  expect(await see(user, payment)).toEqual([1_000, 'paid'])
  expect((await fileOf(payment)).events).toContainEqual(
    expect.objectContaining({ outcome: 'refused', refusedBecause: 'refunded in eur, paid in usd' }),
  )
})

test('an operator’s refund that fails is told as failed, and the next is a new one', async () => {
  const { user, payment } = await buy()
  const first = (await give(payment)).body
  expect(await see(user, payment)).toEqual([0, 'refunded'])
  await send(refundTold('refund.failed', payment, { id: first.stripeRefundId }))
  expect(await see(user, payment)).toEqual([1_000, 'paid'])
  expect((await fileOf(payment)).refunds).toEqual([{ ...first, status: 'failed' }])
  api.clock.advance({ seconds: 1 })
  const second = (await give(payment)).body
  expect(second).toMatchObject({ amountCents: 950, status: 'sent' })
  expect(await see(user, payment)).toEqual([0, 'refunded'])
  expect((await fileOf(payment)).refunds).toEqual([{ ...first, status: 'failed' }, second])
})

test('a refund that failed concerns operators for a day', async () => {
  const { payment } = await buy()
  await send(refunded(payment, 950), refundTold('refund.failed', payment))
  expect((await as(operator, '/operators/health')).concerns).toContain('Refunds failed at the bank.')
  api.clock.advance({ hours: 25 })
  expect((await as(operator, '/operators/health')).concerns).not.toContain('Refunds failed at the bank.')
})

test('a refund that fails is logged at error level, once', async () => {
  const { payment } = await buy()
  const { app, logged } = await startCapturedApp(api)
  const tell = (event: EventBody) => {
    const text = JSON.stringify(event)
    const signature = signatureOf(text, api.deps.config.stripeWebhookSecret, api.clock.now())
    const headers = { 'content-type': 'application/json', 'stripe-signature': signature }
    return app.inject({ method: 'POST', url: '/webhooks/stripe', headers, payload: text })
  }
  const failed = refundTold('refund.failed', payment, { amount: 475 })
  for (const event of [refunded(payment, 475), failed, failed]) await tell(event)
  await tell(refundTold('refund.updated', payment, { amount: 475, status: 'failed' }))
  await app.close()
  const lines = logged()
    .split('\n')
    .filter((line) => line.includes('"level":"error"'))
    .map((line) => JSON.parse(line))
  expect(lines).toEqual([
    expect.objectContaining({
      eventId: failed.id,
      purchaseId: payment.purchaseId,
      outcome: 'applied',
      failedRefundId: `re_${payment.paymentIntentId}`,
      msg: 'a refund failed at the bank: its money is back at Stripe, and the buyer waits for it',
    }),
  ])
})
