import { assert } from '../assert.ts'
import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import { createId } from '../id.ts'
import { PAYOUT_COLUMNS, type PayoutRow } from './earnings.ts'
import { getEarnings } from './get-earnings.ts'

/**
 * Sets an amount aside to be paid out; all that is payable when none is named. Needs the provider's row locked, so
 * that two payouts cannot both take what is there once.
 *
 * @throws {Problem} `email_not_verified`; `payout_exceeds_payable`, with `required` and `available`
 */
export async function createPayout(
  tx: Tx,
  input: {
    providerId: string
    amount: number | undefined
    tokenPriceCents: number
    currency: string
    createdBy: string
    now: Date
  },
): Promise<PayoutRow> {
  const { providerId, tokenPriceCents, currency, createdBy, now } = input
  const [owner] = await tx.query<{ isVerified: boolean }>(ownerSql, [providerId])
  if (!owner?.isVerified) throw new Problem('email_not_verified')
  const { payable } = await getEarnings(tx, { providerId, now })
  const amount = input.amount ?? payable
  if (amount > payable || amount === 0)
    throw new Problem('payout_exceeds_payable', { required: Math.max(1, amount), available: payable })
  const amountCents = amount * tokenPriceCents
  assert(Number.isSafeInteger(amountCents), 'a payout is a safe amount')
  const [row] = await tx.query<PayoutRow>(createPayoutSql, [
    createId('pay', now),
    providerId,
    amount,
    amountCents,
    currency,
    createdBy,
    now,
  ])
  assert(row, 'a payout was written')
  return row
}

// Money goes out to whoever can be reached, and to nobody else; all else an unverified address may do.
const ownerSql = `
  select u.email_verified_at is not null as "isVerified"
  from providers p join users u on u.id = p.owner_id where p.id = $1`

const createPayoutSql = `
  insert into payouts (id, provider_id, amount, amount_cents, currency, created_by, created_at)
  values ($1, $2, $3, $4, $5, $6, $7)
  returning ${PAYOUT_COLUMNS}`
