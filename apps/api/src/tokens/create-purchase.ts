import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import { IDEMPOTENCY_HOURS } from '../http/idempotency.ts'
import { createId } from '../id.ts'
import type { Price } from './price.ts'
import { PURCHASE_COLUMNS, type PurchaseRow, RECONCILE_AFTER_MS } from './purchase.ts'

/**
 * Records that somebody is about to pay, before Stripe hears of it: its id is what Stripe's events will name.
 *
 * With a `subject`, the fingerprint of a request with an `Idempotency-Key`, a repetition gets the purchase that
 * the first try began, and through its id the very same Checkout Session. The edge holds a lock on the subject.
 *
 * @throws {Problem} `unauthenticated` when the account behind a still valid access token is gone.
 */
export async function createPurchase(
  tx: Tx,
  input: {
    userId: string
    price: Price
    tokenPriceCents: number
    currency: string
    subject: string | undefined
    now: Date
  },
): Promise<PurchaseRow> {
  const { userId, price, tokenPriceCents, currency, subject, now } = input
  if (subject !== undefined) {
    const since = new Date(now.getTime() - IDEMPOTENCY_HOURS * 3_600_000)
    const [begun] = await tx.query<PurchaseRow>(resumePurchaseSql, [subject, userId, since])
    if (begun) return begun
  }
  const [created] = await tx.query<PurchaseRow>(createPurchaseSql, [
    createId('pur', now),
    userId,
    price.tokens,
    price.amountCents,
    currency,
    price.discountPercent,
    subject ?? null,
    now,
    tokenPriceCents,
    new Date(now.getTime() + RECONCILE_AFTER_MS),
  ])
  if (!created) throw new Problem('unauthenticated', {}, 'the account is gone')
  return created
}

// One that failed because Stripe was away is tried again; one that has its checkout stays as it is.
const resumePurchaseSql = `
  update purchases set status = case when status = 'failed' and checkout_url is null then 'pending' else status end
  where request_subject = $1 and user_id = $2 and created_at > $3
  returning ${PURCHASE_COLUMNS}`

// Waits for a deletion of the account that is under way: nobody could spend the tokens.
const createPurchaseSql = `
  insert into purchases (id, user_id, status, tokens, amount_cents, currency, discount_percent, request_subject, created_at,
    token_price_cents, reconcile_at)
  select $1, u.id, 'pending', $3::bigint, $4::bigint, $5, $6::integer, $7, $8::timestamptz, $9::bigint,
    $10::timestamptz
  from users u where u.id = $2 and u.deleted_at is null for key share
  returning ${PURCHASE_COLUMNS}`
