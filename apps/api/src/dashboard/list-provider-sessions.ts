import type { Tx } from '../db.ts'
import { type SessionRow, type SessionStatus, sessionColumns } from '../sessions/session.ts'

/** A provider's sessions, newest first. */
export function listProviderSessions(
  tx: Tx,
  input: {
    providerId: string
    status: SessionStatus | undefined
    isTest: boolean | undefined
    after: string | undefined
    limit: number
    now: Date
  },
): Promise<SessionRow[]> {
  const { providerId, status, isTest, after, limit, now } = input
  return tx.query<SessionRow>(listSql, [
    providerId,
    now,
    after ?? null,
    status ?? null,
    isTest ?? null,
    limit + 1,
  ])
}

/** Those that have not ended, newest first. */
export function listLiveSessions(
  tx: Tx,
  { providerId, limit, now }: { providerId: string; limit: number; now: Date },
): Promise<SessionRow[]> {
  return tx.query<SessionRow>(liveSql, [providerId, now, limit])
}

const listSql = `
  select ${sessionColumns('$2')} from sessions s
  where s.provider_id = $1 and ($3::text is null or s.id < $3) and ($4::text is null or s.status = $4)
    and ($5::boolean is null or s.is_test = $5)
  order by s.id desc
  limit $6`

// Served by the partial index of what has not ended: its cost follows what runs, not what ever ran.
const liveSql = `
  select ${sessionColumns('$2')} from sessions s
  where s.provider_id = $1 and s.ended_at is null
  order by s.id desc
  limit $3`
