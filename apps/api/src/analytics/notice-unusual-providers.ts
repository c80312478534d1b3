import type { Db, Tx } from '../db.ts'
import { readOutcomesUntil } from './get-funnel.ts'

export const UNUSUAL_DAYS = 30
/** With fewer sessions a share says little. */
export const UNUSUAL_ENDED_MIN = 50
export const UNUSUAL_SHARE_MIN = 0.2
/** How many times the share of all the others. */
export const UNUSUAL_TIMES = 3

/**
 * Looks which providers' sessions are completed at once much more often than everybody else's, over the last 30 days of
 * written outcomes. It may be an app that does its work in one call, a broken integration, or people who buy minutes to
 * be charged the least; somebody should look, nothing follows by itself.
 */
export async function noticeUnusualProviders(db: Db, { now }: { now: Date }): Promise<void> {
  await db.inBatch(
    async (tx) => {
      await tx.query(`select from analytics_progress where what = 'unusual_providers' for update`)
      const until = await readOutcomesUntil(tx)
      const from = new Date(until.getTime() - UNUSUAL_DAYS * 86_400_000)
      await tx.query('delete from unusual_providers')
      await tx.query(noticeSql, [from, until, UNUSUAL_ENDED_MIN, UNUSUAL_SHARE_MIN, UNUSUAL_TIMES, now])
      await tx.query(`update analytics_progress set written_until = $1 where what = 'unusual_providers'`, [
        now,
      ])
    },
    { statementTimeoutMs: 60_000 },
  )
}

export interface UnusualProvider {
  id: string
  name: string
  ended: number
  instantlyCompleted: number
  usualShare: number
}

/** Those noticed, the most unusual first, and when that was. */
export async function listUnusualProviders(
  tx: Tx,
): Promise<{ lookedAt: Date | null; providers: UnusualProvider[] }> {
  const [progress] = await tx.query<{ lookedAt: Date | null }>(
    `select written_until as "lookedAt" from analytics_progress where what = 'unusual_providers'`,
  )
  return { lookedAt: progress?.lookedAt ?? null, providers: await tx.query<UnusualProvider>(listSql) }
}

const noticeSql = `
  with sums as (
    select v.tenant_id, v.id as provider_id, o.ended, o.instant
    from providers v
    cross join lateral (
      select coalesce(sum(opened), 0) as ended, coalesce(sum(instantly_completed), 0) as instant
      from outcome_quarters
      where tenant_id = v.tenant_id and provider_id = v.id and is_test = false and quarter >= $1 and quarter < $2
    ) o
  ), compared as (
    select tenant_id, provider_id, ended, instant,
      coalesce((sum(instant) over t - instant) / nullif(sum(ended) over t - ended, 0), 0) as usual_share
    from sums
    window t as (partition by tenant_id)
  )
  insert into unusual_providers (tenant_id, provider_id, ended, instantly_completed, usual_share, noticed_at)
  select tenant_id, provider_id, ended, instant, usual_share, $6
  from compared
  where ended >= $3 and instant >= $4::float8 * ended and instant > $5::float8 * usual_share * ended`

const listSql = `
  select u.provider_id as id, p.name, u.ended, u.instantly_completed as "instantlyCompleted",
    u.usual_share as "usualShare"
  from unusual_providers u
  join providers p on p.tenant_id = u.tenant_id and p.id = u.provider_id
  order by u.instantly_completed::float8 / u.ended desc, u.provider_id
  limit 100`
