/**
 * What comes into a wallet pays what it owes first, and no more than that.
 *
 * @module
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApi, type TestApi } from '../../test/harness.ts'
import { createMarket, openSession } from '../../test/play.ts'
import type { Tx } from '../db.ts'
import { PUBLIC_TENANT_ID } from '../id.ts'
import { getBalance } from './balance.ts'
import { checkLedger } from './check-ledger.ts'
import { creditWallet } from './credit-wallet.ts'
import { reverseCredit } from './reverse-credit.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(async () => {
  const { findings } = await api.deps.db.inBatch(checkLedger)
  await api.close()
  expect(findings).toEqual([])
})

const run = <T>(verb: (tx: Tx) => Promise<T>) => api.deps.db.inTenant(PUBLIC_TENANT_ID, verb)
const about = (walletId: string, amount: number) => ({
  tenantId: PUBLIC_TENANT_ID,
  walletId,
  amount,
  purchaseId: null,
  description: 'x',
  now: api.clock.now(),
})
const give = (walletId: string, amount: number) =>
  run((tx) =>
    creditWallet(tx, {
      ...about(walletId, amount),
      kind: 'promotion',
      fromAccountId: 'promotions',
      reversesId: null,
    }),
  )
const takeBack = (walletId: string, amount: number) =>
  run(async (tx) => {
    const [first] = await tx.query<{ id: string }>(
      `select id from transfers where credit_account_id = $1 and kind = 'promotion' order by credit_sequence limit 1`,
      [walletId],
    )
    return reverseCredit(tx, {
      ...about(walletId, amount),
      kind: 'refund',
      toAccountId: 'refunds',
      reversesId: first!.id,
    })
  })
const see = (walletId: string) => run((tx) => getBalance(tx, walletId))

test('a credit pays a part of a debt, then the rest of it, and what is over can be spent', async () => {
  const market = await createMarket(api, { tokens: 40, tokensPerMinute: 4 })
  const { id } = market.user
  await openSession(market, { minutes: 10 })
  expect(await takeBack(id, 40)).toEqual({ taken: 0, owed: 40 })
  expect(await see(id)).toEqual({ available: 0, held: 40, total: 40, debt: 40 })
  await give(id, 15)
  expect(await see(id)).toEqual({ available: 0, held: 40, total: 40, debt: 25 })
  await give(id, 45)
  expect(await see(id)).toEqual({ available: 20, held: 40, total: 60, debt: 0 })
})

test('what a session releases pays a debt that is smaller, and what is over can be spent', async () => {
  const market = await createMarket(api, { tokens: 40, tokensPerMinute: 4 })
  const { id } = market.user
  const play = await openSession(market, { minutes: 10 })
  await play.use(60)
  expect(await takeBack(id, 10)).toEqual({ taken: 0, owed: 10 })
  await play.call('complete')
  expect(await see(id)).toEqual({ available: 26, held: 0, total: 26, debt: 0 })
})

test('who owes is told to settle that, whatever they ask for', async () => {
  const market = await createMarket(api, { tokens: 40, tokensPerMinute: 4 })
  const { user, providerId } = market
  const free = await createMarket(api, { tokensPerMinute: 0 })
  const play = await openSession(market, { minutes: 5 })
  await takeBack(user.id, 40)
  const open = (id: string) =>
    api.call('POST', '/sessions', { token: user.token, body: { providerId: id, durationMinutes: 1 } })
  const answers = [
    { answer: await play.market('POST', '/extend', { minutes: 1 }), required: 4 },
    { answer: await open(providerId), required: 4 },
    { answer: await open(free.providerId), required: 0 },
  ]
  for (const { answer, required } of answers)
    expect(answer.body).toMatchObject({
      code: 'insufficient_tokens',
      required,
      available: 0,
      debt: 20,
      detail: 'A refund took back tokens that had been spent: buy 20 tokens to settle that first.',
    })
})
