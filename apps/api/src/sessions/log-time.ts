import type { Tx } from '../db.ts'

/**
 * How time came to be counted or served:
 *
 * - `beat`: the app was in use.
 * - `pause`, `end`: what had passed since the last beat.
 * - `takeover`: another browser holds the session from here; `return`: the same one was launched once more.
 * - `again`, `resume`: the client asked once more for what it had been answered, so the answer was lost. A `resume`
 *   without a sequence: the marketplace resumed before the app had heard of its pause.
 */
export type TimeKind = 'beat' | 'pause' | 'resume' | 'takeover' | 'return' | 'again' | 'end'

interface LoggedTime {
  kind: TimeKind
  sessionId: string
  at: Date
  sequence: number | null
  activeMs: number | null
  countedMs: number
  unbilledMs: number
}

/** Writes down time that a single call counts, in its transaction. Batches do the same in their own statement. */
export async function logTime(tx: Tx, time: LoggedTime): Promise<void> {
  const { kind, sessionId, at, sequence, activeMs, countedMs, unbilledMs } = time
  await tx.query(logSql, [kind, sessionId, at, sequence, activeMs, countedMs, unbilledMs])
}

const logSql = 'select log_time(current_tenant(), $1, $2, $3, $4, $5, $6, $7)'
