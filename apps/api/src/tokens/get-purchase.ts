import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import { PURCHASE_COLUMNS, type PurchaseRow } from './purchase.ts'

/** @throws {Problem} `purchase_not_found`, also for somebody else's. */
export async function getPurchase(
  tx: Tx,
  { purchaseId, userId }: { purchaseId: string; userId: string },
): Promise<PurchaseRow> {
  const [purchase] = await tx.query<PurchaseRow>(
    `select ${PURCHASE_COLUMNS} from purchases where id = $1 and user_id = $2`,
    [purchaseId, userId],
  )
  if (!purchase) throw new Problem('purchase_not_found')
  return purchase
}
