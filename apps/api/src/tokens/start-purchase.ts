import { assert } from '../assert.ts'
import type { Tx } from '../db.ts'
import type { StartedCheckout } from './checkout.ts'
import { PURCHASE_COLUMNS, type PurchaseRow } from './purchase.ts'

/** Notes where the purchase can be paid. */
export async function startPurchase(
  tx: Tx,
  input: { purchaseId: string; checkout: StartedCheckout },
): Promise<PurchaseRow> {
  const { purchaseId, checkout } = input
  const [purchase] = await tx.query<PurchaseRow>(startPurchaseSql, [
    purchaseId,
    checkout.checkoutUrl,
    checkout.checkoutSessionId,
  ])
  assert(purchase, 'a purchase that was begun is there')
  return purchase
}

// A twin of this request may have failed a moment ago; the payment itself may already have arrived, and stays.
const startPurchaseSql = `
  update purchases set checkout_url = $2, checkout_session_id = $3,
    status = case when status = 'failed' and checkout_url is null then 'pending' else status end
  where id = $1
  returning ${PURCHASE_COLUMNS}`
