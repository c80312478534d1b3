import { assert } from '../assert.ts'
import { stepCentsOf } from '../currency.ts'
import type { Tx } from '../db.ts'
import { formatMoney } from '../tokens/format-money.ts'
import { getPurchase } from '../tokens/get-purchase.ts'
import { describeTokens, refundedCentsSql } from '../tokens/purchase.ts'
import type { PurchaseReceipt } from './receipt.ts'

interface Facts {
  tokenPriceCents: number | null
  refundedCents: number
  disputedCents: number
  paidAt: Date | null
  owedTokens: number
}

export interface LedgerLineRow {
  id: string
  kind: string
  amount: number
  balanceAfter: number
  description: string
  createdAt: Date
}

export const presentLine = ({ createdAt, ...line }: LedgerLineRow) => ({
  ...line,
  createdAt: createdAt.toISOString(),
})

/**
 * What a purchase cost, and every line it wrote into the wallet.
 *
 * @throws {Problem} `purchase_not_found`, also for somebody else's.
 */
export async function getPurchaseReceipt(
  tx: Tx,
  input: { purchaseId: string; userId: string },
): Promise<PurchaseReceipt> {
  const { purchaseId, userId } = input
  const purchase = await getPurchase(tx, input)
  const [facts] = await tx.query<Facts>(factsSql, [purchaseId])
  assert(facts, 'the purchase was read a moment ago')
  const ledger = await tx.query<LedgerLineRow>(listLinesSql, [purchaseId, userId])
  const { tokens, amountCents, discountPercent, currency } = purchase
  const { tokenPriceCents, refundedCents, disputedCents, paidAt, owedTokens } = facts
  const listPriceCents = tokenPriceCents === null ? null : tokens * tokenPriceCents
  const receipt: Omit<PurchaseReceipt, 'lines'> = {
    purchaseId,
    status: purchase.status,
    isPaid: paidAt !== null,
    createdAt: purchase.createdAt.toISOString(),
    paidAt: paidAt?.toISOString() ?? null,
    currency,
    tokens,
    tokenPriceCents,
    listPriceCents,
    discountPercent,
    discountCents: listPriceCents === null ? null : listPriceCents - amountCents,
    amountCents,
    refundedCents,
    disputedCents,
    owedTokens,
    ledger: ledger.map(presentLine),
  }
  return { ...receipt, lines: describePrice(receipt) }
}

function describePrice(receipt: Omit<PurchaseReceipt, 'lines'>): PurchaseReceipt['lines'] {
  const { tokens, tokenPriceCents, listPriceCents, discountPercent, discountCents, currency } = receipt
  const { amountCents, refundedCents, disputedCents, isPaid } = receipt
  const discount = discountPercent > 0 && `${discountPercent} % discount`
  const isRounded = listPriceCents !== null && listPriceCents * (100 - discountPercent) !== amountCents * 100
  const rounded = isRounded ? `, the price rounded to ${formatMoney(stepCentsOf(currency), currency)}` : ''
  return [
    tokenPriceCents === null
      ? { text: [describeTokens(tokens), discount].filter(Boolean).join(', '), amountCents: null }
      : {
          text: `${describeTokens(tokens)} at ${formatMoney(tokenPriceCents, currency)}`,
          amountCents: listPriceCents,
        },
    ...(discount && discountCents !== null
      ? [{ text: `${discount}${rounded}`, amountCents: -discountCents }]
      : []),
    { text: isPaid ? 'Paid' : 'To pay', amountCents },
    ...(refundedCents > 0 ? [{ text: 'Refunded', amountCents: -refundedCents }] : []),
    ...(disputedCents > 0 ? [{ text: 'Disputed at the bank', amountCents: -disputedCents }] : []),
  ]
}

const factsSql = `
  select p.token_price_cents as "tokenPriceCents", ${refundedCentsSql('p')} as "refundedCents",
    p.disputed_cents as "disputedCents", p.paid_at as "paidAt",
    coalesce((select sum(t.amount) from transfers t where t.purchase_id = p.id and t.kind = 'debt'), 0) as "owedTokens"
  from purchases p where p.id = $1`

const listLinesSql = `
  select id, kind, case when credit_account_id = $2 then amount else -amount end as amount,
    coalesce(credit_balance_after, debit_balance_after) as "balanceAfter", description, created_at as "createdAt"
  from transfers
  where purchase_id = $1 and $2 in (credit_account_id, debit_account_id)
  order by coalesce(credit_sequence, debit_sequence)`
