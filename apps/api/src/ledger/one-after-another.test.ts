/**
 * Whoever comes second to a wallet, or to what a provider has earned, sees what the first has left of it: by waiting before
 * looking, not by a constraint that turns the second away.
 *
 * @module
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addProvider, addUser, countWaiting, startTestApi, type TestApi } from '../../test/harness.ts'
import { connect, type Db, type Tx } from '../db.ts'
import { PUBLIC_TENANT_ID } from '../id.ts'
import { captureHolds } from './capture-holds.ts'
import { creditWallet } from './credit-wallet.ts'
import { placeHold } from './place-hold.ts'
import { reverseCredit } from './reverse-credit.ts'

const now = new Date('2026-03-01T12:00:00.000Z')

let api: TestApi
let other: Db

beforeAll(async () => {
  api = await startTestApi()
  other = connect({ databaseUrl: api.databaseUrl, poolSize: 1 })
})
afterAll(async () => {
  await other.end()
  await api.close()
})

type Movement = (tx: Tx, walletId: string) => Promise<unknown>

const about = (walletId: string, amount: number) => ({
  tenantId: PUBLIC_TENANT_ID,
  walletId,
  amount,
  purchaseId: null,
  description: 'One after another',
  now,
})
const credit =
  (amount: number): Movement =>
  (tx, walletId) =>
    creditWallet(tx, {
      ...about(walletId, amount),
      kind: 'promotion',
      fromAccountId: 'promotions',
      reversesId: null,
    })
const hold =
  (amount: number): Movement =>
  (tx, walletId) =>
    placeHold(tx, { walletId, reference: `of ${walletId}, ${amount}`, amount, now })
const refund =
  (amount: number): Movement =>
  async (tx, walletId) => {
    const [first] = await tx.query<{ id: string }>('select id from transfers where credit_account_id = $1', [
      walletId,
    ])
    const reversesId = first!.id
    await reverseCredit(tx, {
      ...about(walletId, amount),
      kind: 'refund',
      toAccountId: 'refunds',
      reversesId,
    })
  }

/** The second begins while the first is not committed. */
async function behind(
  first: (tx: Tx) => Promise<unknown>,
  second: (tx: Tx) => Promise<unknown>,
): Promise<void> {
  let waiting: Promise<unknown> | undefined
  await api.deps.db.inTenant(PUBLIC_TENANT_ID, async (tx) => {
    await first(tx)
    waiting = other.inTenant(PUBLIC_TENANT_ID, second)
    waiting.catch(() => undefined)
    await expect.poll(() => countWaiting(api)).toBe(1)
  })
  await waiting
}

test.each<{ name: string; before?: Movement; first: Movement; second: Movement; left: object }>([
  {
    name: 'a refund takes what a hold that comes before it leaves, and the rest is owed',
    first: hold(8),
    second: refund(10),
    left: { posted: 8, held: 8, debt: 8 },
  },
  {
    name: 'a refund takes what was credited before it, and nothing is owed',
    before: hold(10),
    first: credit(10),
    second: refund(10),
    left: { posted: 10, held: 10, debt: 0 },
  },
  {
    name: 'a credit pays what a refund that comes before it left owing',
    before: hold(10),
    first: refund(10),
    second: credit(4),
    left: { posted: 10, held: 10, debt: 6 },
  },
  {
    name: 'a hold is placed on what was credited before it',
    before: hold(10),
    first: credit(10),
    second: hold(9),
    left: { posted: 20, held: 19, debt: 0 },
  },
])('$name', async ({ before, first, second, left }) => {
  const { db } = api.deps
  const { id } = await addUser(api, { tokens: 10 })
  if (before) await db.inTenant(PUBLIC_TENANT_ID, (tx) => before(tx, id))
  await behind(
    (tx) => first(tx, id),
    (tx) => second(tx, id),
  )
  const [wallet] = await db.batch.query('select posted, held, debt from wallets where id = $1', [id])
  expect(wallet).toEqual(left)
})

test('of two payouts that are more than was earned the second is refused', async () => {
  const user = await addUser(api, { tokens: 10 })
  const providerId = await addProvider(api, { ownerId: user.id })
  const pay = (id: string) => (tx: Tx) =>
    tx.query(`select pay_out($1, $2, $3, 'x', now())`, [PUBLIC_TENANT_ID, id, `trf_${id}`])
  await api.deps.db.inTenant(PUBLIC_TENANT_ID, async (tx) => {
    await hold(10)(tx, user.id)
    const capture = {
      reference: `of ${user.id}, 10`,
      amount: 10,
      providerId,
      feeBasisPoints: 0,
      description: 'x',
    }
    await captureHolds(tx, [{ tenantId: PUBLIC_TENANT_ID, ...capture, now }])
    await tx.query(
      `insert into payouts (id, provider_id, amount, amount_cents, currency, created_by, created_at)
       values ('pay_1', $1, 6, 6, 'usd', 'x', now()), ('pay_2', $1, 6, 6, 'usd', 'x', now())`,
      [providerId],
    )
  })
  await expect(behind(pay('pay_1'), pay('pay_2'))).rejects.toThrow('payout pay_2 of 6 exceeds the 4')
})
