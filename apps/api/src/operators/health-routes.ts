import { Type } from '@fastify/type-provider-typebox'
import type { Deps } from '../deps.ts'
import { Instant, Nullable, problems, Shape, Tokens } from '../http/schema.ts'
import type { App } from '../http/server.ts'
import { type Figures, readFigures } from '../observability/figures.ts'

const count = (description: string, example = 0) =>
  Type.Integer({ minimum: 0, description, examples: [example] })
const seconds = (description: string) => Type.Number({ minimum: 0, description, examples: [0] })

const Health = Shape(
  {
    status: Type.Union([Type.Literal('ok'), Type.Literal('attention')], {
      description: '`attention` where one of `concerns` holds.',
      examples: ['ok'],
    }),
    concerns: Type.Array(
      Type.String({ description: 'A sentence for people.', examples: ['Jobs are not being done.'] }),
      { description: 'What somebody should look at; the runbooks say how.', examples: [[]] },
    ),
    sessions: Shape(
      {
        pending: count('Opened, not validated.', 3),
        active: count('Running.', 120),
        paused: count('Paused.', 4),
      },
      { description: 'Sessions that have not ended.' },
    ),
    tokensHeld: Tokens('Reserved for sessions that have not ended.', 15_240),
    settlementLagSeconds: seconds('How long the session due longest waits for the sweeper.'),
    jobs: Shape(
      {
        due: count('Could run now.'),
        failed: count('Used up their tries.'),
        lagSeconds: seconds('How long the one due longest waits.'),
      },
      { description: 'The queue.' },
    ),
    ledger: Shape(
      {
        checkedAt: Nullable(Instant('When the books were last checked.')),
        cleanAt: Nullable(Instant('When a check last found nothing.')),
        findings: Nullable(count('Of the newest check.')),
      },
      { description: 'The proof of the books.' },
    ),
    debts: Shape(
      {
        tokens: Tokens('Owed after refunds of what had been spent.', 0),
        wallets: count('Who owe.'),
      },
      { description: 'What users owe.' },
    ),
    stripe: Shape(
      {
        refused: count('Events of the last 24 hours that were refused.'),
        unmatched: count('Events that wait for their payment.'),
      },
      { description: 'Events that need a look.' },
    ),
    webhooks: Shape(
      {
        backlog: count('Deliveries that are not done.', 2),
        lagSeconds: seconds('How long the one due longest waits, of endpoints that work.'),
      },
      { description: 'Deliveries to providers.' },
    ),
    auditUnchained: count('Audit entries that wait for their link.'),
    serverTime: Instant('When this was read.'),
  },
  { description: 'How the platform stands.' },
)

/** What deserves a look, with the thresholds of the alert rules. */
const CONCERNS: [string, (figures: Figures, now: Date) => boolean][] = [
  ['Sessions that are over are not being settled.', (f) => f.settlementLagSeconds > 60],
  ['Jobs are not being done.', (f) => f.jobLagSeconds > 300],
  ['Jobs have given up.', (f) => f.jobsFailed > 0],
  ['The books are wrong.', (f) => (f.ledgerFindings ?? 0) > 0],
  [
    'The books were not checked for more than 26 hours.',
    (f, now) => f.ledgerCheckedAt !== null && now.getTime() - f.ledgerCheckedAt.getTime() > 26 * 3_600_000,
  ],
  ['Stripe events were refused.', (f) => f.stripeEventsRefused > 0],
  ['Refunds failed at the bank.', (f) => f.refundsFailed > 0],
  ['Webhooks are late.', (f) => f.webhookLagSeconds > 300],
  ['The audit log is not being chained.', (f) => f.auditUnchained > 10_000 || f.auditLagSeconds > 900],
]

/** The dashboard's first page. Names nobody, so reading it is not on record. */
export function registerHealthRoutes(app: App, { db, clock }: Deps): void {
  app.get(
    '/operators/health',
    {
      config: { callers: ['operator'] },
      schema: {
        operationId: 'getPlatformHealth',
        tags: ['Operations'],
        summary: 'How the platform stands',
        description: 'The figures behind the alerts, read now. Operators only.',
        response: { 200: Health, ...problems() },
      },
    },
    async () => {
      const now = clock()
      const f = await readFigures(db.batch, now)
      const concerns = CONCERNS.filter(([, holds]) => holds(f, now)).map(([sentence]) => sentence)
      return {
        status: concerns.length === 0 ? ('ok' as const) : ('attention' as const),
        concerns,
        sessions: { pending: f.pendingSessions, active: f.activeSessions, paused: f.pausedSessions },
        tokensHeld: f.tokensHeld,
        settlementLagSeconds: f.settlementLagSeconds,
        jobs: { due: f.jobsDue, failed: f.jobsFailed, lagSeconds: f.jobLagSeconds },
        ledger: {
          checkedAt: f.ledgerCheckedAt?.toISOString() ?? null,
          cleanAt: f.ledgerCleanAt?.toISOString() ?? null,
          findings: f.ledgerFindings,
        },
        debts: { tokens: f.debtTokens, wallets: f.debtWallets },
        stripe: { refused: f.stripeEventsRefused, unmatched: f.stripeEventsUnmatched },
        webhooks: { backlog: f.webhookBacklog, lagSeconds: f.webhookLagSeconds },
        auditUnchained: f.auditUnchained,
        serverTime: now.toISOString(),
      }
    },
  )
}
