import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import { endIfOver } from './end-sessions.ts'
import { type SessionRow, sessionColumns, UNVOUCHED_GAP_MS_MAX } from './session.ts'

export interface LockedSession extends SessionRow {
  /** What the gap since the last beat would count, if it counts as a beat with that `activeMs`. */
  countedMs: number
  /** What was served in that gap. */
  servedMs: number
}

/**
 * The session, locked until the transaction ends, and settled first when it is over. Session rows are locked before
 * wallets, everywhere.
 *
 * @throws {Problem} `session_not_found`
 */
export async function lockSession(
  tx: Tx,
  {
    sessionId,
    activeMs = null,
    now,
    marketplaceUrl,
  }: {
    sessionId: string
    activeMs?: number | null
    now: Date
    marketplaceUrl: string
  },
): Promise<LockedSession> {
  const [session] = await tx.query<LockedSession>(lockSql, [sessionId, now, activeMs])
  if (!session) throw new Problem('session_not_found')
  return endIfOver(tx, session, now, marketplaceUrl)
}

/**
 * What the last gap counts when no SDK vouches for it (the marketplace ends or pauses, another client takes over):
 * up to 45 s, so that one interval is not lost, else nothing; beyond the allowance every gap counts, and after a final
 * beat none. The mirror of `unvouched_ms`.
 */
export function judgeUnvouchedGap(session: LockedSession, now: Date): number {
  const gapMs = session.lastBeatAt === null ? 0 : now.getTime() - session.lastBeatAt.getTime()
  const isCounted = !session.isFinal && (session.isLeaseShort || gapMs <= UNVOUCHED_GAP_MS_MAX)
  return isCounted ? session.countedMs : 0
}

const lockSql = `
  select ${sessionColumns('$2')}, counted_ms(s, $2, $3) as "countedMs", served_ms(s, $2) as "servedMs"
  from sessions s
  where s.id = $1
  for update`
