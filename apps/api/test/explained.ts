/**
 * Plans of the statements a verb runs, and how many rows of growing tables it reads: also inside the ledger's functions, whose
 * statements nothing outside sees.
 *
 * @module
 */
import type { Tx } from '../src/db.ts'

const GROWING = [
  'sessions',
  'events',
  'transfers',
  'holds',
  'wallets',
  'providers',
  'exposures',
  'listing_views',
  'activity_quarters',
  'activity_people',
  'outcome_quarters',
  'experiment_quarters',
  'unbilled_time',
  'left_leases',
  'session_beats',
  'beat_batches',
  'purchases',
  'users',
  'idempotency_keys',
  'webhook_deliveries',
  'account_rollups',
  'api_keys',
  'refresh_tokens',
  'mailed_links',
  'invitation_mails',
  'unconfirmed_mails',
  'provider_invitations',
  'spending_limits',
  'provider_spending_limits',
  'provider_members',
  'webhook_endpoints',
  'webhook_attempts',
  'stripe_events',
  'stripe_refunds',
  'audit_entries',
  'payouts',
  'refunds',
]

/** Of these there are few rows for one value: who names one and has it only filtered, reads the others for nothing. */
const KEYS =
  'id|user_id|session_id|wallet_id|owner_id|endpoint_id|event_id|reference|token_hash|family_id|caller'

interface Plan {
  'Node Type': string
  'Relation Name'?: string
  'Index Cond'?: string
  'Recheck Cond'?: string
  'TID Cond'?: string
  'Index Name'?: string
  Filter?: string
  Plans?: Plan[]
}

/**
 * The scans of growing tables that no more than a tenant narrows, each as a line; and, as a filtered one, those that no more
 * than a tenant and a provider narrow where the statement names more.
 */
function findScans(plan: Plan): string[] {
  const { 'Node Type': type, 'Relation Name': table = '' } = plan
  const condition = plan['Index Cond'] ?? plan['Recheck Cond'] ?? plan['TID Cond'] ?? ''
  const narrowing = narrowedBy(condition).filter((column) => column !== 'tenant_id')
  const isFiltered =
    narrowing.every((column) => column === 'provider_id') && KEY_FILTERED.test(plan.Filter ?? '')
  const found = [
    ...(narrowing.length === 0 ? [`${type} on ${table} ${condition}`] : []),
    ...(isFiltered ? [`Filtered ${type} on ${table} ${condition}, filtered ${plan.Filter}`] : []),
  ]
  const own = type.endsWith('Scan') && GROWING.includes(table) ? found : []
  return [...own, ...(plan.Plans ?? []).flatMap(findScans)]
}

const findIndexes = ({ 'Index Name': index, Plans = [] }: Plan): string[] => [
  ...(index === undefined ? [] : [index]),
  ...Plans.flatMap(findIndexes),
]

const KEY_FILTERED = new RegExp(`\\(\\(?(\\w+\\.)?(${KEYS}) = `)
const narrowedBy = (condition: string) =>
  [...condition.matchAll(/(\w+) (?:=|>=|<=|<|>|@>) /g)].map(([, column]) => column)

/** What has a plan; the rest of what a transaction says begins, sets or goes back. */
const HAS_PLAN = /^[\s(]*(select|insert|update|delete|with)\b/

/** Asks for the plan of each statement before it runs, where a plan without scans is taken if there is one. */
export async function explained(
  tx: Tx,
  run: (tx: Tx) => Promise<unknown>,
): Promise<{ scans: string[]; indexes: string[]; plans: number; rows: number }> {
  const scans: string[] = []
  const indexes: string[] = []
  let plans = 0
  // Of a handful of rows the planner would read all.
  for (const way of ['seqscan', 'hashjoin', 'mergejoin']) await tx.query(`set local enable_${way} = off`)
  const before = await countRead(tx)
  const explain = async (sql: string, values?: readonly unknown[]) => {
    if (!HAS_PLAN.test(sql)) return
    plans += 1
    const [row] = await tx.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(`explain (format json) ${sql}`, values)
    scans.push(...findScans(row!['QUERY PLAN'][0].Plan))
    indexes.push(...findIndexes(row!['QUERY PLAN'][0].Plan))
  }
  const sent: Promise<void>[] = []
  await run({
    query: async (sql, values) => {
      await explain(sql, values)
      return tx.query(sql, values)
    },
    send: (sql, values) => {
      sent.push(explain(sql, values))
      tx.send(sql, values)
    },
  })
  await Promise.all(sent)
  return { scans, indexes, plans, rows: (await countRead(tx)) - before }
}

/** By this connection since it last reported, which is never within a transaction. */
async function countRead(tx: Tx): Promise<number> {
  const [read] = await tx.query<{ rows: number }>(
    `select coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0) as rows
     from pg_stat_xact_user_tables where relname = any ($1)`,
    [GROWING],
  )
  return read?.rows ?? 0
}
