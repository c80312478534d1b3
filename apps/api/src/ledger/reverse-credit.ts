import { assert } from '../assert.ts'
import type { Tx } from '../db.ts'
import { createId } from '../id.ts'

/** Takes a credit back: what is available at once, the rest as a debt that blocks new sessions. */
export async function reverseCredit(
  tx: Tx,
  input: {
    tenantId: string
    walletId: string
    kind: 'refund' | 'dispute'
    toAccountId: string
    amount: number
    purchaseId: string | null
    reversesId: string
    description: string
    now: Date
  },
): Promise<{ taken: number; owed: number }> {
  const { tenantId, walletId, kind, toAccountId, amount, purchaseId, reversesId, description, now } = input
  assert(Number.isSafeInteger(amount) && amount > 0, 'a reversal is a whole amount above zero')
  const [reversal] = await tx.query<{ taken: number; owed: number }>(
    'select taken, owed from reverse_credit($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)',
    [
      tenantId,
      walletId,
      kind,
      toAccountId,
      amount,
      purchaseId,
      reversesId,
      description,
      [createId('trf', now), createId('trf', now)],
      now,
    ],
  )
  assert(reversal && reversal.taken + reversal.owed === amount, 'a reversal is fully accounted for')
  return reversal
}
