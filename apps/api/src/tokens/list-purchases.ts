import type { Tx } from '../db.ts'
import { PURCHASE_COLUMNS, type PurchaseRow } from './purchase.ts'

/** Longer than any id of a purchase and, digit by digit, not below it. */
const AFTER_EVERY_ID = `pur_${'z'.repeat(27)}`

/** A user's purchases, newest first, those before `before` only. */
export function listPurchases(
  tx: Tx,
  { userId, limit, before }: { userId: string; limit: number; before?: string | undefined },
): Promise<PurchaseRow[]> {
  return tx.query<PurchaseRow>(listPurchasesSql, [userId, before ?? AFTER_EVERY_ID, limit])
}

const listPurchasesSql = `
  select ${PURCHASE_COLUMNS} from purchases where user_id = $1 and id < $2 order by id desc limit $3`
