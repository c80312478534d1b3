/**
 * Corrections, which the owner of the tables makes: what is payable follows the ledger's balance, whatever the figures say.
 *
 * @module
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectAs } from '../../test/database.ts'
import { addEarningProvider } from '../../test/earning-provider.ts'
import { addUser, type TestUser } from '../../test/harness.ts'
import { type SessionMarket, startSessionMarket } from '../../test/session-market.ts'
import { rollUpActivity } from '../analytics/roll-up-activity.ts'
import { createId } from '../id.ts'
import { checkLedger } from '../ledger/check-ledger.ts'

let it: SessionMarket
let operator: TestUser

beforeAll(async () => {
  it = await startSessionMarket()
  operator = await addUser(it.api, { isOperator: true })
})
afterAll(() => it.close())

/** As the owner of the tables does it, with the wallet's row in the same transaction: the charge, and the fee of it. */
async function correct(sessionId: string): Promise<void> {
  const { clock, databaseUrl } = it.api
  const owner = await connectAs(databaseUrl)
  await owner.query('begin')
  const chargeSql = `
    with w as (
      update wallets w set posted = posted + t.amount, sequence = sequence + 1
      from transfers t where t.session_id = $1 and t.kind = 'charge' and w.id = t.debit_account_id
      returning w.posted, w.sequence
    )
    insert into transfers (tenant_id, id, kind, debit_account_id, credit_account_id, amount, credit_sequence, credit_balance_after,
      reverses_id, description, created_at)
    select tenant_id, $2, 'correction', credit_account_id, debit_account_id, amount, w.sequence, w.posted, id, 'Wrong', $3
    from transfers, w where session_id = $1 and kind = 'charge'`
  const feeSql = `
    insert into transfers (tenant_id, id, kind, debit_account_id, credit_account_id, amount, reverses_id, description, created_at)
    select tenant_id, $2, 'correction', credit_account_id, debit_account_id, amount, id, 'Wrong', $3
    from transfers where session_id = $1 and kind = 'fee'`
  for (const sql of [chargeSql, feeSql])
    await owner.query(sql, [sessionId, createId('trf', clock.now()), clock.now()])
  await owner.query('commit')
  await owner.end()
}

/** The same for the two corrections themselves. */
async function takeBackCorrection(sessionId: string): Promise<void> {
  const { clock, databaseUrl } = it.api
  const owner = await connectAs(databaseUrl)
  await owner.query('begin')
  const chargeSql = `
    with o as (
      select c.* from transfers c join transfers t on t.id = c.reverses_id where t.session_id = $1 and t.kind = 'charge'
    ), w as (
      update wallets w set posted = posted - o.amount, sequence = w.sequence + 1
      from o where w.id = o.credit_account_id
      returning w.posted, w.sequence
    )
    insert into transfers (tenant_id, id, kind, debit_account_id, credit_account_id, amount, debit_sequence, debit_balance_after,
      reverses_id, description, created_at)
    select o.tenant_id, $2, 'correction', o.credit_account_id, o.debit_account_id, o.amount, w.sequence, w.posted, o.id, 'Right', $3
    from o, w`
  const feeSql = `
    insert into transfers (tenant_id, id, kind, debit_account_id, credit_account_id, amount, reverses_id, description, created_at)
    select c.tenant_id, $2, 'correction', c.credit_account_id, c.debit_account_id, c.amount, c.id, 'Right', $3
    from transfers c join transfers t on t.id = c.reverses_id where t.session_id = $1 and t.kind = 'fee'`
  for (const sql of [chargeSql, feeSql])
    await owner.query(sql, [sessionId, createId('trf', clock.now()), clock.now()])
  await owner.query('commit')
  await owner.end()
}

test.each([
  ['before it was due', 0, 31],
  ['after it was due', 31, 0],
  ['long ago', 31, 31],
])('what was charged wrongly is not paid out, corrected %s', async (_when, daysBefore, daysAfter) => {
  const mine = await addEarningProvider(it, operator)
  const wrong = await it.play({ user: it.users[0]!, minutes: 31.25, of: mine.providerId })
  await it.play({ user: it.users[1]!, minutes: 12.5, of: mine.providerId })
  it.api.clock.advance({ hours: daysBefore * 24 })
  await correct(wrong)
  it.api.clock.advance({ hours: daysAfter * 24 })
  await rollUpActivity(it.api.deps.db, { now: it.api.clock.now() })
  const due = { balance: 40, pending: 0, payable: 40 }
  expect(await mine.earnings()).toMatchObject(due)
  // What comes later is as pending as ever, and no less is due.
  await it.play({ user: it.users[1]!, minutes: 12.5, of: mine.providerId })
  expect(await mine.earnings()).toMatchObject({ balance: 80, pending: 40, payable: 40 })
  expect((await mine.pay('', { amount: 41 })).body).toMatchObject({
    code: 'payout_exceeds_payable',
    available: 40,
  })
  expect(await mine.statement('2026-03-01')).toMatchObject({
    gross: 225,
    fee: 45,
    net: 180,
    refunded: 100,
    closingBalance: 80,
  })
  expect((await it.api.deps.db.inBatch(checkLedger)).findings).toEqual([])
})

test('what was charged wrongly is not paid out though it had been set aside, and the refusal says what is there', async () => {
  const mine = await addEarningProvider(it, operator)
  const wrong = await it.play({ user: it.users[0]!, minutes: 31.25, of: mine.providerId })
  await it.play({ user: it.users[1]!, minutes: 12.5, of: mine.providerId })
  it.api.clock.advance({ hours: 31 * 24 })
  const { id } = (await mine.pay('', { amount: 140 })).body
  await correct(wrong)
  expect(await mine.earnings()).toMatchObject({ balance: 40, setAside: 140, payable: 0 })
  const refused = await mine.pay(`/${id}/pay`, { reference: 'SEPA 8' })
  expect([refused.status, refused.body]).toMatchObject([
    409,
    { code: 'payout_exceeds_payable', required: 140, available: 40 },
  ])
  await mine.pay(`/${id}/cancel`)
  const less = (await mine.pay('', {})).body
  expect(less.amount).toBe(40)
  expect((await mine.pay(`/${less.id}/pay`, { reference: 'SEPA 9' })).status).toBe(200)
  expect(await mine.earnings()).toMatchObject({ balance: 0, pending: 0, payable: 0, paidOut: 40 })
})

test.each([
  ['before it is rolled up', 0],
  ['after that', 1],
])('what a correction took that was wrong itself is payable again, %s', async (_when, hoursBetween) => {
  const mine = await addEarningProvider(it, operator)
  const right = await it.play({ user: it.users[0]!, minutes: 31.25, of: mine.providerId })
  it.api.clock.advance({ hours: 31 * 24 })
  await correct(right)
  it.api.clock.advance({ hours: hoursBetween })
  await rollUpActivity(it.api.deps.db, { now: it.api.clock.now() })
  await takeBackCorrection(right)
  const same = { balance: 100, pending: 0, payable: 100 }
  expect(await mine.earnings()).toMatchObject(same)
  it.api.clock.advance({ hours: 1 })
  await rollUpActivity(it.api.deps.db, { now: it.api.clock.now() })
  expect(await mine.earnings()).toMatchObject(same)
  expect(await mine.statement('2026-03-01')).toMatchObject({ net: 100, refunded: 0, closingBalance: 100 })
  expect((await it.api.deps.db.inBatch(checkLedger)).findings).toEqual([])
})

test('a payout that came back from the bank is payable again', async () => {
  const mine = await addEarningProvider(it, operator)
  await it.play({ user: it.users[0]!, minutes: 31.25, of: mine.providerId })
  it.api.clock.advance({ hours: 31 * 24 })
  const { id } = (await mine.pay('', {})).body
  await mine.pay(`/${id}/pay`, { reference: 'SEPA 10' })
  const owner = await connectAs(it.api.databaseUrl)
  await owner.query(
    `insert into transfers (tenant_id, id, kind, debit_account_id, credit_account_id, amount, reverses_id, description, created_at)
     select tenant_id, $2, 'correction', credit_account_id, debit_account_id, amount, id, 'No such account', $3
     from transfers where kind = 'payout' and debit_account_id = $1`,
    [mine.providerId, createId('trf', it.api.clock.now()), it.api.clock.now()],
  )
  await owner.end()
  expect(await mine.earnings()).toMatchObject({ balance: 100, pending: 0, payable: 100, paidOut: 100 })
  expect(await mine.statement('2026-03-01')).toMatchObject({
    net: 100,
    refunded: -100,
    paidOut: 100,
    closingBalance: 100,
  })
})
