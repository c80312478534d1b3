/**
 * How the business stands, in a few figures: what an operator looks at first, on a page or in an alert.
 *
 * @module
 */
import type { Queryable } from '../db.ts'
import { UNDER_WAY_MAX } from '../webhooks/claim-deliveries.ts'

export const LIVE_STATUSES = ['pending', 'active', 'paused'] as const

export interface Figures {
  pendingSessions: number
  activeSessions: number
  pausedSessions: number
  /** Reserved for sessions that have not ended. */
  tokensHeld: number
  /** How long the session that is due longest has been waiting to be looked at. */
  settlementLagSeconds: number
  jobsDue: number
  jobLagSeconds: number
  /** Jobs that used up their tries. */
  jobsFailed: number
  ledgerCheckedAt: Date | null
  ledgerCleanAt: Date | null
  /** What the newest check found. */
  ledgerFindings: number | null
  debtTokens: number
  debtWallets: number
  /** Of the last 24 hours: validly signed and not applied. */
  stripeEventsRefused: number
  /** Waiting for the payment they speak of. */
  stripeEventsUnmatched: number
  /** Payments and other events of the last 24 hours that were found by asking, and that Stripe has not told of since. */
  stripeEventsLost: number
  /** Of the last 24 hours: their money is back at Stripe. */
  refundsFailed: number
  webhookBacklog: number
  webhookLagSeconds: number
  /** Audit entries that wait for their link. */
  auditUnchained: number
  /** How long the one that waits longest does. */
  auditLagSeconds: number
}

/** One statement over small indexes: it is asked by every instance, several times a minute. */
export async function readFigures(tx: Queryable, now: Date): Promise<Figures> {
  const dayAgo = new Date(now.getTime() - 86_400_000)
  const [figures] = await tx.query<Figures>(figuresSql, [now, dayAgo])
  return figures as Figures
}

const age = (instant: string) =>
  `coalesce(greatest(0, extract(epoch from $1::timestamptz - ${instant})), 0)::float8`

// What waits for an endpoint that is disabled, fails or has all under way that it may is that endpoint’s to wait for. Whether it is
// disabled is told by why, because the index of those that are not would be read for each.
const figuresSql = `
  with live as (
    select count(*) filter (where status = 'pending') as pending, count(*) filter (where status = 'active') as active,
      count(*) filter (where status = 'paused') as paused, coalesce(sum(tokens_held), 0) as held,
      min(sweep_at) filter (where sweep_at <= $1) as oldest_due_at
    from sessions where ended_at is null
  ), debts as (
    select coalesce(sum(debt), 0) as tokens, count(*) as wallets from wallets where debt > 0
  ), waiting as (
    select tenant_id, endpoint_id, count(*) as deliveries,
      min(next_attempt_at) filter (where next_attempt_at <= $1) as oldest_due_at
    from webhook_deliveries where status = 'pending' group by tenant_id, endpoint_id
  ), backlog as (
    select coalesce(sum(d.deliveries), 0) as deliveries, min(d.oldest_due_at) filter (where exists (
      select from webhook_endpoints w
      where w.tenant_id = d.tenant_id and w.id = d.endpoint_id and w.disabled_because is null and w.failing_since is null
        and (select count(*) from webhook_deliveries u
          where u.tenant_id = w.tenant_id and u.endpoint_id = w.id and u.claimed_until > $1) < ${UNDER_WAY_MAX}
    )) as oldest_due_at
    from waiting d
  ), newest as (
    select findings, created_at from ledger_checks order by created_at desc limit 1
  )
  select
    live.pending as "pendingSessions", live.active as "activeSessions", live.paused as "pausedSessions",
    live.held as "tokensHeld", ${age('live.oldest_due_at')} as "settlementLagSeconds",
    jobs.due as "jobsDue", ${age('jobs.oldest_due_at')} as "jobLagSeconds", jobs.failed as "jobsFailed",
    (select created_at from newest) as "ledgerCheckedAt",
    (select max(created_at) from ledger_checks where findings = 0) as "ledgerCleanAt",
    (select findings from newest) as "ledgerFindings",
    debts.tokens as "debtTokens", debts.wallets as "debtWallets",
    (select count(*) from stripe_events where outcome = 'refused' and received_at > $2) as "stripeEventsRefused",
    (select count(*) from stripe_events where outcome = 'unmatched') as "stripeEventsUnmatched",
    (
      select count(*) from stripe_events found
      where found.type = 'reconciliation.paid' and found.received_at > $2 and found.outcome = 'applied' and not exists (
        select from stripe_events told
        where told.purchase_id = found.purchase_id and told.id <> found.id and told.outcome = 'applied'
          and told.payload -> 'fact' ->> 'kind' = 'paid'
      )
    ) + (
      select count(*) from stripe_events where is_undelivered and received_at > $2 and outcome = 'applied'
    ) as "stripeEventsLost",
    (select count(*) from stripe_refunds where failed_at > $2) as "refundsFailed",
    backlog.deliveries as "webhookBacklog", ${age('backlog.oldest_due_at')} as "webhookLagSeconds",
    (select count(*) from audit_unchained) as "auditUnchained",
    ${age(`(
      select e.created_at from audit_entries e
      where (e.tenant_id, e.id) = (select u.tenant_id, u.entry_id from audit_unchained u order by u.entry_id limit 1)
    )`)} as "auditLagSeconds"
  from live, debts, backlog, job_figures($1) as jobs`
