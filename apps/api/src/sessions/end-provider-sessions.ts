import { setTimeout as sleep } from 'node:timers/promises'
import type { Db, Tx } from '../db.ts'
import { enqueue } from '../jobs.ts'
import { endSessions } from './end-sessions.ts'

export const END_PROVIDER_SESSIONS_TASK = 'end-provider-sessions'

/** So few in one transaction that nobody's beat waits for long. */
const PORTION = 200
/** Until sessions that somebody else has locked are looked at again. */
const BUSY_AGAIN_MS = 50

export interface ProviderEnd {
  tenantId: string
  providerId: string
}

/** In the transaction that suspends: sees to it that the sessions end, also where the process does not live to do it. */
export function enqueueProviderEnd(tx: Tx, end: ProviderEnd): Promise<void> {
  return enqueue(tx, END_PROVIDER_SESSIONS_TASK, end, {
    key: `${END_PROVIDER_SESSIONS_TASK} ${end.providerId}`,
  })
}

/**
 * Ends all sessions of a suspended provider: pending ones are cancelled, running ones revoked and charged to their last
 * beat. In portions, each a transaction, so it may be stopped and repeated, and others wait for none of it.
 *
 * @returns whether none is left; false when the time was up.
 */
export async function endProviderSessions(
  db: Db,
  { tenantId, providerId }: ProviderEnd,
  { now, marketplaceUrl, withinMs }: { now: () => Date; marketplaceUrl: string; withinMs: number },
): Promise<boolean> {
  const started = performance.now()
  for (;;) {
    const ended = await db.inBatch(async (tx) => {
      const open = await tx.query<{ sessionId: string; isPending: boolean }>(openSql, [
        tenantId,
        providerId,
        PORTION,
      ])
      const endings = open.map(({ sessionId, isPending }) => ({
        tenantId,
        sessionId,
        reason: isPending ? ('cancelled' as const) : ('revoked' as const),
        lastGap: 'none' as const,
        now: now(),
      }))
      await endSessions(tx, endings, marketplaceUrl)
      return endings.length
    })
    if (ended < PORTION) {
      const [left] = await db.batch.query(leftSql, [tenantId, providerId])
      if (!left) return true
      if (ended === 0) await sleep(BUSY_AGAIN_MS)
    }
    if (performance.now() - started > withinMs) return false
  }
}

// Whoever lists the provider again stops it.
const OPEN = `
  from sessions s join providers p on p.tenant_id = s.tenant_id and p.id = s.provider_id and p.status = 'suspended'
  where s.tenant_id = $1 and s.provider_id = $2 and s.status <> 'ended'`

const openSql = `
  select s.id as "sessionId", s.status = 'pending' as "isPending" ${OPEN}
  order by s.id limit $3
  for update of s skip locked`

const leftSql = `select 1 ${OPEN} limit 1`
