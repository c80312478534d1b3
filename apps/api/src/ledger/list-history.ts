import type { Tx } from '../db.ts'

export interface HistoryLine {
  id: string
  kind: string
  /** Signed: what the wallet gained or lost. */
  amount: number
  balanceAfter: number
  /** Numbers the wallet's lines without a gap. */
  sequence: number
  sessionId: string | null
  purchaseId: string | null
  description: string
  createdAt: Date
}

/** A wallet's lines, newest first, those before `before` only. */
export function listHistory(
  tx: Tx,
  { walletId, limit, before }: { walletId: string; limit: number; before?: number | undefined },
): Promise<HistoryLine[]> {
  return tx.query<HistoryLine>(listHistorySql, [walletId, before ?? Number.MAX_SAFE_INTEGER, limit])
}

// Each half walks its own index from the end and stops at the limit, so the cost does not follow the wallet's age.
const listHistorySql = `
  select * from (
    (select id, kind, -amount as amount, debit_balance_after as "balanceAfter", debit_sequence as sequence,
       session_id as "sessionId", purchase_id as "purchaseId", description, created_at as "createdAt"
     from transfers
     where debit_account_id = $1 and debit_sequence is not null and debit_sequence < $2
     order by debit_sequence desc limit $3)
    union all
    (select id, kind, amount, credit_balance_after, credit_sequence, session_id, purchase_id, description, created_at
     from transfers
     where credit_account_id = $1 and credit_sequence is not null and credit_sequence < $2
     order by credit_sequence desc limit $3)
  ) lines
  order by sequence desc
  limit $3`
