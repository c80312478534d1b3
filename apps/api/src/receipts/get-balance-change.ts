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

/** What a line paid back of one debt. */
interface DebtRow {
  paid: number
  owed: number
  since: Date
  purchaseId: string
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
  const debts = line.kind === 'debt_repaid' ? await tx.query<DebtRow>(listDebtsPaidSql, [lineId, userId]) : []
  const rest = owed === null ? debts.map(describeDebt) : [describeOwed(-line.amount, owed)]
  const because = [...(REASONS[line.kind] ?? []), line.description, ...rest, sum]
  const purchases = new Set(purchaseId === null ? debts.map((debt) => debt.purchaseId) : [purchaseId])
  const [behind] = purchases
  if (purchases.size === 1 && behind)
    return { line, because, purchase: await getPurchaseReceipt(tx, { purchaseId: behind, userId }) }
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

const describeDebt = ({ paid, owed, since, purchaseId }: DebtRow) =>
  `${paid} of the ${owed} owed since ${since.toISOString().slice(0, 10)} for the purchase ${purchaseId}`

const REASONS: Record<string, string[]> = {
  purchase: ['A purchase was paid'],
  refund: [
    'A purchase was refunded, in whole or in part: the same part of its tokens is taken back, rounded down',
  ],
  refund_failed: [
    'A refund did not arrive at the bank and went back to the platform: so do its tokens to you',
  ],
  dispute: [
    'The payment of a purchase was disputed at the bank, in whole or in part: the same part of its tokens is taken back until that is settled',
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

// Each debt is a stretch of all that was ever owed, and so is what each line paid back: the oldest debt comes first, by the line of
// the wallet it came after. Between two that came after the same one nothing was paid back, so there a clock may decide.
const listDebtsPaidSql = `
  with line as (
    select t.amount, sum(r.amount) as until
    from transfers t
    join transfers r on r.tenant_id = t.tenant_id and r.debit_account_id = t.debit_account_id and r.kind = t.kind
      and r.debit_sequence <= t.debit_sequence
    where t.id = $1 and t.debit_account_id = $2
    group by t.amount
  ), debt as (
    select d.amount, d.purchase_id, d.created_at, sum(d.amount) over (order by d.owed_after nulls first, d.created_at, d.id) as until
    from transfers d
    where d.debit_account_id = 'debt:' || $2 and d.kind = 'debt' and d.debit_sequence is null
  )
  select least(d.until, l.until) - greatest(d.until - d.amount, l.until - l.amount) as paid, d.amount as owed,
    d.created_at as since, d.purchase_id as "purchaseId"
  from debt d, line l
  where d.until > l.until - l.amount and d.until - d.amount < l.until
  order by d.until`
