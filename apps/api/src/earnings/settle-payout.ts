import { assert } from '../assert.ts'
import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import { createId } from '../id.ts'
import { getAccountBalance } from '../ledger/account-balance.ts'
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
 * @throws {Problem} `payout_not_found`, `payout_status_invalid`; `payout_exceeds_payable` where less is left since it was set aside
 */
export async function markPayoutPaid(
  tx: Tx,
  { reference, ...which }: Which & { reference: string },
): Promise<PayoutRow> {
  const { id, now } = which
  const payout = await lockPayout(tx, which)
  if (payout.status === 'paid' && payout.reference === reference) return payout
  if (payout.status !== 'pending') throw new Problem('payout_status_invalid')
  const available = await getAccountBalance(tx, which.providerId)
  if (payout.amount > available)
    throw new Problem('payout_exceeds_payable', { required: payout.amount, available })
  const transferId = createId('trf', now)
  await tx.query(payOutSql, [id, transferId, reference, now])
  return lockPayout(tx, which)
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
  const [cancelled] = await tx.query<PayoutRow>(cancelSql, [which.id, which.now])
  assert(cancelled, 'a locked payout is still there')
  return cancelled
}

async function lockPayout(tx: Tx, { providerId, id }: Which): Promise<PayoutRow> {
  const [payout] = await tx.query<PayoutRow>(lockSql, [providerId, id])
  if (!payout) throw new Problem('payout_not_found')
  return payout
}

const lockSql = `select ${PAYOUT_COLUMNS} from payouts where provider_id = $1 and id = $2 for update`

// The ledger refuses what the provider does not have, were it asked for it: what is less by then is so by a correction alone, and
// payouts of one provider wait for the provider's row. Both sides are accounts without a row of their own.
const payOutSql = 'select pay_out(current_tenant(), $1, $2, $3, $4)'

const cancelSql = `
  update payouts set status = 'cancelled', settled_at = $2
  where id = $1 and status = 'pending'
  returning ${PAYOUT_COLUMNS}`
