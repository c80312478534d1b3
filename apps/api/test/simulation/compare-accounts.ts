import { FEE_BASIS_POINTS, type Marketplace } from './marketplace.ts'
import type { SessionModel } from './oracle-session.ts'
import { feeOf } from './oracle-wallet.ts'
import { SimulationFailure } from './person.ts'

/** What users were charged is what providers and the platform got. */
export async function compareAccounts(
  marketplace: Marketplace,
  providerIds: readonly string[],
  sessions: readonly SessionModel[],
): Promise<void> {
  const expected = new Map<string, number>([['platform_fee', 0]])
  for (const id of providerIds) expected.set(id, 0)
  const add = (account: string, amount: number) =>
    expected.set(account, (expected.get(account) ?? 0) + amount)
  for (const { providerId, charged } of sessions) {
    const fee = feeOf(charged ?? 0, FEE_BASIS_POINTS)
    add(providerId, (charged ?? 0) - fee)
    add('platform_fee', fee)
  }
  for (const [account, amount] of expected) {
    const [row] = await marketplace.rows<{ balance: number }>(
      `select coalesce(sum(case when credit_account_id = $1 then amount else -amount end), 0) as balance
       from transfers where $1 in (credit_account_id, debit_account_id)`,
      [account],
    )
    if (row?.balance !== amount)
      throw new SimulationFailure(`${account} has ${row?.balance}, the model says ${amount}`)
  }
}
