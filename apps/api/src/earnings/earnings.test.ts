import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { connectAs } from '../../test/database.ts'
import { addEarningProvider } from '../../test/earning-provider.ts'
import { accessTokenOf, addProvider, addUser, type TestUser } from '../../test/harness.ts'
import { type SessionMarket, startSessionMarket } from '../../test/session-market.ts'
import {
  beginPurchase,
  completed,
  disputeClosed,
  disputed,
  paymentOf,
  refunded,
  sendEvent,
} from '../../test/stripe-events.ts'
import { rollUpActivity } from '../analytics/roll-up-activity.ts'
import { rollUpOutcomes } from '../analytics/roll-up-outcomes.ts'
import { createId, PUBLIC_TENANT_ID } from '../id.ts'
import { checkLedger } from '../ledger/check-ledger.ts'

let it: SessionMarket
let operator: TestUser
const DAY = { hours: 24 }
const waitingSql = `
  select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`

beforeAll(async () => {
  it = await startSessionMarket()
  operator = await addUser(it.api, { isOperator: true })
})
afterAll(() => it.close())

const addOwnProvider = () => addEarningProvider(it)

/** A purchase that was paid now, and a dispute about it. */
async function dispute(
  user: TestUser,
): Promise<{ set(status: 'inquiry' | 'open' | 'won' | 'lost'): Promise<void> }> {
  const { api } = it
  const { id } = await beginPurchase(api, await accessTokenOf(api, user.id), 100)
  await sendEvent(api, completed(paymentOf({ id, amountCents: 100 })))
  const now = api.clock.now()
  return {
    set: async (status) => {
      await api.deps.db.batch.query(
        `insert into stripe_disputes (tenant_id, purchase_id, id, status, amount_cents, closed_at)
         values ($1, $2, 'du_1', $3, 100, case when $3 in ('inquiry', 'open') then null else $4::timestamptz end)
         on conflict (tenant_id, purchase_id, id) do update set status = excluded.status, closed_at = excluded.closed_at`,
        [PUBLIC_TENANT_ID, id, status, now],
      )
    },
  }
}

describe('earnings', () => {
  test('are pending for 30 days, then payable, whether rolled up or not', async () => {
    const { api, users } = it
    const mine = await addOwnProvider()
    await it.play({ user: users[0]!, minutes: 7.2 })
    await it.play({ user: users[0]!, minutes: 7.2, of: mine.providerId })
    // 29 tokens, of which the platform takes 6.
    expect(await mine.earnings()).toMatchObject({
      balance: 23,
      pending: 23,
      payable: 0,
      disputed: 0,
      setAside: 0,
    })
    api.clock.advance({ hours: 29 * 24 })
    await it.play({ user: users[1]!, minutes: 1, of: mine.providerId })
    expect(await mine.earnings()).toMatchObject({ balance: 26, pending: 26, payable: 0 })
    api.clock.advance({ hours: 24, minutes: 15 })
    const computed = await mine.earnings()
    expect(computed).toMatchObject({ balance: 26, pending: 3, payable: 23, paidOut: 0 })
    await rollUpActivity(api.deps.db, { now: api.clock.now() })
    expect(await mine.earnings()).toEqual(computed)
  })

  test('are payable though a worker whose clock ran ahead had rolled up days to come', async () => {
    const { api, users } = it
    const { db } = api.deps
    const mine = await addOwnProvider()
    await it.play({ user: users[0]!, minutes: 31.25, of: mine.providerId })
    const ahead = new Date(api.clock.now().getTime() + 5 * 24 * 3_600_000)
    await rollUpActivity(db, { now: ahead })
    await rollUpOutcomes(db, { now: ahead })
    await it.play({ user: users[0]!, minutes: 31.25, of: mine.providerId })
    for (let day = 0; day < 32; day += 1) {
      await rollUpActivity(db, { now: api.clock.now() })
      await rollUpOutcomes(db, { now: api.clock.now() })
      api.clock.advance(DAY)
    }
    expect(await mine.earnings()).toMatchObject({ balance: 200, pending: 0, payable: 200 })
    expect(await mine.statement('2026-03-01')).toMatchObject({ net: 200, closingBalance: 200 })
    const funnel = await it.as(
      it.owner,
      'GET',
      `${mine.path}/analytics/funnel?from=2026-03-01&interval=month`,
    )
    expect(funnel.body).toMatchObject({ opened: 2, completed: 2 })
    expect((await db.inBatch(checkLedger)).findings).toEqual([])
  })

  test('are held back while a payment that could be behind them is disputed', async () => {
    const { api, users } = it
    const mine = await addOwnProvider()
    const [buyer, other] = [users[0]!, users[1]!]
    await it.play({ user: buyer, minutes: 1, of: mine.providerId })
    api.clock.advance({ seconds: 1 })
    const disputed = await dispute(buyer)
    await it.play({ user: buyer, minutes: 2, of: mine.providerId })
    await it.play({ user: other, minutes: 5, of: mine.providerId })
    api.clock.advance({ hours: 31 * 24 })
    // Net: 3 before the purchase, 6 after it, 16 of somebody else.
    expect(await mine.earnings()).toMatchObject({ balance: 25, disputed: 0, payable: 25 })
    await disputed.set('inquiry')
    expect(await mine.earnings()).toMatchObject({ balance: 25, disputed: 6, payable: 19 })
    await disputed.set('won')
    expect(await mine.earnings()).toMatchObject({ balance: 25, disputed: 0, payable: 25 })
    await disputed.set('open')
    expect(await mine.earnings()).toMatchObject({ balance: 25, disputed: 6, payable: 19 })
    await disputed.set('won')
    expect(await mine.earnings()).toMatchObject({ disputed: 0, payable: 25 })
    // Lost, and the buyer had enough left to give back: somebody has paid for the sessions.
    await disputed.set('lost')
    expect(await mine.earnings()).toMatchObject({ disputed: 0, payable: 25 })
    const database = await connectAs(api.databaseUrl)
    const setDebt = (tokens: number) =>
      database.query(
        'update wallets set debt = $2::int, held = case when $2::int > 0 then posted else 0 end where id = $1',
        [buyer.id, tokens],
      )
    await setDebt(50)
    expect(await mine.earnings()).toMatchObject({ disputed: 6, payable: 19 })
    await setDebt(0)
    await database.end()
    await disputed.set('won')
  })
})

describe('a disputed payment that had made up for one taken back before', () => {
  const balanceOf = async (user: TestUser) => (await it.as(user, 'GET', '/tokens/balance')).body

  async function buy(user: TestUser) {
    it.api.clock.advance({ seconds: 1 })
    const purchase = await beginPurchase(it.api, await accessTokenOf(it.api, user.id), 100)
    const payment = paymentOf(purchase)
    await sendEvent(it.api, completed(payment))
    return payment
  }

  async function spendFirst() {
    const mine = await addOwnProvider()
    const buyer = await addUser(it.api)
    const first = await buy(buyer)
    await it.play({ user: buyer, minutes: 20, of: mine.providerId })
    return { mine, buyer, takeBack: () => sendEvent(it.api, refunded(first, first.amountCents)) }
  }

  test('by paying the debt: what the first was spent on is held back', async () => {
    const { mine, buyer, takeBack } = await spendFirst()
    await takeBack()
    expect(await balanceOf(buyer)).toMatchObject({ total: 0, debt: 80 })
    const second = await buy(buyer)
    expect(await balanceOf(buyer)).toEqual({ available: 20, held: 0, total: 20 })
    it.api.clock.advance({ hours: 31 * 24 })
    expect(await mine.earnings()).toMatchObject({ balance: 64, disputed: 0, payable: 64 })
    await sendEvent(it.api, disputed(second))
    expect(await mine.earnings()).toMatchObject({ balance: 64, disputed: 64, payable: 0 })
    await sendEvent(it.api, disputeClosed(second, 'lost'))
    expect(await mine.earnings()).toMatchObject({ disputed: 64, payable: 0 })
    // A third pays the debt, and can be disputed for as long as every other.
    await buy(buyer)
    expect(await balanceOf(buyer)).toEqual({ available: 20, held: 0, total: 20 })
    expect(await mine.earnings()).toMatchObject({ disputed: 64, payable: 0 })
    it.api.clock.advance({ hours: 30 * 24, minutes: 15 })
    expect(await mine.earnings()).toMatchObject({ disputed: 0, payable: 64 })
  })

  test('by being there when the first was taken back: likewise', async () => {
    const { mine, buyer, takeBack } = await spendFirst()
    const second = await buy(buyer)
    await takeBack()
    expect(await balanceOf(buyer)).toEqual({ available: 20, held: 0, total: 20 })
    it.api.clock.advance({ hours: 31 * 24 })
    await sendEvent(it.api, disputed(second))
    expect(await balanceOf(buyer)).toMatchObject({ total: 0, debt: 80 })
    expect(await mine.earnings()).toMatchObject({ balance: 64, disputed: 64, payable: 0 })
    await sendEvent(it.api, disputeClosed(second, 'won'))
    expect(await mine.earnings()).toMatchObject({ disputed: 0, payable: 64 })
  })
})

describe('a payout', () => {
  async function earnHundred() {
    const mine = await addOwnProvider()
    await it.play({ user: it.users[0]!, minutes: 31.25, of: mine.providerId })
    it.api.clock.advance({ hours: 31 * 24 })
    expect(await mine.earnings()).toMatchObject({ balance: 100, payable: 100 })
    return mine
  }

  test('is set aside, paid with a reference, and booked once in the ledger', async () => {
    const mine = await earnHundred()
    const created = await mine.pay('', { amount: 60 })
    expect(created.status).toBe(201)
    expect(created.body).toMatchObject({ status: 'pending', amount: 60, amountCents: 60, reference: null })
    expect(await mine.earnings()).toMatchObject({ balance: 100, setAside: 60, payable: 40, paidOut: 0 })
    const pay = (reference: string) => mine.pay(`/${created.body.id}/pay`, { reference })
    const paid = await Promise.all(['SEPA 1', 'SEPA 1', 'SEPA 1'].map(pay))
    expect(paid.map(({ status, body }) => [status, body.status, body.reference])).toEqual(
      Array.from({ length: 3 }, () => [200, 'paid', 'SEPA 1']),
    )
    expect((await pay('SEPA 2')).body.code).toBe('payout_status_invalid')
    expect((await mine.pay(`/${created.body.id}/cancel`)).body.code).toBe('payout_status_invalid')
    const transfers = await it.api.deps.db.batch.query(
      `select id, credit_account_id as credit, amount from transfers where kind = 'payout' and debit_account_id = $1`,
      [mine.providerId],
    )
    expect(transfers).toEqual([{ id: paid[0]?.body.transferId, credit: 'payouts', amount: 60 }])
    expect(await mine.earnings()).toMatchObject({ balance: 40, setAside: 0, payable: 40, paidOut: 60 })
    expect((await it.api.deps.db.inBatch(checkLedger)).findings).toEqual([])
  })

  test('that is booked while the figures are read is in all of them or in none', async () => {
    const mine = await earnHundred()
    const { id } = (await mine.pay('', { amount: 60 })).body
    const before = await mine.earnings()
    const [booking, watching] = await Promise.all([
      connectAs(it.api.databaseUrl),
      connectAs(it.api.databaseUrl),
    ])
    await booking.query('begin')
    await booking.query('lock table payouts in access exclusive mode')
    const reading = mine.earnings()
    // It has read the balance, and waits for the payouts.
    await vi.waitUntil(async () => (await watching.query(waitingSql)).length === 1, { timeout: 10_000 })
    const transferId = createId('trf', it.api.clock.now())
    await booking.query(`select pay_out($1, $2, $3, 'SEPA 9', $4)`, [
      PUBLIC_TENANT_ID,
      id,
      transferId,
      it.api.clock.now(),
    ])
    await booking.query('commit')
    expect(await reading).toEqual(before)
    expect(await mine.earnings()).toMatchObject({ balance: 40, pending: 0, setAside: 0, paidOut: 60 })
    await Promise.all([booking.end(), watching.end()])
  })

  test('waits until its owner’s address is verified', async () => {
    const mine = await earnHundred()
    const set = (verifiedAt: Date | null) =>
      it.api.deps.db.batch.query('update users set email_verified_at = $2 where id = $1', [
        it.owner.id,
        verifiedAt,
      ])
    await set(null)
    const refused = await mine.pay('', { amount: 60 })
    expect([refused.status, refused.body.code]).toEqual([409, 'email_not_verified'])
    await set(it.api.clock.now())
    expect((await mine.pay('', { amount: 60 })).status).toBe(201)
  })

  test('of everything is what is payable, and racing ones share it', async () => {
    const mine = await earnHundred()
    const answers = await Promise.all([1, 2, 3].map(() => mine.pay('', { amount: 40 })))
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 409])
    const refused = answers.find(({ status }) => status === 409)
    expect(refused?.body).toMatchObject({ code: 'payout_exceeds_payable', required: 40, available: 20 })
    expect((await mine.pay('', {})).body).toMatchObject({ amount: 20 })
    expect((await mine.pay('', {})).body.code).toBe('payout_exceeds_payable')
  })

  test('that is cancelled is payable again', async () => {
    const mine = await earnHundred()
    const { id } = (await mine.pay('', {})).body
    for (const _ of [1, 2]) expect((await mine.pay(`/${id}/cancel`)).body.status).toBe('cancelled')
    expect((await mine.pay(`/${id}/pay`, { reference: 'x' })).body.code).toBe('payout_status_invalid')
    expect(await mine.earnings()).toMatchObject({ setAside: 0, payable: 100 })
  })

  test('is made once for one Idempotency-Key', async () => {
    const mine = await earnHundred()
    const send = () =>
      it.as(operator, 'POST', `${mine.path}/payouts`, {
        body: { amount: 10 },
        headers: { 'idempotency-key': 'payout-1' },
      })
    const [first, second] = [await send(), await send()]
    expect(second.text).toBe(first.text)
    expect(await mine.earnings()).toMatchObject({ setAside: 10 })
  })

  test('is listed for its owner and, of all providers, for operators', async () => {
    const mine = await earnHundred()
    const { id } = (await mine.pay('', { amount: 1 })).body
    const own = await it.as(it.owner, 'GET', `${mine.path}/payouts?status=pending`)
    expect(own.body.items.map((payout: { id: string }) => payout.id)).toEqual([id])
    const all = await it.as(operator, 'GET', '/operators/payouts?status=pending&limit=100')
    expect(all.body.items.map((payout: { id: string }) => payout.id)).toContain(id)
    const seen = await it.as(operator, 'GET', `/operators${mine.path}/earnings`)
    expect(seen.body).toEqual(await mine.earnings())
  })
})

describe('a statement', () => {
  test('goes from balance to balance, to the token', async () => {
    const mine = await addOwnProvider()
    const { api, users } = it
    const days: string[] = []
    for (let day = 0; day < 3; day += 1) {
      days.push(api.clock.now().toISOString().slice(0, 10))
      await it.play({ user: users[day]!, minutes: 31.25, of: mine.providerId })
      api.clock.advance(DAY)
    }
    api.clock.advance({ hours: 40 * 24 })
    const { id } = (await mine.pay('', { amount: 150 })).body
    await mine.pay(`/${id}/pay`, { reference: 'SEPA 7' })
    const of = async (query: Record<string, string>) =>
      (await it.as(it.owner, 'GET', `${mine.path}/earnings/statement?${new URLSearchParams(query)}`)).body

    const second = await of({ from: days[1]!, to: days[1]! })
    expect(second).toMatchObject({
      openingBalance: 100,
      sessions: 1,
      minutes: 31.25,
      gross: 125,
      fee: 25,
      net: 100,
      paidOut: 0,
      closingBalance: 200,
    })
    const today = api.clock.now().toISOString().slice(0, 10)
    const whole = await of({ from: days[0]!, to: today })
    expect(whole).toMatchObject({ openingBalance: 0, net: 300, paidOut: 150, closingBalance: 150 })
    expect(whole.payouts).toMatchObject([{ id, reference: 'SEPA 7', amount: 150 }])
    expect(whole.closingBalance).toBe((await mine.earnings()).balance)
    // The running month when nothing is said.
    expect(await of({})).toMatchObject({ from: `${today.slice(0, 7)}-01T00:00:00.000Z`, paidOut: 150 })
    expect((await of({ timeZone: 'Nowhere/Land' })).code).toBe('validation_failed')
  })
})

test('somebody else’s earnings do not exist, and only operators pay', async () => {
  const { api, owner, providerId } = it
  const stranger = await addUser(api)
  const theirs = await addProvider(api, { ownerId: stranger.id })
  for (const rest of ['/earnings', '/earnings/statement', '/payouts']) {
    const path = `/providers/${providerId}${rest}`
    expect((await api.call('GET', path)).status).toBe(401)
    const foreign = await it.as(stranger, 'GET', path)
    expect([rest, foreign.status, foreign.body.code]).toEqual([rest, 404, 'provider_not_found'])
    const { secret } = (
      await it.as(stranger, 'POST', `/providers/${theirs}/api-keys`, {
        body: { name: 'Test', scopes: ['analytics:read'], mode: 'live' },
      })
    ).body
    expect((await api.call('GET', path, { token: secret })).body.code).toBe('provider_not_found')
    const { secret: wrong } = (
      await it.as(owner, 'POST', `/providers/${providerId}/api-keys`, {
        body: { name: 'Test', scopes: ['webhooks:write'], mode: 'live' },
      })
    ).body
    expect((await api.call('GET', path, { token: wrong })).body.code).toBe('forbidden')
  }
  const missing = 'pay_00000000000000000000000000'
  for (const [method, path, body] of [
    ['POST', `/providers/${providerId}/payouts`, {}],
    ['POST', `/providers/${providerId}/payouts/${missing}/pay`, { reference: 'x' }],
    ['POST', `/providers/${providerId}/payouts/${missing}/cancel`],
    ['GET', '/operators/payouts'],
    ['GET', `/operators/providers/${providerId}/earnings`],
  ] as const) {
    const token = await accessTokenOf(api, owner.id)
    const answer = await api.call(method, path, { token, body })
    expect([path, answer.status]).toEqual([path, 404])
  }
  const none = await it.as(operator, 'POST', `/providers/${providerId}/payouts/${missing}/pay`, {
    body: { reference: 'x' },
  })
  expect([none.status, none.body.code]).toEqual([404, 'payout_not_found'])
})
