import { stepCentsOf } from '../currency.ts'
import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import { createId } from '../id.ts'
import { FOUND_PURCHASE_COLUMNS } from './list-found.ts'
import type { FoundPurchaseRow, RefundRow } from './looking-up.ts'

export const REFUND_COLUMNS = `
  id, purchase_id as "purchaseId", amount_cents as "amountCents", status, reason,
  stripe_refund_id as "stripeRefundId", requested_by as "requestedBy", created_at as "createdAt"`

export interface BegunRefund {
  refund: RefundRow
  purchase: FoundPurchaseRow
}

/**
 * Notes that money will be given back, before Stripe hears of it. One that is still `pending` is taken up again by the same
 * amount and hinders every other: its id makes Stripe give it once, however often and however late it is asked.
 *
 * @param amountCents what to give back; undefined for all that is left
 * @throws {Problem} `purchase_not_found`, `purchase_not_refundable`, `refund_exceeds_paid`, `validation_failed`
 */
export async function beginRefund(
  tx: Tx,
  input: {
    purchaseId: string
    amountCents: number | undefined
    reason: string
    operatorId: string
    now: Date
  },
): Promise<BegunRefund> {
  const { purchaseId, reason, operatorId, now } = input
  // The purchase's row is what two operators meet at; Stripe's events lock it, too.
  await tx.query(lockPurchaseSql, [purchaseId])
  const [purchase] = await tx.query<FoundPurchaseRow & { isPaid: boolean }>(findPurchaseSql, [purchaseId])
  if (!purchase) throw new Problem('purchase_not_found')
  const { disputedCents } = purchase
  if (!purchase.isPaid || disputedCents === purchase.amountCents || purchase.paymentIntentId === null)
    throw new Problem('purchase_not_refundable')
  const known = await tx.query<RefundRow>(listRefundsSql, [purchaseId])
  const pending = known.find(({ status }) => status === 'pending')
  const sent = known
    .filter(({ status }) => status === 'sent')
    .reduce((sum, { amountCents }) => sum + amountCents, 0)
  // Refunds made in Stripe's own dashboard are in refundedCents; ours are until the event comes only here.
  const left = Math.max(0, purchase.amountCents - disputedCents - Math.max(purchase.refundedCents, sent))
  const amountCents = input.amountCents ?? left
  const step = stepCentsOf(purchase.currency)
  if (amountCents % step !== 0) {
    const message = `must be a multiple of ${step} in ${purchase.currency}`
    throw new Problem('validation_failed', { errors: [{ path: '/amountCents', message }] })
  }
  if (pending) {
    // Who asks for all that is left means no older part of it.
    if (pending.amountCents === amountCents) return { refund: pending, purchase }
    throw new Problem('purchase_not_refundable', {
      detail: `A refund of ${pending.amountCents} is under way: ask for ${pending.amountCents} again first.`,
    })
  }
  if (left === 0 || amountCents > left) {
    throw new Problem('refund_exceeds_paid', {
      required: amountCents,
      available: left,
      detail: `${left} of ${purchase.amountCents} can be given back.`,
    })
  }
  const [refund] = await tx.query<RefundRow>(insertRefundSql, [
    createId('rfd', now),
    purchaseId,
    amountCents,
    reason,
    operatorId,
    now,
  ])
  return { refund: refund as RefundRow, purchase }
}

/** What Stripe answered: its id for the refund, or null where it refused. One that failed at the bank by now has failed. */
export async function settleRefund(
  tx: Tx,
  { id, purchaseId, stripeRefundId }: { id: string; purchaseId: string; stripeRefundId: string | null },
): Promise<RefundRow> {
  // Stripe's events lock it, too: a failure is noted by now, or finds Stripe's id here.
  await tx.query(lockPurchaseSql, [purchaseId])
  const [refund] = await tx.query<RefundRow>(settleRefundSql, [id, stripeRefundId])
  return refund as RefundRow
}

const lockPurchaseSql = 'select from purchases where id = $1 for update'

// By itself, after the lock: the one that waits for it would else not see the single refunds that were noted meanwhile.
const findPurchaseSql = `
  select ${FOUND_PURCHASE_COLUMNS}, paid_at is not null as "isPaid" from purchases where id = $1`

export const listRefundsSql = `select ${REFUND_COLUMNS} from refunds where purchase_id = $1 order by id`

const insertRefundSql = `
  insert into refunds (id, purchase_id, amount_cents, reason, status, requested_by, created_at)
  values ($1, $2, $3, $4, 'pending', $5, $6)
  returning ${REFUND_COLUMNS}`

const settleRefundSql = `
  update refunds r set stripe_refund_id = $2, status = case
    when $2::text is null or exists (
      select from stripe_refunds told
      where told.tenant_id = r.tenant_id and told.purchase_id = r.purchase_id and told.id = $2 and told.failed_at is not null
    ) then 'failed' else 'sent' end
  where r.id = $1 returning ${REFUND_COLUMNS}`
