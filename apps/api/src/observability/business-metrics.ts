import { Gauge } from 'prom-client'
import type { Deps } from '../deps.ts'
import { measureClockAheadMs } from '../when-clocks-agree.ts'
import { type Figures, LIVE_STATUSES, readFigures } from './figures.ts'

/** However often and by however many somebody scrapes, the database is asked this often at most. */
const SAMPLE_MS = 10_000

const seconds = (at: Date | null) => (at === null ? 0 : at.getTime() / 1000)

/** Name, help and value of each; a test compares the names with the alerts and the dashboard. */
const GAUGES: [string, string, (figures: Figures) => number][] = [
  ['tokens_held', 'Tokens reserved for sessions that have not ended.', (f) => f.tokensHeld],
  [
    'settlement_lag_seconds',
    'How long the session due longest waits for the sweeper.',
    (f) => f.settlementLagSeconds,
  ],
  ['jobs_due', 'Jobs that could run now.', (f) => f.jobsDue],
  ['job_lag_seconds', 'How long the job due longest waits for a worker.', (f) => f.jobLagSeconds],
  ['jobs_failed', 'Jobs that used up their tries.', (f) => f.jobsFailed],
  [
    'ledger_last_check_timestamp_seconds',
    'When the books were last checked; 0 for never.',
    (f) => seconds(f.ledgerCheckedAt),
  ],
  [
    'ledger_last_clean_timestamp_seconds',
    'When a check last found nothing; 0 for never.',
    (f) => seconds(f.ledgerCleanAt),
  ],
  ['ledger_findings', 'Findings of the newest check of the books.', (f) => f.ledgerFindings ?? Number.NaN],
  ['debt_tokens', 'Tokens owed after refunds of what had been spent.', (f) => f.debtTokens],
  ['debt_wallets', 'Wallets that owe.', (f) => f.debtWallets],
  [
    'stripe_events_refused',
    'Validly signed Stripe events of the last 24 hours that were refused.',
    (f) => f.stripeEventsRefused,
  ],
  [
    'stripe_events_unmatched',
    'Stripe events that wait for the payment they speak of.',
    (f) => f.stripeEventsUnmatched,
  ],
  [
    'stripe_events_lost',
    'Payments and other events of the last 24 hours that Stripe told of only when it was asked.',
    (f) => f.stripeEventsLost,
  ],
  [
    'refunds_failed',
    'Refunds of which Stripe told in the last 24 hours that they failed at the bank.',
    (f) => f.refundsFailed,
  ],
  ['webhook_backlog', 'Deliveries to providers that are not done.', (f) => f.webhookBacklog],
  [
    'webhook_lag_seconds',
    'How long the delivery due longest waits for an attempt, of endpoints that work.',
    (f) => f.webhookLagSeconds,
  ],
  ['audit_unchained', 'Audit entries that wait for their link.', (f) => f.auditUnchained],
  [
    'audit_lag_seconds',
    'How long the audit entry that waits longest waits for its link.',
    (f) => f.auditLagSeconds,
  ],
]

/** The same for all who ask within ten seconds. A failure is not kept: the next one asks again. */
function sampled<T>(read: () => Promise<T>): () => Promise<T> {
  let last: Promise<T> | undefined
  let at = Number.NEGATIVE_INFINITY
  return () => {
    if (last && performance.now() - at < SAMPLE_MS) return last
    at = performance.now()
    last = read()
    last.catch(() => {
      at = Number.NEGATIVE_INFINITY
    })
    return last
  }
}

/**
 * Adds the business's figures to `/metrics`. They are the whole platform's, the same on every instance: take the
 * maximum over instances, not the sum.
 */
export function registerBusinessMetrics({ metrics, db, clock }: Deps): void {
  const sample = sampled(() => readFigures(db.batch, clock()))
  const sampleClock = sampled(() => measureClockAheadMs({ db, clock }))
  for (const [name, help, read] of GAUGES) metrics.gauge(name, help, async () => read(await sample()))
  metrics.gauge('figures_readable', '1 while the figures can be read from the database, else 0.', () =>
    sample().then(
      () => 1,
      () => 0,
    ),
  )
  // Of this instance alone.
  metrics.gauge(
    'clock_ahead_seconds',
    'How far the clock of this instance is ahead of the database’s; beyond 300, or behind by that, some jobs are left out.',
    async () => (await sampleClock()) / 1000,
  )
  new Gauge({
    name: 'token_marketplace_live_sessions',
    help: 'Sessions that have not ended, by status.',
    labelNames: ['status'],
    registers: [metrics.registry],
    async collect() {
      const figures = await sample().catch(() => undefined)
      for (const status of LIVE_STATUSES) this.set({ status }, figures?.[`${status}Sessions`] ?? Number.NaN)
    },
  })
}
