import { sumSettled } from '../analytics/activity.ts'
import { FIRST_INSTANT, LAST_INSTANT } from '../analytics/analytics.ts'
import type { Tx } from '../db.ts'
import { getAccountBalance } from '../ledger/account-balance.ts'
import { type Earnings, PAYABLE_AFTER_DAYS } from './earnings.ts'

const QUARTER_MS = 15 * 60_000

/**
 * What a provider has earned, and what of it can be paid out now.
 *
 * Tokens in a wallet do not remember the purchase they came from, so nothing can say which purchase paid for a
 * session. Held back is therefore everything a disputed purchase could have paid for: what the provider earned from
 * its buyer in sessions that ended after it, for as long as the bank asks about it, the dispute is open, or lost and the
 * buyer in debt, or out of it for less than 30 days: what paid the debt can be disputed as well. So can a purchase that was in
 * the wallet already when the tokens were taken from there. Of a buyer whose other purchases were taken back that is what those
 * had been spent on, too: this one made up for them.
 */
export async function getEarnings(
  tx: Tx,
  { providerId, now }: { providerId: string; now: Date },
): Promise<Earnings> {
  // Whole quarters of an hour, because that is what is written down; up to one too late, never too early.
  const matureMs = now.getTime() - PAYABLE_AFTER_DAYS * 86_400_000
  const matureUntil = new Date(Math.floor(matureMs / QUARTER_MS) * QUARTER_MS)
  const mature = await sumSettled(tx, { providerId, from: FIRST_INSTANT, to: matureUntil })
  const recent = await sumSettled(tx, { providerId, from: matureUntil, to: LAST_INSTANT })
  const balance = await getAccountBalance(tx, providerId)
  const [held] = await tx.query<{ disputed: number }>(disputedSql, [providerId, matureUntil])
  const [payouts] = await tx.query<{ setAside: number; paidOut: number }>(payoutsSql, [providerId])
  const disputed = held?.disputed ?? 0
  const { setAside = 0, paidOut = 0 } = payouts ?? {}
  // The same twice, by the figures and by the ledger: whatever either may miss, no more is due than both say. What was booked back is
  // not due from when on it was, however old the session is.
  const byFigures = mature.gross - mature.fee - mature.refunded - recent.refunded - paidOut
  const byLedger = balance - (recent.gross - recent.fee)
  const due = Math.max(0, Math.min(byFigures, byLedger))
  return {
    providerId,
    balance,
    pending: Math.max(0, balance - due),
    disputed,
    setAside,
    // Below zero when a dispute comes after a payout: then later earnings make up for it first.
    payable: Math.max(0, due - disputed - setAside),
    paidOut,
    payableAfterDays: PAYABLE_AFTER_DAYS,
    matureUntil: matureUntil.toISOString(),
  }
}

// From the few disputes to their buyers, to the sessions of those with this provider. `n` is young enough to be disputed, and was
// there when `r` took something back from the wallet.
const disputedSql = `
  with buyers as (
    select p.user_id, min(least(p.paid_at, o.paid_at)) as since
    from stripe_disputes d
    join purchases p on p.tenant_id = d.tenant_id and p.id = d.purchase_id and p.paid_at is not null
    join wallets w on w.tenant_id = p.tenant_id and w.id = p.user_id
    left join purchases o on o.tenant_id = p.tenant_id and o.user_id = p.user_id and o.reversed_tokens > 0
    where d.status in ('inquiry', 'open') or (d.status = 'lost' and (w.debt > 0 or exists (
      select from transfers r
      where r.tenant_id = w.tenant_id and r.credit_account_id = 'debt:' || w.id and r.credit_sequence is null
        and r.created_at >= $2
    ) or exists (
      select from purchases n
      join transfers r on r.tenant_id = n.tenant_id and r.purchase_id = p.id and r.debit_account_id = n.user_id
      where n.tenant_id = p.tenant_id and n.user_id = p.user_id and n.id <> p.id and n.paid_at >= $2
        and n.paid_at <= r.created_at
    )))
    group by p.user_id
  )
  select coalesce(sum(case when t.kind = 'charge' then t.amount else -t.amount end), 0) as disputed
  from buyers b
  join sessions s on s.user_id = b.user_id and s.provider_id = $1 and s.ended_at >= b.since and s.ended_at < $2
  join transfers t on t.tenant_id = s.tenant_id and t.session_id = s.id and t.kind in ('charge', 'fee')`

const payoutsSql = `
  select coalesce(sum(amount) filter (where status = 'pending'), 0) as "setAside",
    coalesce(sum(amount) filter (where status = 'paid'), 0) as "paidOut"
  from payouts where provider_id = $1`
