import type { Tx } from '../db.ts'

/**
 * What a provider or the platform has: the roll-up and everything after its watermark.
 *
 * These accounts have no row that sessions update, because every session of a provider would queue for it.
 */
export async function getAccountBalance(tx: Tx, accountId: string): Promise<number> {
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
 * Moves the watermark: sums what every running transaction already sees. Appends that are still under way have a
 * later transaction id and are left for the next time.
 */
export async function rollUpAccounts(tx: Tx): Promise<number> {
  const rows = await tx.query(rollUpSql)
  return rows.length
}

const rollUpSql = `
  with horizon as materialized (select pg_snapshot_xmin(pg_current_snapshot()) as xid),
  moved as (
    select t.tenant_id, a.account_id, sum(a.amount) as amount
    from transfers t
    cross join horizon
    cross join lateral (
      values (t.credit_account_id, t.amount, t.credit_sequence), (t.debit_account_id, -t.amount, t.debit_sequence)
    ) a (account_id, amount, wallet_sequence)
    left join account_rollups r on r.tenant_id = t.tenant_id and r.account_id = a.account_id
    where a.wallet_sequence is null
      and t.written_by < horizon.xid and t.written_by >= coalesce(r.written_before, '0'::xid8)
    group by t.tenant_id, a.account_id
  )
  insert into account_rollups as r (tenant_id, account_id, balance, written_before)
  select m.tenant_id, m.account_id, m.amount, horizon.xid from moved m cross join horizon
  on conflict (tenant_id, account_id) do update set
    balance = r.balance + excluded.balance, written_before = excluded.written_before
  returning r.account_id`
