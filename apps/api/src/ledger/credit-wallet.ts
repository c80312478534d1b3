import { assert } from '../assert.ts'
import type { Tx } from '../db.ts'
import { createId } from '../id.ts'

/** Adds tokens to a wallet; what the user owes is settled from them at once. */
export async function creditWallet(
  tx: Tx,
  input: {
    tenantId: string
    walletId: string
    kind: 'purchase' | 'promotion' | 'dispute_won' | 'refund_failed'
    fromAccountId: string
    amount: number
    purchaseId: string | null
    reversesId: string | null
    description: string
    now: Date
  },
): Promise<{ transferId: string }> {
  const { tenantId, walletId, kind, fromAccountId, amount, purchaseId, reversesId, description, now } = input
  assert(Number.isSafeInteger(amount) && amount > 0, 'a credit is a whole amount above zero')
  const transferId = createId('trf', now)
  await tx.query('select credit_wallet($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)', [
    tenantId,
    walletId,
    kind,
    fromAccountId,
    amount,
    purchaseId,
    reversesId,
    description,
    [transferId, createId('trf', now)],
    now,
  ])
  return { transferId }
}
