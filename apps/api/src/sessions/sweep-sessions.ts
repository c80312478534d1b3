import type { Db } from '../db.ts'
import { endSessions } from './end-sessions.ts'

const BATCH_MAX = 200

/**
 * Ends what is over by time and nobody has settled: expired, silent, paused for too long, never validated.
 *
 * Only sessions whose turn has come are looked at, and rows that somebody else works on are skipped. If this never
 * ran, nobody would be overcharged: time is counted when it is confirmed, not when it is swept.
 *
 * @returns how many sessions were ended.
 */
export async function sweepSessions(
  db: Db,
  { now, marketplaceUrl }: { now: Date; marketplaceUrl: string },
): Promise<number> {
  let ended = 0
  for (;;) {
    const { looked, over } = await db.inBatch(async (tx) => {
      const due = await tx.query<{ tenantId: string; sessionId: string; isOver: boolean }>(dueSql, [
        now,
        BATCH_MAX,
      ])
      const endings = due
        .filter(({ isOver }) => isOver)
        .map(({ tenantId, sessionId }) => ({
          tenantId,
          sessionId,
          reason: null,
          lastGap: 'none' as const,
          now,
        }))
      await endSessions(tx, endings, marketplaceUrl)
      const later = due.filter(({ isOver }) => !isOver)
      if (later.length > 0)
        await tx.query(postponeSql, [
          now,
          later.map(({ tenantId }) => tenantId),
          later.map(({ sessionId }) => sessionId),
        ])
      return { looked: due.length, over: endings.length }
    })
    ended += over
    if (looked < BATCH_MAX) return ended
  }
}

const dueSql = `
  select s.tenant_id as "tenantId", s.id as "sessionId", over_reason(s, $1) is not null as "isOver"
  from sessions s
  where s.status <> 'ended' and s.sweep_at <= $1
  order by s.sweep_at
  limit $2
  for update skip locked`

// The rows are locked already, by the statement above.
const postponeSql = `
  update sessions s set sweep_at = next_sweep_at(s, $1)
  from unnest($2::text[], $3::text[]) as i (tenant_id, id)
  where s.tenant_id = i.tenant_id and s.id = i.id`
