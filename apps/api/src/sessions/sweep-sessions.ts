import { isDatabaseAway } from '../database-away.ts'
import type { Db, Tx } from '../db.ts'
import { endSessions } from './end-sessions.ts'

const BATCH_MAX = 200
/** When a session that could not be settled comes up again: somebody has to look at it first. */
const FAILED_AGAIN_MS = 600_000
/** Somebody else works on its wallet: the next second settles it. */
const LOCK_NOT_AVAILABLE = '55P03'

export interface Sweep {
  now: Date
  marketplaceUrl: string
  /** Told of each session that could not be settled. */
  onFailure?: (sessionId: string, error: unknown) => void
}

interface Due {
  tenantId: string
  sessionId: string
  isOver: boolean
}

/**
 * Ends what is over by time and nobody has settled: expired, silent, paused for too long, never validated.
 *
 * Only sessions whose turn has come are looked at, and rows that somebody else works on are skipped. If this never
 * ran, nobody would be overcharged: time is counted when it is confirmed, not when it is swept.
 *
 * @returns how many sessions were ended.
 */
export async function sweepSessions(db: Db, sweep: Sweep): Promise<number> {
  let ended = 0
  for (;;) {
    const { looked, over } = await sweepBatch(db, sweep)
    ended += over
    if (looked < BATCH_MAX) return ended
  }
}

async function sweepBatch(db: Db, sweep: Sweep): Promise<{ looked: number; over: number }> {
  try {
    return await db.inBatch(async (tx) => {
      const due = await tx.query<Due>(dueSql('for update skip locked'), [sweep.now, BATCH_MAX])
      return { looked: due.length, over: await settle(tx, due, sweep) }
    })
  } catch (error) {
    if (isDatabaseAway(error)) throw error
    return sweepOneByOne(db, sweep)
  }
}

/** One that cannot be settled must not keep the others waiting: it comes up again later, and somebody is told. */
async function sweepOneByOne(db: Db, sweep: Sweep): Promise<{ looked: number; over: number }> {
  const due = await db.batch.query<Due>(dueSql(''), [sweep.now, BATCH_MAX])
  let over = 0
  for (const { tenantId, sessionId } of due) {
    const whose = [sweep.now, tenantId, sessionId]
    try {
      over += await db.inBatch(async (tx) => settle(tx, await tx.query<Due>(dueAloneSql, whose), sweep))
    } catch (error) {
      if (isDatabaseAway(error)) throw error
      if ((error as { code?: string }).code === LOCK_NOT_AVAILABLE) continue
      sweep.onFailure?.(sessionId, error)
      await db.batch.query(failedSql, [new Date(sweep.now.getTime() + FAILED_AGAIN_MS), tenantId, sessionId])
    }
  }
  return { looked: due.length, over }
}

/** @param due sessions whose rows this transaction has locked. @returns how many were over */
async function settle(tx: Tx, due: Due[], { now, marketplaceUrl }: Sweep): Promise<number> {
  const over = due.filter(({ isOver }) => isOver)
  await endSessions(
    tx,
    over.map(({ tenantId, sessionId }) => ({ tenantId, sessionId, reason: null, lastGap: 'none', now })),
    marketplaceUrl,
  )
  const later = due.filter(({ isOver }) => !isOver)
  if (later.length > 0)
    await tx.query(postponeSql, [
      now,
      later.map(({ tenantId }) => tenantId),
      later.map(({ sessionId }) => sessionId),
    ])
  return over.length
}

const DUE = `
  select s.tenant_id as "tenantId", s.id as "sessionId", over_reason(s, $1) is not null as "isOver"
  from sessions s
  where s.ended_at is null and s.sweep_at <= $1`

const dueSql = (lock: 'for update skip locked' | '') => `${DUE} order by s.sweep_at limit $2 ${lock}`

const dueAloneSql = `${DUE} and s.tenant_id = $2 and s.id = $3 for update skip locked`

// The rows are locked already, by the statement that found them.
const postponeSql = `
  update sessions s set sweep_at = next_sweep_at(s, $1)
  from unnest($2::text[], $3::text[]) as i (tenant_id, id)
  where s.tenant_id = i.tenant_id and s.id = i.id`

const failedSql = `update sessions set sweep_at = $1 where tenant_id = $2 and id = $3 and ended_at is null`
