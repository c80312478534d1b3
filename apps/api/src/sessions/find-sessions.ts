import type { Queryable } from '../db.ts'
import { type SessionRow, sessionColumns } from './session.ts'

/** Sessions as they are, by their ids, for what a batch did not change: it was skipped because its row is locked, say. */
export async function findSessions(
  tx: Queryable,
  wanted: readonly { tenantId: string; sessionId: string; now: Date }[],
): Promise<Map<string, SessionRow>> {
  if (wanted.length === 0) return new Map()
  const sessions = await tx.query<SessionRow>(findSessionsSql, [
    wanted.map(({ tenantId }) => tenantId),
    wanted.map(({ sessionId }) => sessionId),
    wanted.map(({ now }) => now),
  ])
  return new Map(sessions.map((session) => [session.id, session]))
}

const findSessionsSql = `
  select ${sessionColumns('i.at')}
  from unnest($1::text[], $2::text[], $3::timestamptz[]) as i (tenant_id, id, at)
  join sessions s on s.tenant_id = i.tenant_id and s.id = i.id`
