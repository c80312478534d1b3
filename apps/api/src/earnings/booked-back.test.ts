/**
 * Corrections, which the owner of the tables makes: what is payable follows the ledger's balance, whatever the figures say.
 *
 * @module
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bringBack, correct, takeBackCorrection } from '../../test/corrections.ts'
import { addEarningProvider } from '../../test/earning-provider.ts'
import { type SessionMarket, startSessionMarket } from '../../test/session-market.ts'
import { rollUpActivity } from '../analytics/roll-up-activity.ts'
import { checkLedger } from '../ledger/check-ledger.ts'

let it: SessionMarket

beforeAll(async () => {
  it = await startSessionMarket()
})
afterAll(() => it.close())

test.each([
  ['before it was due', 0, 31],
  ['after it was due', 31, 0],
  ['long ago', 31, 31],
])('what was charged wrongly is not paid out, corrected %s', async (_when, daysBefore, daysAfter) => {
  const mine = await addEarningProvider(it)
  const wrong = await it.play({ user: it.users[0]!, minutes: 31.25, of: mine.providerId })
  await it.play({ user: it.users[1]!, minutes: 12.5, of: mine.providerId })
  it.api.clock.advance({ hours: daysBefore * 24 })
  await correct(it.api, wrong)
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
  const mine = await addEarningProvider(it)
  const wrong = await it.play({ user: it.users[0]!, minutes: 31.25, of: mine.providerId })
  await it.play({ user: it.users[1]!, minutes: 12.5, of: mine.providerId })
  it.api.clock.advance({ hours: 31 * 24 })
  const { id } = (await mine.pay('', { amount: 140 })).body
  await correct(it.api, wrong)
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
  const mine = await addEarningProvider(it)
  const right = await it.play({ user: it.users[0]!, minutes: 31.25, of: mine.providerId })
  it.api.clock.advance({ hours: 31 * 24 })
  await correct(it.api, right)
  it.api.clock.advance({ hours: hoursBetween })
  await rollUpActivity(it.api.deps.db, { now: it.api.clock.now() })
  await takeBackCorrection(it.api, right)
  const same = { balance: 100, pending: 0, payable: 100 }
  expect(await mine.earnings()).toMatchObject(same)
  it.api.clock.advance({ hours: 1 })
  await rollUpActivity(it.api.deps.db, { now: it.api.clock.now() })
  expect(await mine.earnings()).toMatchObject(same)
  expect(await mine.statement('2026-03-01')).toMatchObject({ net: 100, refunded: 0, closingBalance: 100 })
  expect((await it.api.deps.db.inBatch(checkLedger)).findings).toEqual([])
})

test('a payout that came back from the bank is payable again', async () => {
  const mine = await addEarningProvider(it)
  await it.play({ user: it.users[0]!, minutes: 31.25, of: mine.providerId })
  it.api.clock.advance({ hours: 31 * 24 })
  const { id } = (await mine.pay('', {})).body
  await mine.pay(`/${id}/pay`, { reference: 'SEPA 10' })
  await bringBack(it.api, mine.providerId)
  expect(await mine.earnings()).toMatchObject({ balance: 100, pending: 0, payable: 100, paidOut: 100 })
  expect(await mine.statement('2026-03-01')).toMatchObject({
    net: 100,
    refunded: -100,
    paidOut: 100,
    closingBalance: 100,
  })
})
