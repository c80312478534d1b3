import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { accessTokenOf, addUser, startTestApi, type TestApi, type TestUser } from '../../test/harness.ts'
import { createMarket, openSession } from '../../test/play.ts'
import {
  beginPurchase,
  completed,
  disputed,
  paymentOf,
  refunded,
  sendEvent,
} from '../../test/stripe-events.ts'
import { checkLedger } from '../ledger/check-ledger.ts'

let api: TestApi
let operator: TestUser

beforeAll(async () => {
  api = await startTestApi()
  operator = await addUser(api, { isOperator: true })
})
afterAll(() => api.close())

const get = async (path: string) => api.call('GET', path, { token: await accessTokenOf(api, operator.id) })
const refund = async (purchaseId: string, body: object, headers: Record<string, string> = {}) =>
  api.call('POST', `/operators/purchases/${purchaseId}/refund`, {
    token: await accessTokenOf(api, operator.id),
    body: { reason: 'Bought twice', ...body },
    headers,
  })
const balance = async (user: TestUser) =>
  (await api.call('GET', '/tokens/balance', { token: await accessTokenOf(api, user.id) })).body

async function paidPurchase(tokens: number) {
  const user = await addUser(api)
  const purchase = await beginPurchase(api, user.token, tokens)
  await sendEvent(api, completed(paymentOf(purchase)))
  return { user, purchase }
}

describe('looking up', () => {
  test('a person is found by address in any case, and by id, with roles and balance', async () => {
    const { body } = await api.call('POST', '/auth/register', {
      body: { email: 'Looked.Up@example.com', password: 'long enough' },
    })
    const byAddress = await get('/operators/users?email=looked.up%40EXAMPLE.com')
    expect(byAddress.body.items).toEqual([
      {
        user: { ...body.user },
        roles: ['user'],
        balance: { available: 0, held: 0, total: 0, debt: 0 },
      },
    ])
    expect((await get(`/operators/users/${body.user.id}`)).body).toEqual(byAddress.body.items[0])
    expect((await get(`/operators/users?id=${body.user.id}`)).body).toEqual(byAddress.body)
    expect((await get('/operators/users?email=nobody%40example.com')).body.items).toEqual([])
  })

  test('a session, its purchase and its ledger lines are found, page by page', async () => {
    const market = await createMarket(api, { tokens: 1_000 })
    const play = await openSession(market)
    await play.use(60)
    await play.call('complete')
    const one = await get(`/operators/sessions/${play.sessionId}`)
    expect(one.body).toMatchObject({
      userId: market.user.id,
      isTest: false,
      session: { id: play.sessionId, tokensCharged: 4 },
    })
    expect((await get(`/operators/sessions?userId=${market.user.id}`)).body.items).toEqual([
      { ...one.body, session: { ...one.body.session } },
    ])
    const lines = await get(`/operators/transfers?sessionId=${play.sessionId}`)
    expect(lines.body.items.map((line: { kind: string }) => line.kind).sort()).toEqual(['charge', 'fee'])
    const [line] = lines.body.items
    expect((await get(`/operators/transfers/${line.id}`)).body).toEqual(line)
    const first = await get('/operators/transfers?limit=1')
    const second = await get(`/operators/transfers?limit=1&cursor=${first.body.nextCursor}`)
    expect(second.body.items[0].id < first.body.items[0].id).toBe(true)
  })

  test('every look is on record', async () => {
    const { id } = await addUser(api)
    const { headers } = await get(`/operators/users/${id}`)
    const { body } = await get(`/operators/audit?subjectId=${id}`)
    expect(body.items).toEqual([
      expect.objectContaining({
        action: 'user.look',
        actorId: operator.id,
        requestId: headers['x-request-id'],
      }),
    ])
  })

  test('the audit log leaves as one object per line, whole', async () => {
    for (let i = 0; i < 3; i += 1) await get('/operators/users?limit=1')
    const { status, headers, text } = await get('/operators/audit/export')
    expect([status, headers['content-type']]).toEqual([200, 'application/x-ndjson; charset=utf-8'])
    const ids = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids).toEqual([...ids].sort().reverse())
    expect(ids.length).toBeGreaterThan(5)
  })

  test('to a user and to a stranger none of it exists', async () => {
    const user = await addUser(api)
    for (const path of ['users', 'sessions', 'purchases', 'transfers', 'audit', 'audit/export', 'health']) {
      expect([path, (await api.call('GET', `/operators/${path}`, { token: user.token })).status]).toEqual([
        path,
        404,
      ])
      expect([path, (await api.call('GET', `/operators/${path}`)).status]).toEqual([path, 401])
    }
  })
})

describe('refunds', () => {
  test('a part and then the rest: the tokens follow by the event, as for every refund', async () => {
    const { user, purchase } = await paidPurchase(1_000)
    const part = await refund(purchase.id, { amountCents: 475 })
    expect([part.status, part.body]).toEqual([
      201,
      expect.objectContaining({ amountCents: 475, status: 'sent', requestedBy: operator.id }),
    ])
    expect((await balance(user)).available).toBe(500)
    expect((await refund(purchase.id, { amountCents: 476 })).body).toMatchObject({
      code: 'refund_exceeds_paid',
      required: 476,
      available: 475,
      detail: '475 of 950 can be given back.',
    })
    expect((await refund(purchase.id, {})).body.amountCents).toBe(475)
    expect((await balance(user)).total).toBe(0)
    expect((await refund(purchase.id, {})).body.code).toBe('refund_exceeds_paid')

    const { body: file } = await get(`/operators/purchases/${purchase.id}`)
    expect(file).toMatchObject({
      purchase: { status: 'refunded' },
      refundedCents: 950,
      reversedTokens: 1_000,
      userId: user.id,
    })
    expect(file.refunds.map(({ amountCents }: { amountCents: number }) => amountCents)).toEqual([475, 475])
    // All at one instant of the test's clock, so their order says nothing.
    expect(file.events.map(({ type }: { type: string }) => type).toSorted()).toEqual([
      'charge.refunded',
      'charge.refunded',
      'checkout.session.completed',
      'refund.created',
      'refund.created',
    ])
    expect(
      (await get(`/operators/audit?subjectId=${purchase.id}&action=purchase.refund`)).body.items.length,
    ).toBe(2)
  })

  test('what was spent becomes a debt, and the books are right', async () => {
    const { user, purchase } = await paidPurchase(100)
    const market = await createMarket(api, { tokensPerMinute: 10 })
    const play = await openSession({ ...market, user }, { minutes: 5 })
    await play.use(60)
    await play.call('complete')
    expect((await refund(purchase.id, {})).status).toBe(201)
    expect(await balance(user)).toMatchObject({ available: 0, debt: 10 })
    const { findings } = await api.deps.db.inBatch((tx) => checkLedger(tx))
    expect(findings).toEqual([])
  })

  test('of ten at once one gives back', async () => {
    const { user, purchase } = await paidPurchase(100)
    const answers = await Promise.all(Array.from({ length: 10 }, () => refund(purchase.id, {})))
    const ids = new Set(answers.filter(({ status }) => status === 201).map(({ body }) => body.id))
    expect(ids.size).toBe(1)
    const { body } = await get(`/operators/purchases/${purchase.id}`)
    expect([body.refundedCents, body.refunds.length]).toEqual([100, 1])
    expect((await balance(user)).total).toBe(0)
  })

  test('a repetition with the same Idempotency-Key is the same refund', async () => {
    const { purchase } = await paidPurchase(200)
    const headers = { 'idempotency-key': 'refund-1' }
    const first = await refund(purchase.id, { amountCents: 50 }, headers)
    const again = await refund(purchase.id, { amountCents: 50 }, headers)
    expect([again.text, again.headers['idempotent-replayed']]).toEqual([first.text, 'true'])
    expect((await get(`/operators/purchases/${purchase.id}`)).body.refundedCents).toBe(50)
  })

  test('what is not paid or is disputed is not refundable, and one that is not there is not found', async () => {
    const user = await addUser(api)
    const unpaid = await beginPurchase(api, user.token, 100)
    expect((await refund(unpaid.id, {})).body.code).toBe('purchase_not_refundable')
    const purchase = await beginPurchase(api, user.token, 100)
    const payment = paymentOf(purchase)
    await sendEvent(api, completed(payment))
    await sendEvent(api, disputed(payment))
    expect((await refund(purchase.id, {})).body.code).toBe('purchase_not_refundable')
    expect((await refund('pur_00000000000000000000000000', {})).body.code).toBe('purchase_not_found')
  })

  test('what was refunded at Stripe’s own desk cannot be given back again', async () => {
    const user = await addUser(api)
    const purchase = await beginPurchase(api, user.token, 100)
    const payment = paymentOf(purchase)
    await sendEvent(api, completed(payment))
    await sendEvent(api, refunded(payment, 60))
    expect((await refund(purchase.id, { amountCents: 41 })).body.code).toBe('refund_exceeds_paid')
    expect((await refund(purchase.id, { amountCents: 40 })).status).toBe(201)
  })
})

describe('health', () => {
  test('tells live sessions, what is held, and what deserves a look', async () => {
    const market = await createMarket(api, { tokens: 1_000 })
    const { body: before } = await get('/operators/health')
    await openSession(market, { minutes: 10 })
    await openSession(market, { minutes: 10, validate: false })
    const { body: after } = await get('/operators/health')
    expect(after.sessions.active - before.sessions.active).toBe(1)
    expect(after.sessions.pending - before.sessions.pending).toBe(1)
    expect(after.tokensHeld - before.tokensHeld).toBe(80)
    api.clock.advance({ hours: 2 })
    const { body: late } = await get('/operators/health')
    expect(late.settlementLagSeconds).toBeGreaterThan(3_600)
    expect(late.status).toBe('attention')
    expect(late.concerns).toContain('Sessions that are over are not being settled.')
  })
})
