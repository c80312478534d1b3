import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Accounts, type Person, startAccounts } from '../../test/accounts.ts'
import { createId, PUBLIC_TENANT_ID } from '../id.ts'
import { noticeLowBalancesTask } from './jobs.ts'

let accounts: Accounts
beforeAll(async () => {
  accounts = await startAccounts()
})
afterAll(() => accounts.close())

/** One turn of the job, and what was mailed. */
async function look() {
  await noticeLowBalancesTask(accounts.api.deps)({}, {} as never)
  return accounts.deliver()
}

const credit = ({ id }: Person, tokens: number) =>
  accounts.api.deps.db.inTenant(PUBLIC_TENANT_ID, (tx) =>
    tx.query(
      `select credit_wallet(current_tenant(), $1, 'promotion', 'promotions', $2, null, null, 'Welcome', $3, $4)`,
      [id, tokens, [1, 2].map(() => createId('trf', new Date())), new Date()],
    ),
  )
const wantNotice = (person: Person, lowBalanceTokens: number | null) =>
  person.call('PUT', '/tokens/limits', { perDayTokens: null, perProviderPerDayTokens: [], lowBalanceTokens })

test('few tokens are told once, and again after they were enough', async () => {
  const [ada, silent] = [await accounts.register(), await accounts.register()]
  await accounts.deliver()
  await credit(ada, 40)
  expect(await look()).toEqual([])
  await wantNotice(ada, 50)
  await wantNotice(silent, null)
  const [message, ...more] = await look()
  expect(more).toEqual([])
  expect(message).toMatchObject({ to: [ada.email], subject: 'Few tokens are left' })
  expect(message?.raw).toContain('you have 40 tokens left, fewer than the 50 tokens')
  expect(await look()).toEqual([])
  await credit(ada, 100)
  expect(await look()).toEqual([])
  await wantNotice(ada, 200)
  expect(await look()).toHaveLength(1)
})

test('two that look at once tell once', async () => {
  const ada = await accounts.register()
  await accounts.deliver()
  await wantNotice(ada, 50)
  const task = noticeLowBalancesTask(accounts.api.deps)
  await Promise.all(Array.from({ length: 4 }, () => task({}, {} as never)))
  expect(await accounts.deliver()).toHaveLength(1)
})

test('whoever has enough again by the time of sending hears nothing', async () => {
  const ada = await accounts.register()
  await accounts.deliver()
  await wantNotice(ada, 50)
  await noticeLowBalancesTask(accounts.api.deps)({}, {} as never)
  await credit(ada, 100)
  expect(await accounts.deliver()).toEqual([])
})
