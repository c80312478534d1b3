/**
 * Proves the books: every figure that is kept is computed again from what it came from.
 *
 * @module
 */
import type { Queryable } from '../db.ts'
import { RULES } from './rules.ts'

export interface LedgerFinding {
  rule: string
  tenantId: string
  subject: string
  detail: string
}

export interface LedgerReport {
  findings: LedgerFinding[]
  transfers: number
  wallets: number
  openHolds: number
}

const FINDINGS_MAX = 100

/** Needs one view when others write. */
export async function checkLedger(tx: Queryable): Promise<LedgerReport> {
  const findings: LedgerFinding[] = []
  for (const [rule, sql] of Object.entries(RULES)) {
    const rows = await tx.query<Omit<LedgerFinding, 'rule'>>(`${sql} limit ${FINDINGS_MAX}`)
    findings.push(...rows.map((row) => ({ rule, ...row })))
  }
  const [counts] = await tx.query<Omit<LedgerReport, 'findings'>>(`
    select (select count(*) from transfers) as transfers, (select count(*) from wallets) as wallets,
      (select count(*) from holds where resolution is null) as "openHolds"`)
  return {
    findings,
    transfers: counts?.transfers ?? 0,
    wallets: counts?.wallets ?? 0,
    openHolds: counts?.openHolds ?? 0,
  }
}
