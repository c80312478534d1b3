import type { Deps } from '../deps.ts'
import { Problem } from '../errors.ts'
import type { AskedSession, Checkout } from './checkout.ts'
import { failPurchase } from './fail-purchase.ts'
import { RECONCILE_AFTER_MS } from './purchase.ts'
import { readCheckoutSession } from './read-checkout-session.ts'
import { type Receipt, receiveStripeEvent } from './receive-stripe-event.ts'
import { reportReceipt } from './report-receipt.ts'

/** In one run: Stripe answers some hundred calls a second, and buyers want to pay meanwhile. */
const ASKED_MAX = 200
/** A request may be repeated for 24 hours, and what it opens is open for 24 more. */
const OPENED_BY_MS = 48 * 3_600_000

interface DuePurchase {
  tenantId: string
  id: string
  checkoutSessionId: string | null
  createdAt: Date
}

/**
 * Asks Stripe what became of purchases of which no event has told, and takes the answer as the event: by the same code, so that one
 * that comes later changes nothing.
 *
 * One after another, each put off before Stripe is asked, so that whatever happens it is neither asked twice at once nor again and
 * again: in 10 minutes, then whenever it is half as old again. While Stripe is away a run ends with the first that it does not
 * answer; the next run begins with another.
 *
 * @param abortSignal ends it after the purchase it is at: a process that is to stop waits for its jobs
 */
export async function reconcilePurchases(
  deps: Pick<Deps, 'db' | 'clock' | 'log'>,
  checkout: Checkout,
  abortSignal?: AbortSignal,
): Promise<void> {
  const { db, clock, log } = deps
  for (let asked = 0; asked < ASKED_MAX && !abortSignal?.aborted; asked += 1) {
    const now = clock()
    const [due] = await db.batch.query<DuePurchase>(claimSql, [now, RECONCILE_AFTER_MS])
    if (!due) return
    const { tenantId, id: purchaseId, checkoutSessionId, createdAt } = due
    try {
      if (checkoutSessionId !== null) await reconcile(deps, checkout, { purchaseId, checkoutSessionId })
      // Whoever asked for it got no address, or it would be noted: nobody can have paid.
      else if (now.getTime() - createdAt.getTime() > OPENED_BY_MS)
        await db.inTenant(tenantId, (tx) => failPurchase(tx, { purchaseId }))
    } catch (error) {
      if (error instanceof Problem && error.code === 'payment_unavailable') return
      log.error({ err: error, purchaseId }, 'a purchase could not be reconciled')
    }
  }
}

async function reconcile(
  { db, clock, log }: Pick<Deps, 'db' | 'clock' | 'log'>,
  checkout: Checkout,
  asked: AskedSession,
): Promise<void> {
  const answer = await checkout.findSession(asked)
  if (!answer) {
    log.warn(asked, 'Stripe does not know the Checkout Session of a purchase')
    return
  }
  const events = readCheckoutSession(answer, asked)
  const receipts = await db.inBatch(async (tx) => {
    const received: Receipt[] = []
    // Without a lock: an event that is applied at this moment is the same to the purchase, only the log says too much then.
    if ((await tx.query(findPendingSql, [asked.purchaseId])).length === 0) return received
    const now = clock()
    for (const event of events) received.push(...(await receiveStripeEvent(tx, { event, now })))
    return received
  })
  for (const receipt of receipts) {
    reportReceipt(log, receipt)
    if (receipt.type === 'reconciliation.paid' && receipt.outcome === 'applied')
      log.warn(asked, 'a payment was found that no event of Stripe had told of')
  }
}

const findPendingSql = `select from purchases where id = $1 and status = 'pending'`

// Put off for everybody at once, and skipped where somebody has it: an event that is being applied, the job of another instance.
const claimSql = `
  update purchases p set reconcile_at = $1 + greatest($2 * interval '1 ms', ($1 - p.created_at) / 2)
  from (
    select tenant_id, id from purchases where status = 'pending' and reconcile_at <= $1
    order by reconcile_at limit 1 for update skip locked
  ) due
  where p.tenant_id = due.tenant_id and p.id = due.id
  returning p.tenant_id as "tenantId", p.id, p.checkout_session_id as "checkoutSessionId", p.created_at as "createdAt"`
