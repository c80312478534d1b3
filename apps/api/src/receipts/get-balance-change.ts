import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import { getPurchaseReceipt, type LedgerLineRow, presentLine } from './get-purchase-receipt.ts'
import { getSessionReceipt } from './get-session-receipt.ts'
import type { BalanceChange } from './receipt.ts'

/**
 * Why a balance changed: a line of the wallet, and the receipt of the session or the purchase behind it.
 *
 * @throws {Problem} `history_line_not_found`, also for a line of somebody else's wallet.
 */
export async function getBalanceChange(
  tx: Tx,
  input: { lineId: string; userId: string; now: Date; marketplaceUrl: string },
): Promise<BalanceChange> {
  const { lineId, userId } = input
  const [row] = await tx.query<LedgerLineRow & { sessionId: string | null; purchaseId: string | null }>(
    findLineSql,
    [lineId, userId],
  )
  if (!row) throw new Problem('history_line_not_found')
  const { sessionId, purchaseId, ...found } = row
  const line = presentLine(found)
  const sum = `${line.balanceAfter - line.amount} ${line.amount < 0 ? '−' : '+'} ${Math.abs(line.amount)} = ${line.balanceAfter} tokens`
  if (sessionId !== null) {
    const session = await getSessionReceipt(tx, { ...input, sessionId })
    const steps = session.lines.slice(0, -1)
    const because = [
      `A session with ${session.providerName}`,
      ...steps.map(({ text, tokens }) => (tokens === null ? text : `${text}: ${tokens}`)),
      sum,
    ]
    return { line, because, session }
  }
  if (purchaseId !== null) {
    const purchase = await getPurchaseReceipt(tx, { purchaseId, userId })
    return { line, because: [...(PURCHASE_REASONS[line.kind] ?? []), line.description, sum], purchase }
  }
  return { line, because: [...(OTHER_REASONS[line.kind] ?? []), line.description, sum] }
}

const PURCHASE_REASONS: Record<string, string[]> = {
  purchase: ['A purchase was paid'],
  refund: [
    'A purchase was refunded, in whole or in part: the same part of its tokens is taken back, rounded down',
  ],
  dispute: [
    'The payment of a purchase was disputed at the bank: its tokens are taken back until that is settled',
  ],
  dispute_won: ['The bank decided that the payment stands'],
}

const OTHER_REASONS: Record<string, string[]> = {
  debt_repaid: ['Tokens that had been spent when their payment was given back are owed, and paid back first'],
  promotion: ['A gift'],
}

const findLineSql = `
  select id, kind, case when credit_account_id = $2 then amount else -amount end as amount,
    case when credit_account_id = $2 then credit_balance_after else debit_balance_after end as "balanceAfter",
    description, created_at as "createdAt", session_id as "sessionId", purchase_id as "purchaseId"
  from transfers where id = $1 and $2 in (credit_account_id, debit_account_id)`
