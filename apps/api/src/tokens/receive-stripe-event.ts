import type { Tx } from '../db.ts'
import { settlePurchase } from './settle-purchase.ts'
import type { StripeEvent, StripeFact } from './stripe-event.ts'

/** What became of an event. `refused` and `unmatched` deserve a look. */
export interface Receipt {
  eventId: string
  type: string
  outcome: 'applied' | 'ignored' | 'refused' | 'unmatched' | 'repeated'
  purchaseId?: string | undefined
  why?: string | undefined
  /** The refund that failed by it: the money is back at Stripe, and the buyer has to get it another way. */
  failedRefundId?: string | undefined
}

interface LockedPurchase {
  tenantId: string
  id: string
  status: string
  amountCents: number
  currency: string
  paymentIntentId: string | null
  isPaid: boolean
}

type Verdict = Pick<Receipt, 'outcome' | 'purchaseId' | 'why' | 'failedRefundId'>

/**
 * Applies an event once, in the transaction that notes it: the first insert of its id wins, copies wait for that
 * to commit and then find it. Locks, in this order: the event, its payment intent, the purchase, the wallet.
 *
 * The first receipt is this event's; more follow for events that had been waiting for this payment intent.
 *
 * @param input.isUndelivered it was found in Stripe's list, not sent
 */
export async function receiveStripeEvent(
  tx: Tx,
  { event, now, isUndelivered = false }: { event: StripeEvent; now: Date; isUndelivered?: boolean },
): Promise<[Receipt, ...Receipt[]]> {
  const { id, type, fact } = event
  const paymentIntentId = 'paymentIntentId' in fact ? fact.paymentIntentId : undefined
  const kept = { fact, at: (event.at ?? now).toISOString() }
  const [claimed] = await tx.query(claimSql, [
    id,
    type,
    paymentIntentId ?? null,
    JSON.stringify(kept),
    now,
    isUndelivered,
  ])
  if (!claimed) {
    if (!isUndelivered) await tx.query(noteDeliveredSql, [id])
    return [{ eventId: id, type, outcome: 'repeated' }]
  }
  // Without it, a refund that finds no purchase yet and the payment that would adopt it could miss each other.
  if (paymentIntentId !== undefined) {
    await tx.query('select pg_advisory_xact_lock(hashtextextended($1, 7306))', [paymentIntentId])
  }
  const touched = new Map<string, string>()
  const first = await apply(tx, { eventId: id, type, fact, at: event.at ?? now, now, touched })
  const receipts: [Receipt, ...Receipt[]] = [first]
  if ((fact.kind === 'paid' || fact.kind === 'awaited') && first.outcome === 'applied' && paymentIntentId) {
    const waiting = await tx.query<{ id: string; type: string; payload: { fact: StripeFact; at: string } }>(
      listUnmatchedSql,
      [paymentIntentId],
    )
    for (const { payload, ...unmatched } of waiting) {
      const at = new Date(payload.at)
      receipts.push(
        await apply(tx, {
          eventId: unmatched.id,
          type: unmatched.type,
          fact: payload.fact,
          at,
          now,
          touched,
        }),
      )
    }
  }
  // Once, from all that is known then: each of them alone would book what the next one takes back.
  for (const [purchaseId, tenantId] of touched) await settlePurchase(tx, { tenantId, purchaseId, now })
  return receipts
}

interface Application {
  eventId: string
  type: string
  fact: StripeFact
  at: Date
  now: Date
  /** The purchases that something was noted of, with their tenants. */
  touched: Map<string, string>
}

async function apply(tx: Tx, application: Application): Promise<Receipt> {
  const { eventId, type } = application
  const verdict = await judge(tx, application)
  const { outcome, purchaseId, why } = verdict
  await tx.query(noteSql, [eventId, outcome, purchaseId ?? null, why ?? null])
  return { eventId, type, ...verdict }
}

async function judge(tx: Tx, { fact, at, now, touched }: Application): Promise<Verdict> {
  if (fact.kind === 'unknown') return { outcome: 'ignored' }
  if (fact.kind === 'malformed') return { outcome: 'refused', purchaseId: fact.purchaseId, why: fact.why }
  const paymentIntentId = 'paymentIntentId' in fact ? fact.paymentIntentId : undefined
  // A checkout names its purchase, and that alone is paid; refunds and disputes are of a payment intent.
  const isOfCheckout = fact.kind === 'paid' || fact.kind === 'awaited' || fact.kind === 'failed'
  const named = await tx.query<LockedPurchase>(lockPurchasesSql, [
    fact.purchaseId ?? null,
    (isOfCheckout ? undefined : paymentIntentId) ?? null,
  ])
  const refuse = (why: string): Verdict => ({
    outcome: 'refused',
    purchaseId: fact.purchaseId ?? named[0]?.id,
    why,
  })
  // One without a payment intent of its own, as it came with another's, is meant where an event names it.
  const [purchase] =
    named.length > 1
      ? named.filter((one) => one.id === fact.purchaseId && one.paymentIntentId === null)
      : named
  if (named.length > 1 && !purchase) return refuse('its payment intent belongs to another purchase')
  if (!purchase) {
    // A purchase that is named and not there will not come; a payment intent may still get its purchase.
    if (fact.purchaseId !== undefined) return refuse('there is no such purchase')
    return { outcome: 'unmatched' }
  }
  if (fact.purchaseId !== undefined && fact.purchaseId !== purchase.id) {
    return refuse('its payment intent belongs to another purchase')
  }
  const isOther =
    paymentIntentId !== undefined && (purchase.paymentIntentId ?? paymentIntentId) !== paymentIntentId
  // What was only waited for gives way to what pays.
  if (isOther && !(fact.kind === 'paid' && !purchase.isPaid))
    return refuse('the purchase was paid by another payment intent')
  const { tenantId, id: purchaseId } = purchase
  const key = [tenantId, purchaseId] as const

  switch (fact.kind) {
    case 'awaited':
      await tx.query(notePaymentIntentSql, [...key, paymentIntentId ?? null])
      break
    case 'paid':
      if (fact.amountCents !== purchase.amountCents || fact.currency !== purchase.currency) {
        return refuse(
          `paid ${fact.amountCents} ${fact.currency}, the price is ${purchase.amountCents} ${purchase.currency}`,
        )
      }
      await tx.query(notePaymentIntentSql, [...key, paymentIntentId ?? null])
      await tx.query(notePaidSql, [...key, now])
      break
    case 'failed':
      // The money came all the same, or it had failed before.
      if (purchase.status !== 'pending') return { outcome: 'ignored', purchaseId }
      await tx.query(noteFailedSql, key)
      break
    case 'refunded':
      if (fact.currency !== undefined && fact.currency !== purchase.currency) {
        return refuse(`refunded in ${fact.currency}, paid in ${purchase.currency}`)
      }
      await tx.query(noteRefundSql, [...key, fact.refundedCents])
      break
    case 'refund': {
      if (fact.currency !== undefined && fact.currency !== purchase.currency) {
        return refuse(`refunded in ${fact.currency}, paid in ${purchase.currency}`)
      }
      const { refundId, amountCents, hasFailed } = fact
      const cents = Math.min(amountCents, purchase.amountCents)
      const [noted] = await tx.query(noteOneRefundSql, [...key, refundId, cents, hasFailed ? now : null])
      if (!noted || !hasFailed) break
      await tx.query(failOwnRefundSql, [...key, refundId])
      touched.set(purchaseId, tenantId)
      return { outcome: 'applied', purchaseId, failedRefundId: refundId }
    }
    case 'disputed': {
      const status = fact.isInquiry ? 'inquiry' : 'open'
      await tx.query(noteDisputeSql, [...key, fact.disputeId, status, centsDisputed(fact, purchase)])
      break
    }
    case 'dispute_closed': {
      const status = fact.isWon ? 'won' : 'lost'
      await tx.query(noteDisputeClosedSql, [
        ...key,
        fact.disputeId,
        status,
        centsDisputed(fact, purchase),
        at,
      ])
      break
    }
  }
  touched.set(purchaseId, tenantId)
  return { outcome: 'applied', purchaseId }
}

/** All of it where nothing else is said, or said in another currency, which a bank may do. */
function centsDisputed(
  fact: { amountCents?: number; currency?: string },
  { amountCents, currency }: LockedPurchase,
): number {
  const isKnown = fact.currency === undefined || fact.currency === currency
  return Math.min(amountCents, (isKnown ? fact.amountCents : undefined) ?? amountCents)
}

const claimSql = `
  insert into stripe_events (id, type, payment_intent_id, outcome, payload, received_at, is_undelivered)
  values ($1, $2, $3, 'ignored', $4, $5, $6)
  on conflict (id) do nothing
  returning id`

const noteDeliveredSql = 'update stripe_events set is_undelivered = false where id = $1 and is_undelivered'

const noteSql = `
  update stripe_events set outcome = $2, purchase_id = $3, refused_because = $4 where id = $1`

const listUnmatchedSql = `
  select id, type, payload from stripe_events
  where payment_intent_id = $1 and outcome = 'unmatched' order by received_at, id`

// By the purchase that is named and by the payment intent: when these are two, somebody mixes them up.
const lockPurchasesSql = `
  select tenant_id as "tenantId", id, status, amount_cents as "amountCents", currency,
    payment_intent_id as "paymentIntentId", paid_at is not null as "isPaid"
  from purchases where id = $1 or payment_intent_id = $2
  order by id for update`

// That of another purchase stays with it, or a refund would not know which of them it is of; then this one has none.
const notePaymentIntentSql = `
  update purchases set payment_intent_id = case
    when exists (select from purchases other where other.payment_intent_id = $3 and other.id <> $2) then null else $3 end
  where tenant_id = $1 and id = $2 and (payment_intent_id is null or paid_at is null) and $3::text is not null`

const notePaidSql = `
  update purchases set paid_at = coalesce(paid_at, $3) where tenant_id = $1 and id = $2`

const noteFailedSql = `update purchases set status = 'failed' where tenant_id = $1 and id = $2`

// Stripe's figure is the sum of all refunds that were made, so an older event brings a smaller one and changes nothing.
const noteRefundSql = `
  update purchases set refunded_cents = greatest(refunded_cents, least($3, amount_cents))
  where tenant_id = $1 and id = $2`

// What has failed stays so: no refund succeeds after it failed.
const noteOneRefundSql = `
  insert into stripe_refunds as r (tenant_id, purchase_id, id, amount_cents, failed_at) values ($1, $2, $3, $4, $5)
  on conflict (tenant_id, purchase_id, id) do update set failed_at = excluded.failed_at
  where r.failed_at is null and excluded.failed_at is not null
  returning id`

// Where it is still pending, Stripe's answer is on its way and finds what is noted here.
const failOwnRefundSql = `
  update refunds set status = 'failed' where tenant_id = $1 and purchase_id = $2 and stripe_refund_id = $3`

// An inquiry becomes a dispute and never the other way round, and what is closed stays so. Of what is told of an open one
// the greater amount counts: which of two was said last, nothing tells for sure.
const noteDisputeSql = `
  insert into stripe_disputes as d (tenant_id, purchase_id, id, status, amount_cents) values ($1, $2, $3, $4, $5)
  on conflict (tenant_id, purchase_id, id) do update set status = excluded.status, amount_cents = excluded.amount_cents
  where d.status = 'inquiry'
    or (d.status = 'open' and excluded.status = 'open' and d.amount_cents < excluded.amount_cents)`

// The close may come before the opening, which then changes nothing; of two closes the later one counts.
const noteDisputeClosedSql = `
  insert into stripe_disputes as d (tenant_id, purchase_id, id, status, amount_cents, closed_at)
  values ($1, $2, $3, $4, $5, $6)
  on conflict (tenant_id, purchase_id, id) do update set status = excluded.status,
    amount_cents = excluded.amount_cents, closed_at = excluded.closed_at
  where d.closed_at is null or d.closed_at <= excluded.closed_at`
