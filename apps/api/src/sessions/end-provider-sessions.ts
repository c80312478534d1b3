import { setTimeout as sleep } from 'node:timers/promises'
import { isDatabaseAway } from '../database-away.ts'
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

interface Options {
  now: () => Date
  marketplaceUrl: string
}

/**
 * Ends all sessions of a suspended provider: pending ones are cancelled, running ones revoked and charged to their last
 * beat. In portions, each a transaction, so it may be stopped and repeated, and others wait for none of it. One that cannot
 * be settled keeps no other from ending.
 *
 * @returns whether none is left; false when the time was up, or some cannot be settled.
 */
export async function endProviderSessions(
  db: Db,
  end: ProviderEnd,
  options: Options & { withinMs: number },
): Promise<boolean> {
  const { tenantId, providerId } = end
  const started = performance.now()
  const failed: string[] = []
  for (;;) {
    const ended = await endPortion(db, end, options, failed).catch((error: unknown) => {
      if (isDatabaseAway(error)) throw error
      return endOneByOne(db, end, options, failed)
    })
    if (ended < PORTION) {
      const [left] = await db.batch.query(leftSql, [tenantId, providerId, failed])
      if (!left) return failed.length === 0
      if (ended === 0) await sleep(BUSY_AGAIN_MS)
    }
    if (performance.now() - started > options.withinMs) return false
  }
}

/** @returns how many were ended; none of them was where one could not be settled. */
function endPortion(
  db: Db,
  { tenantId, providerId }: ProviderEnd,
  { now, marketplaceUrl }: Options,
  failed: string[],
  sessionId: string | null = null,
): Promise<number> {
  return db.inBatch(async (tx) => {
    const open = await tx.query<{ sessionId: string; isPending: boolean }>(openSql, [
      tenantId,
      providerId,
      failed,
      sessionId,
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
}

/** @param failed takes those that cannot be settled. @returns how many were looked at */
async function endOneByOne(db: Db, end: ProviderEnd, options: Options, failed: string[]): Promise<number> {
  const { tenantId, providerId } = end
  const left = await db.batch.query<{ sessionId: string }>(listSql, [tenantId, providerId, failed, PORTION])
  for (const { sessionId } of left) {
    try {
      await endPortion(db, end, options, failed, sessionId)
    } catch (error) {
      if (isDatabaseAway(error)) throw error
      failed.push(sessionId)
    }
  }
  return left.length
}

// Whoever lists the provider again stops it.
const OPEN = `
  from sessions s join providers p on p.tenant_id = s.tenant_id and p.id = s.provider_id and p.status = 'suspended'
  where s.tenant_id = $1 and s.provider_id = $2 and s.ended_at is null and s.id <> all ($3::text[])`

const openSql = `
  select s.id as "sessionId", s.status = 'pending' as "isPending" ${OPEN} and ($4::text is null or s.id = $4)
  order by s.id limit $5
  for update of s skip locked`

const listSql = `select s.id as "sessionId" ${OPEN} order by s.id limit $4`

// In the order of the provider's index: for any one of them, where providers are few, everybody's open sessions are looked through.
const leftSql = `select 1 ${OPEN} order by s.id limit 1`
