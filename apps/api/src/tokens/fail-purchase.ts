import type { Tx } from '../db.ts'

/** Nobody got an address to pay at, so this purchase cannot be paid; one that has a checkout stays as it is. */
export async function failPurchase(tx: Tx, { purchaseId }: { purchaseId: string }): Promise<void> {
  await tx.query(
    `update purchases set status = 'failed' where id = $1 and status = 'pending' and checkout_url is null`,
    [purchaseId],
  )
}
