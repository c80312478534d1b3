import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import { getPurchaseReceipt, type LedgerLineRow, presentLine } from './get-purchase-receipt.ts'
import { getSessionReceipt } from './get-session-receipt.ts'
import type { BalanceChange, SessionReceipt } from './receipt.ts'

interface LineRow extends LedgerLineRow {
  sessionId: string | null
  purchaseId: string | null
  /** What was taken back with it and had been spent already. */
  owed: number | null
}

/**
 * Why a balance changed: a line of the wallet, and the receipt of the session or the purchase behind it.
 *
 * @throws {Problem} `history_line_not_found`, also for a line of somebody else's wallet.
 */
export async function getBalanceChange(
  tx: Tx,
  input: { lineId: string; userId: string; now: Date },
): Promise<BalanceChange> {
  const { lineId, userId } = input
  const [row] = await tx.query<LineRow>(findLineSql, [lineId, userId])
  if (!row) throw new Problem('history_line_not_found')
  const { sessionId, purchaseId, owed, ...found } = row
  const line = presentLine(found)
  const sum = `${line.balanceAfter - line.amount} ${line.amount < 0 ? '−' : '+'} ${Math.abs(line.amount)} = ${line.balanceAfter} tokens`
  const rest = owed === null ? [] : [describeOwed(-line.amount, owed)]
  const because = [...(REASONS[line.kind] ?? []), line.description, ...rest, sum]
  if (purchaseId !== null)
    return { line, because, purchase: await getPurchaseReceipt(tx, { purchaseId, userId }) }
  if (sessionId === null) return { line, because }
  const session = await getSessionReceipt(tx, { ...input, sessionId })
  return { line, because: line.kind === 'charge' ? [...describeSession(session), sum] : because, session }
}

const describeSession = ({ providerName, lines }: SessionReceipt) => [
  `A session with ${providerName}`,
  ...lines.slice(0, -1).map(({ text, tokens }) => (tokens === null ? text : `${text}: ${tokens}`)),
]

const describeOwed = (taken: number, owed: number) =>
  `${taken + owed} in all: ${taken} from what could be spent, and ${owed} that could not, which are owed`

const REASONS: Record<string, string[]> = {
  purchase: ['A purchase was paid'],
  refund: [
    'A purchase was refunded, in whole or in part: the same part of its tokens is taken back, rounded down',
  ],
  dispute: [
    'The payment of a purchase was disputed at the bank: its tokens are taken back until that is settled',
  ],
  dispute_won: ['The bank decided that the payment stands'],
  debt_repaid: ['Tokens that had been spent when their payment was given back are owed, and paid back first'],
  promotion: ['A gift'],
  correction: ['A line was wrong and is put right'],
}

// What one reversal took and what it left owing were written by one transaction.
const findLineSql = `
  select t.id, t.kind, case when t.credit_account_id = $2 then t.amount else -t.amount end as amount,
    case when t.credit_account_id = $2 then t.credit_balance_after else t.debit_balance_after end as "balanceAfter",
    t.description, t.created_at as "createdAt", t.session_id as "sessionId", t.purchase_id as "purchaseId",
    (select sum(o.amount) from transfers o
     where t.kind in ('refund', 'dispute') and o.purchase_id = t.purchase_id and o.kind = 'debt'
       and o.created_at = t.created_at and o.written_by = t.written_by) as owed
  from transfers t where t.id = $1 and $2 in (t.credit_account_id, t.debit_account_id)`
