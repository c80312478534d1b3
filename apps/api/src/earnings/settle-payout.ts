import { assert } from '../assert.ts'
import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import { createId } from '../id.ts'
import { PAYOUT_COLUMNS, type PayoutRow } from './earnings.ts'

interface Which {
  providerId: string
  id: string
  now: Date
}

/**
 * Books a payout that was transferred: provider → payouts, in the ledger, once. Saying it again with the same
 * reference changes nothing.
 *
 * @throws {Problem} `payout_not_found`, `payout_status_invalid`
 */
export async function markPayoutPaid(
  tx: Tx,
  { reference, ...which }: Which & { reference: string },
): Promise<PayoutRow> {
  const { providerId, id, now } = which
  const payout = await lockPayout(tx, which)
  if (payout.status === 'paid' && payout.reference === reference) return payout
  if (payout.status !== 'pending') throw new Problem('payout_status_invalid')
  const transferId = createId('trf', now)
  await tx.query(transferSql, [transferId, providerId, payout.amount, `Payout ${reference}`, now])
  const [paid] = await tx.query<PayoutRow>(settleSql, [id, 'paid', reference, transferId, now])
  assert(paid, 'a locked payout is still there')
  return paid
}

/**
 * Lets go of what was set aside. Repeating it changes nothing.
 *
 * @throws {Problem} `payout_not_found`, `payout_status_invalid`
 */
export async function cancelPayout(tx: Tx, which: Which): Promise<PayoutRow> {
  const payout = await lockPayout(tx, which)
  if (payout.status === 'cancelled') return payout
  if (payout.status !== 'pending') throw new Problem('payout_status_invalid')
  const [cancelled] = await tx.query<PayoutRow>(settleSql, [which.id, 'cancelled', null, null, which.now])
  assert(cancelled, 'a locked payout is still there')
  return cancelled
}

async function lockPayout(tx: Tx, { providerId, id }: Which): Promise<PayoutRow> {
  const [payout] = await tx.query<PayoutRow>(lockSql, [providerId, id])
  if (!payout) throw new Problem('payout_not_found')
  return payout
}

const lockSql = `select ${PAYOUT_COLUMNS} from payouts where provider_id = $1 and id = $2 for update`

// Both sides are accounts without a row of their own, so nothing else is locked.
const transferSql = `
  insert into transfers (tenant_id, id, kind, debit_account_id, credit_account_id, amount, description, created_at)
  values (current_tenant(), $1, 'payout', $2, 'payouts', $3, $4, $5)`

const settleSql = `
  update payouts set status = $2, reference = $3, transfer_id = $4, settled_at = $5
  where id = $1 and status = 'pending'
  returning ${PAYOUT_COLUMNS}`
