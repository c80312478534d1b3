import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import { lockSession } from './lock-session.ts'
import { type SessionRow, sessionColumns } from './session.ts'

interface Wanted {
  sessionId: string
  userId?: string
  providerId?: string
  now: Date
}

/**
 * The session as it is now; one that is found over is settled on the way.
 *
 * @throws {Problem} `session_not_found`
 */
export async function getSession(tx: Tx, input: Wanted & { marketplaceUrl: string }): Promise<SessionRow> {
  const session = await getUnsettledSession(tx, input)
  return session.overReason === null ? session : lockSession(tx, input)
}

/**
 * The session as it is on record, for what only reads.
 *
 * @throws {Problem} `session_not_found`
 */
export async function getUnsettledSession(
  tx: Tx,
  { sessionId, userId, providerId, now }: Wanted,
): Promise<SessionRow> {
  const [session] = await tx.query<SessionRow>(getSql, [sessionId, now, userId ?? null, providerId ?? null])
  if (!session) throw new Problem('session_not_found')
  return session
}

/** A user's sessions, newest first. */
export function listSessions(
  tx: Tx,
  {
    userId,
    status,
    limit,
    before,
    now,
  }: {
    userId: string
    status?: string | undefined
    limit: number
    before?: string | undefined
    now: Date
  },
): Promise<SessionRow[]> {
  return tx.query<SessionRow>(listSql, [userId, now, before ?? null, limit, status ?? null])
}

const getSql = `
  select ${sessionColumns('$2')} from sessions s
  where s.id = $1 and ($3::text is null or s.user_id = $3) and ($4::text is null or s.provider_id = $4)`

const listSql = `
  select ${sessionColumns('$2')} from sessions s
  where s.user_id = $1 and ($3::text is null or s.id < $3) and ($5::text is null or s.status = $5)
  order by s.id desc
  limit $4`
