import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { startCapturedApp } from '../../test/captured-log.ts'
import {
  addEndedSession,
  addProvider,
  addUser,
  startTestApi,
  type TestApi,
  type TestUser,
} from '../../test/harness.ts'
import {
  beginPurchase,
  completed,
  disputeClosed,
  disputed,
  expired,
  type Payment,
  paymentOf,
  refunded,
  sendEvent,
  signatureOf,
  stripeEvent,
} from '../../test/stripe-events.ts'
import { PUBLIC_TENANT_ID } from '../id.ts'
import { checkLedger } from '../ledger/check-ledger.ts'
import { placeHold } from '../ledger/place-hold.ts'
import { receiveStripeEvent } from './receive-stripe-event.ts'
import { readStripeEvent } from './stripe-event.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(async () => {
  const { findings } = await api.deps.db.inBatch((tx) => checkLedger(tx))
  await api.close()
  expect(findings).toEqual([])
})

async function begin(tokens = 1_000): Promise<{ user: TestUser; payment: Payment }> {
  const user = await addUser(api)
  return { user, payment: paymentOf(await beginPurchase(api, user.token, tokens)) }
}

async function send(...events: object[]): Promise<void> {
  for (const event of events) {
    const { status, body } = await sendEvent(api, event)
    expect([status, body]).toEqual([200, { received: true }])
  }
}

async function statusOf({ token }: TestUser, { purchaseId }: Payment): Promise<string> {
  return (await api.call('GET', `/tokens/purchases/${purchaseId}`, { token })).body.status
}

async function totalOf({ token }: TestUser): Promise<number> {
  const { total, debt = 0 } = (await api.call('GET', '/tokens/balance', { token })).body
  return total - debt
}

async function outcomeOf(event: { id: string }): Promise<unknown> {
  const [row] = await api.deps.db.batch.query(
    'select outcome, refused_because as why from stripe_events where id = $1',
    [event.id],
  )
  return row
}

/** Puts tokens out of reach, as a running session does. */
async function hold({ id }: TestUser, amount: number): Promise<void> {
  const [reference, now] = [`ses_${id}`, api.clock.now()]
  const providerId = await addProvider(api, { ownerId: id })
  await api.deps.db.inTenant(PUBLIC_TENANT_ID, async (tx) => {
    await placeHold(tx, { walletId: id, reference, amount, now })
    await addEndedSession(tx, { id: reference, userId: id, providerId, tokens: amount, charged: 0, now })
  })
}

test('a paid checkout credits its tokens, once for twenty copies at once', async () => {
  const { user, payment } = await begin()
  const event = completed(payment)
  const answers = await Promise.all(Array.from({ length: 20 }, () => sendEvent(api, event)))
  expect(answers.every(({ status }) => status === 200)).toBe(true)
  expect(await totalOf(user)).toBe(1_000)
  expect(await statusOf(user, payment)).toBe('paid')
  await send(event)
  expect(await totalOf(user)).toBe(1_000)
  expect(await outcomeOf(event)).toEqual({ outcome: 'applied', why: null })
})

test('many different events for one purchase credit it once', async () => {
  const { user, payment } = await begin()
  await Promise.all(Array.from({ length: 10 }, () => send(completed(payment))))
  expect(await totalOf(user)).toBe(1_000)
})

test.each([
  ['another amount', { amount_total: 949 }],
  ['more than the price', { amount_total: 951 }],
  ['another currency', { currency: 'eur' }],
  ['no amount', { amount_total: null }],
])('a checkout paid with %s is refused and answered with 200', async (_, changes) => {
  const { user, payment } = await begin()
  const event = completed(payment, changes)
  await send(event)
  expect(await totalOf(user)).toBe(0)
  expect(await statusOf(user, payment)).toBe('pending')
  expect(await outcomeOf(event)).toMatchObject({ outcome: 'refused' })
  await send(completed(payment))
  expect(await totalOf(user)).toBe(1_000)
})

test('a refused payment is logged at error level with its purchase', async () => {
  const { payment } = await begin()
  const { app, logged } = await startCapturedApp(api)
  const text = JSON.stringify(completed(payment, { amount_total: 1 }))
  const signature = signatureOf(text, api.deps.config.stripeWebhookSecret, api.clock.now())
  await app.inject({
    method: 'POST',
    url: '/webhooks/stripe',
    headers: { 'content-type': 'application/json', 'stripe-signature': signature },
    payload: text,
  })
  await app.close()
  const lines = logged()
    .split('\n')
    .filter((line) => line.includes(payment.purchaseId))
    .map((line) => JSON.parse(line))
  expect(lines).toContainEqual(
    expect.objectContaining({ level: 'error', why: 'paid 1 usd, the price is 950 usd', outcome: 'refused' }),
  )
  for (const hidden of [api.deps.config.stripeWebhookSecret, signature, 'buyer@example.com']) {
    expect(logged()).not.toContain(hidden)
  }
})

test('a currency in capitals is the same currency', async () => {
  const { user, payment } = await begin()
  await send(completed(payment, { currency: 'USD' }))
  expect(await totalOf(user)).toBe(1_000)
})

test('an expired checkout fails its purchase, and a payment that comes all the same is credited', async () => {
  const { user, payment } = await begin()
  await send(expired(payment))
  expect(await statusOf(user, payment)).toBe('failed')
  await send(completed(payment))
  expect([await statusOf(user, payment), await totalOf(user)]).toEqual(['paid', 1_000])
  await send(expired(payment))
  expect(await statusOf(user, payment)).toBe('paid')
})

test('a bank that takes its time credits when it has paid, or fails', async () => {
  const [good, bad] = [await begin(), await begin()]
  const later = (type: string, payment: Payment, changes = {}) => ({ ...completed(payment, changes), type })
  for (const { user, payment } of [good, bad]) {
    await send(completed(payment, { payment_status: 'unpaid' }))
    expect([await statusOf(user, payment), await totalOf(user)]).toEqual(['pending', 0])
  }
  await send(later('checkout.session.async_payment_succeeded', good.payment))
  await send(later('checkout.session.async_payment_failed', bad.payment, { payment_status: 'unpaid' }))
  expect([await statusOf(good.user, good.payment), await totalOf(good.user)]).toEqual(['paid', 1_000])
  expect([await statusOf(bad.user, bad.payment), await totalOf(bad.user)]).toEqual(['failed', 0])
})

test('partial refunds take back their share together, rounded down, and the last one the rest', async () => {
  const { user, payment } = await begin()
  await send(completed(payment), refunded(payment, 1))
  expect(await totalOf(user)).toBe(999)
  await send(refunded(payment, 475))
  expect([await totalOf(user), await statusOf(user, payment)]).toEqual([500, 'paid'])
  // An older event that comes late has a smaller sum.
  await send(refunded(payment, 300))
  expect(await totalOf(user)).toBe(500)
  await send(refunded(payment, 950), refunded(payment, 950))
  expect([await totalOf(user), await statusOf(user, payment)]).toEqual([0, 'refunded'])
  await send(refunded(payment, 5_000))
  expect(await totalOf(user)).toBe(0)
})

test('a refund of tokens that are spent becomes a debt, never a negative wallet', async () => {
  const { user, payment } = await begin()
  await send(completed(payment))
  await hold(user, 700)
  await send(refunded(payment, 950))
  const balance = await api.call('GET', '/tokens/balance', { token: user.token })
  expect(balance.body).toEqual({ available: 0, held: 700, total: 700, debt: 700 })
  const next = paymentOf(await beginPurchase(api, user.token, 1_000))
  await send(completed(next))
  const after = await api.call('GET', '/tokens/balance', { token: user.token })
  expect(after.body).toEqual({ available: 300, held: 700, total: 1_000 })
  // Free the hold for the ledger's check at the end.
  await api.deps.db.batch.query(
    `select capture_holds(array[$1], array[$2], '{0}', '{prv_x}', '{0}', '{none}', '{trf_a}', '{trf_b}', '{trf_c}',
       array[now()])`,
    [PUBLIC_TENANT_ID, `ses_${user.id}`],
  )
})

test('a dispute takes back what refunds left; won gives it back, lost keeps it', async () => {
  const [won, lost] = [await begin(), await begin()]
  for (const { user, payment } of [won, lost]) {
    await send(completed(payment), refunded(payment, 95), disputed(payment))
    expect([await totalOf(user), await statusOf(user, payment)]).toEqual([0, 'disputed'])
  }
  await send(disputeClosed(won.payment, 'won'))
  expect([await totalOf(won.user), await statusOf(won.user, won.payment)]).toEqual([900, 'paid'])
  await send(disputeClosed(lost.payment, 'lost'))
  expect([await totalOf(lost.user), await statusOf(lost.user, lost.payment)]).toEqual([0, 'disputed'])
})

test('a dispute won after everything was refunded leaves the purchase refunded', async () => {
  const { user, payment } = await begin()
  await send(completed(payment), disputed(payment), refunded(payment, 950), disputeClosed(payment, 'won'))
  expect([await totalOf(user), await statusOf(user, payment)]).toEqual([0, 'refunded'])
})

test('a dispute that closes before it opens stays closed', async () => {
  const { user, payment } = await begin()
  await send(completed(payment), disputeClosed(payment, 'won'), disputed(payment))
  expect([await totalOf(user), await statusOf(user, payment)]).toEqual([1_000, 'paid'])
})

test.each([
  ['they came', true],
  ['they did not come', false],
])('of two ends of a dispute the later one counts, told in the order in which %s', async (_order, isInOrder) => {
  const { user, payment } = await begin()
  await send(completed(payment), disputed(payment))
  const ends = ['lost', 'won'].map((how, i) => ({
    ...disputeClosed(payment, how),
    created: 1_770_000_000 + i,
  }))
  for (const end of isInOrder ? ends : ends.toReversed()) await send(end)
  expect([await totalOf(user), await statusOf(user, payment)]).toEqual([1_000, 'paid'])
})

test('of two disputes one may be won and the other lost', async () => {
  const { user, payment } = await begin()
  await send(completed(payment), disputed(payment, 'dp_1'), disputed(payment, 'dp_2'))
  await send(disputeClosed(payment, 'won', 'dp_1'))
  expect([await totalOf(user), await statusOf(user, payment)]).toEqual([0, 'disputed'])
  await send(disputeClosed(payment, 'warning_closed', 'dp_2'))
  expect([await totalOf(user), await statusOf(user, payment)]).toEqual([1_000, 'paid'])
})

test('a refund that comes before its payment waits for it', async () => {
  const { user, payment } = await begin()
  const early = refunded(payment, 475)
  await send(early, disputed(payment), disputeClosed(payment, 'won'))
  expect(await outcomeOf(early)).toMatchObject({ outcome: 'unmatched' })
  expect(await totalOf(user)).toBe(0)
  await send(completed(payment))
  expect([await totalOf(user), await statusOf(user, payment)]).toEqual([500, 'paid'])
  expect(await outcomeOf(early)).toMatchObject({ outcome: 'applied' })
})

test('a refund that names its purchase is matched at once, and still waits for the money', async () => {
  const { user, payment } = await begin()
  const early = refunded(payment, 475, { metadata: { purchaseId: payment.purchaseId } })
  await send(early)
  expect(await outcomeOf(early)).toMatchObject({ outcome: 'applied' })
  expect(await totalOf(user)).toBe(0)
  await send(completed(payment))
  expect(await totalOf(user)).toBe(500)
})

test('a payment waits for a refund of it that is being noted, so that neither misses the other', async () => {
  const { user, payment } = await begin()
  const [noted, mayCommit] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const event = readStripeEvent(JSON.stringify(refunded(payment, 475)))
  const refund = api.deps.db.inBatch(async (tx) => {
    const [receipt] = await receiveStripeEvent(tx, { event: event!, now: api.clock.now() })
    expect(receipt?.outcome).toBe('unmatched')
    noted.resolve()
    await mayCommit.promise
  })
  await noted.promise
  const paid = send(completed(payment))
  const isWaiting = vi.waitFor(async () => {
    const rows = await api.deps.db.batch.query(
      `select from pg_locks where not granted
         and database = (select oid from pg_database where datname = current_database())`,
    )
    expect(rows).toHaveLength(1)
  })
  await Promise.race([isWaiting, paid])
  mayCommit.resolve()
  await Promise.all([refund, paid])
  expect(await totalOf(user)).toBe(500)
})

test('a payment and its refund that race end the same', async () => {
  for (let round = 0; round < 10; round += 1) {
    const { user, payment } = await begin()
    await Promise.all([send(completed(payment)), send(refunded(payment, 950)), send(disputed(payment))])
    expect([await totalOf(user), await statusOf(user, payment)]).toEqual([0, 'disputed'])
  }
})

test('an unknown type is ignored, an unknown purchase and an odd shape are refused, all with 200', async () => {
  const nobody = { purchaseId: `pur_${'0'.repeat(26)}`, amountCents: 950, paymentIntentId: 'pi_nobody' }
  const events = [
    [stripeEvent('customer.created', {}), 'ignored'],
    [completed(nobody), 'refused'],
    [expired(nobody), 'refused'],
    [refunded(nobody, 950), 'unmatched'],
    [stripeEvent('charge.refunded', { amount_refunded: 1 }), 'refused'],
    [stripeEvent('charge.dispute.closed', { id: 'dp_x', payment_intent: 'pi_x' }), 'refused'],
    [stripeEvent('checkout.session.completed', null as never), 'refused'],
    [stripeEvent('charge.refunded', { payment_intent: 'a\u0000b', amount_refunded: 1 }), 'refused'],
  ] as const
  for (const [event, outcome] of events) {
    await send(event)
    expect([event.type, await outcomeOf(event)]).toMatchObject([event.type, { outcome }])
  }
  await send({ type: 'checkout.session.completed' }, { id: 7 }, [])
})

test('what is kept of an event holds no names and addresses', async () => {
  const { payment } = await begin()
  const event = completed(payment)
  await send(event)
  const [row] = await api.deps.db.batch.query<{ text: string }>(
    'select e::text as text from stripe_events e where id = $1',
    [event.id],
  )
  expect(row?.text).toContain(payment.purchaseId)
  expect(row?.text).not.toContain('buyer@example.com')
})

test('only a fresh signature over these very bytes is taken', async () => {
  const { user, payment } = await begin()
  const text = JSON.stringify(completed(payment))
  const secret = api.deps.config.stripeWebhookSecret
  const now = api.clock.now()
  const shifted = (seconds: number) => signatureOf(text, secret, new Date(now.getTime() + seconds * 1000))
  const post = (signature: string | undefined, body = text) =>
    api.call('POST', '/webhooks/stripe', {
      text: body,
      headers: signature === undefined ? {} : { 'stripe-signature': signature },
    })
  const good = shifted(0)
  const wrong = [
    await post(undefined),
    await post(''),
    await post('nonsense'),
    await post(good.replace(/v1=./, 'v1=x')),
    await post(good.replace('v1=', 'v0=')),
    await post(signatureOf(text, 'whsec_other', now)),
    await post(shifted(-301)),
    await post(good, text.replace('950', '951')),
    await post(good, `${text} `),
    await post(good, ''),
  ]
  for (const { status, body } of wrong) {
    expect([status, body.code]).toEqual([400, 'stripe_signature_invalid'])
  }
  expect(await totalOf(user)).toBe(0)
  expect((await post(shifted(-299))).status).toBe(200)
  expect(await totalOf(user)).toBe(1_000)
})

test('the signature counts, not the Content-Type', async () => {
  const { user, payment } = await begin()
  const text = JSON.stringify(completed(payment))
  const signature = signatureOf(text, api.deps.config.stripeWebhookSecret, api.clock.now())
  const answer = await api.call('POST', '/webhooks/stripe', {
    text,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'stripe-signature': signature },
  })
  expect(answer.status).toBe(200)
  expect(await totalOf(user)).toBe(1_000)
})

test('an event may have 1 MB, and what is larger is no event', async () => {
  const { user, payment } = await begin()
  const event = JSON.stringify(completed(payment))
  const send = (text: string) => {
    const signature = signatureOf(text, api.deps.config.stripeWebhookSecret, api.clock.now())
    return api.call('POST', '/webhooks/stripe', { text, headers: { 'stripe-signature': signature } })
  }
  const huge = await send(event.padEnd(5_000_001))
  expect([huge.status, huge.body.code]).toEqual([413, 'payload_too_large'])
  expect(await totalOf(user)).toBe(0)
  expect((await send(event.padEnd(1_000_000))).status).toBe(200)
  expect(await totalOf(user)).toBe(1_000)
  // Nobody else may send as much.
  const elsewhere = await api.call('POST', '/auth/login', { text: '{}'.padEnd(600_000) })
  expect([elsewhere.status, elsewhere.body.code]).toEqual([413, 'payload_too_large'])
})
