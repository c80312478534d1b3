import type { Queryable } from '../db.ts'

/**
 * What a provider or the platform has: the roll-up and everything after its watermark.
 *
 * These accounts have no row that sessions update, because every session of a provider would queue for it.
 */
export async function getAccountBalance(tx: Queryable, accountId: string): Promise<number> {
  const [row] = await tx.query<{ balance: number }>(getAccountBalanceSql, [accountId])
  return row?.balance ?? 0
}

const getAccountBalanceSql = `
  with rolled as (
    select coalesce(max(balance), 0) as balance, coalesce(max(written_before::text)::xid8, '0'::xid8) as written_before
    from account_rollups where account_id = $1
  )
  select r.balance
    + coalesce((select sum(amount) from transfers
        where credit_account_id = $1 and credit_sequence is null and written_by >= r.written_before), 0)
    - coalesce((select sum(amount) from transfers
        where debit_account_id = $1 and debit_sequence is null and written_by >= r.written_before), 0) as balance
  from rolled r`

/**
 * Moves the watermark: what every running transaction already sees is summed once and not read again.
 *
 * @returns how many accounts moved.
 */
export async function rollUpAccounts(tx: Queryable): Promise<number> {
  const [row] = await tx.query<{ accounts: number }>('select roll_up_accounts() as accounts')
  return row?.accounts ?? 0
}
