import type { Tx } from '../db.ts'
import { endSessions } from './end-sessions.ts'

/**
 * Ends all sessions of a suspended provider at once: pending ones are cancelled, running ones revoked and charged to
 * their last beat.
 */
export async function endProviderSessions(
  tx: Tx,
  { providerId, now, marketplaceUrl }: { providerId: string; now: Date; marketplaceUrl: string },
): Promise<void> {
  const open = await tx.query<{ tenantId: string; sessionId: string; status: string }>(openSql, [providerId])
  await endSessions(
    tx,
    open.map(({ tenantId, sessionId, status }) => ({
      tenantId,
      sessionId,
      reason: status === 'pending' ? ('cancelled' as const) : ('revoked' as const),
      lastGap: 'none' as const,
      now,
    })),
    marketplaceUrl,
  )
}

const openSql = `
  select tenant_id as "tenantId", id as "sessionId", status from sessions
  where provider_id = $1 and status <> 'ended'
  order by tenant_id, id
  for update`
