/**
 * What the bank takes of a payment, in whole or in part, and what it only asks about.
 *
 * @module
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { accessTokenOf, addUser, startTestApi, type TestApi, type TestUser } from '../../test/harness.ts'
import {
  buyTokens,
  disputeClosed,
  disputed,
  disputeTold,
  type Payment,
  refunded,
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

/** What the wallet has and what the purchase is. */
async function see({ id }: TestUser, { purchaseId }: Payment): Promise<[number, string]> {
  const token = await accessTokenOf(api, id)
  const { body: balance } = await api.call('GET', '/tokens/balance', { token })
  const { body: purchase } = await api.call('GET', `/tokens/purchases/${purchaseId}`, { token })
  return [balance.total - (balance.debt ?? 0), purchase.status]
}

async function kindsOf({ id }: TestUser): Promise<[string, number][]> {
  const { body } = await api.call('GET', '/tokens/history', { token: await accessTokenOf(api, id) })
  return body.items.map(({ kind, amount }: { kind: string; amount: number }) => [kind, amount]).toReversed()
}

async function asOperator(method: 'GET' | 'POST', { purchaseId }: Payment, amountCents?: number) {
  const url = `/operators/purchases/${purchaseId}${method === 'POST' ? '/refund' : ''}`
  const token = await accessTokenOf(api, operator.id)
  const body = method === 'POST' ? { reason: 'Asked for', ...(amountCents && { amountCents }) } : undefined
  return api.call(method, url, { token, ...(body && { body }) })
}

test('a dispute of a part takes its share of the tokens, and the rest can be given back', async () => {
  const { user, payment } = await buy()
  await send(disputeTold('created', payment, { amount: 95 }))
  expect(await see(user, payment)).toEqual([900, 'disputed'])
  await send(disputeTold('closed', payment, { amount: 95, status: 'lost' }))
  expect(await see(user, payment)).toEqual([900, 'disputed'])
  expect((await asOperator('POST', payment, 856)).body).toMatchObject({
    code: 'refund_exceeds_paid',
    available: 855,
  })
  expect((await asOperator('POST', payment, 855)).status).toBe(201)
  expect(await see(user, payment)).toEqual([0, 'disputed'])
  expect((await asOperator('GET', payment)).body).toMatchObject({
    refundedCents: 855,
    disputedCents: 95,
    reversedTokens: 1_000,
  })
  expect((await asOperator('POST', payment)).body).toMatchObject({
    code: 'refund_exceeds_paid',
    available: 0,
  })
  expect(await kindsOf(user)).toEqual([
    ['purchase', 1_000],
    ['dispute', -100],
    ['refund', -900],
  ])
  const token = await accessTokenOf(api, user.id)
  const receipt = await api.call('GET', `/tokens/purchases/${payment.purchaseId}/receipt`, { token })
  expect(receipt.body).toMatchObject({ refundedCents: 855, disputedCents: 95 })
  expect(receipt.body.lines.slice(-2)).toEqual([
    { text: 'Refunded', amountCents: -855 },
    { text: 'Disputed at the bank', amountCents: -95 },
  ])
})

test('a dispute of a part that is won gives back its share, and no more', async () => {
  const { user, payment } = await buy()
  await send(refunded(payment, 475), disputeTold('created', payment, { amount: 95 }))
  expect(await see(user, payment)).toEqual([400, 'disputed'])
  await send(disputeTold('closed', payment, { amount: 95, status: 'won' }))
  expect(await see(user, payment)).toEqual([500, 'paid'])
  expect((await asOperator('POST', payment, 475)).status).toBe(201)
  expect(await see(user, payment)).toEqual([0, 'refunded'])
})

test('disputes of one payment add up, and with refunds to no more than was paid', async () => {
  const { user, payment } = await buy()
  await send(disputeTold('created', payment, { id: 'dp_a', amount: 95 }))
  await send(disputeTold('created', payment, { id: 'dp_b', amount: 190 }))
  expect(await see(user, payment)).toEqual([700, 'disputed'])
  await send(refunded(payment, 800))
  expect(await see(user, payment)).toEqual([0, 'disputed'])
  await send(disputeTold('closed', payment, { id: 'dp_b', amount: 190, status: 'won' }))
  expect(await see(user, payment)).toEqual([58, 'disputed'])
  await send(disputeTold('closed', payment, { id: 'dp_a', amount: 95, status: 'won' }))
  expect(await see(user, payment)).toEqual([158, 'paid'])
})

test.each([
  ['says no amount', { amount: undefined }],
  ['is in another currency', { amount: 95, currency: 'eur' }],
  ['is of more than was paid', { amount: 5_000 }],
])('a dispute that %s is of the whole payment, which cannot be given back meanwhile', async (_, changes) => {
  const { user, payment } = await buy()
  await send(disputeTold('created', payment, changes))
  expect(await see(user, payment)).toEqual([0, 'disputed'])
  expect((await asOperator('POST', payment)).body.code).toBe('purchase_not_refundable')
})

test('a part that closes before it opens stays closed, whatever is told twice', async () => {
  for (const [status, left, end] of [
    ['won', 1_000, 'paid'],
    ['lost', 900, 'disputed'],
  ]) {
    const { user, payment } = await buy()
    const opened = disputeTold('created', payment, { amount: 950 })
    const closed = disputeTold('closed', payment, { amount: 95, status })
    await send(closed, opened, closed, disputeTold('updated', payment, { amount: 950 }), opened)
    expect(await see(user, payment)).toEqual([left, end])
  }
})

test('of two amounts of an open dispute the greater counts, in either order', async () => {
  const amounts = [95, 190]
  for (const order of [amounts, amounts.toReversed()]) {
    const { user, payment } = await buy()
    for (const amount of order) await send(disputeTold('updated', payment, { amount }))
    expect(await see(user, payment)).toEqual([800, 'disputed'])
  }
})

test('an inquiry takes nothing and hinders no refund', async () => {
  const { user, payment } = await buy()
  await send(disputeTold('created', payment, { status: 'warning_needs_response' }))
  await send(disputeTold('updated', payment, { status: 'warning_under_review' }))
  expect(await see(user, payment)).toEqual([1_000, 'paid'])
  expect((await asOperator('POST', payment, 475)).status).toBe(201)
  expect(await see(user, payment)).toEqual([500, 'paid'])
  await send(disputeTold('closed', payment, { status: 'warning_closed' }))
  expect(await see(user, payment)).toEqual([500, 'paid'])
})

test.each([
  'updated',
  'funds_withdrawn',
  'created',
])('an inquiry that becomes a dispute, as %s says, takes the tokens, also when its beginning is told later', async (told) => {
  const inquiry = (payment: Payment) => disputeTold('created', payment, { status: 'warning_needs_response' })
  for (const isInOrder of [true, false]) {
    const { user, payment } = await buy()
    const events = [inquiry(payment), disputeTold(told, payment, { amount: 95 })]
    await send(...(isInOrder ? events : events.toReversed()))
    expect(await see(user, payment)).toEqual([900, 'disputed'])
    await send(inquiry(payment))
    expect(await see(user, payment)).toEqual([900, 'disputed'])
  }
})

test('what an update says of the end of a dispute counts as its end', async () => {
  const { user, payment } = await buy()
  await send(disputed(payment), disputeTold('updated', payment, { status: 'won' }))
  expect(await see(user, payment)).toEqual([1_000, 'paid'])
  await send(disputeClosed(payment, 'lost'))
  expect(await see(user, payment)).toEqual([0, 'disputed'])
})

test.each([
  -8.64e12,
  -1,
  0,
  8.64e12,
  Number.MAX_SAFE_INTEGER,
])('created at %d, which no event is, the end of a dispute counts all the same', async (created) => {
  const { user, payment } = await buy()
  await send({ ...disputeClosed(payment, 'lost'), created })
  expect(await see(user, payment)).toEqual([0, 'disputed'])
})
