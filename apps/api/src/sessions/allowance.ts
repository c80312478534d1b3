import type { Db, Tx } from '../db.ts'

/** Served but unbilled, per user and provider in 24 hours: beyond it leases are short and every gap counts. */
export const UNBILLED_MS_ALLOWED = 600_000

interface Unbilled {
  userId: string
  providerId: string
  unbilledMs: number
  now: Date
}

/** Writes down what was served and not billed. */
export async function noteUnbilled(tx: Tx, { userId, providerId, unbilledMs, now }: Unbilled): Promise<void> {
  if (unbilledMs > 0) await tx.query(noteSql, [userId, providerId, now, unbilledMs])
}

/**
 * Whether a beat took its user over the allowance; then the leases they hold with this provider become short. What was
 * unbilled is on record already, so a crash before this forgets nothing: the next unbilled beat asks again.
 */
export async function isBeatOverAllowance(db: Db, tenantId: string, unbilled: Unbilled): Promise<boolean> {
  const { userId, providerId, unbilledMs } = unbilled
  if (unbilledMs === 0) return false
  return db.inTenant(tenantId, async (tx) => {
    const isOver = await isOverAllowance(tx, unbilled)
    if (isOver) await tx.query(shortenLeasesSql, [userId, providerId])
    return isOver
  })
}

/** Whether this user was served more than the allowance without paying, with this provider, in the last 24 hours. */
export async function isOverAllowance(
  tx: Tx,
  { userId, providerId, now }: { userId: string; providerId: string; now: Date },
): Promise<boolean> {
  const [row] = await tx.query<{ unbilledMs: number }>(sumSql, [userId, providerId, now])
  return (row?.unbilledMs ?? 0) > UNBILLED_MS_ALLOWED
}

const noteSql = `
  insert into unbilled_time as u (user_id, provider_id, hour, unbilled_ms)
  values ($1, $2, date_trunc('hour', $3::timestamptz, 'UTC'), $4)
  on conflict (tenant_id, user_id, provider_id, hour) do update set unbilled_ms = u.unbilled_ms + excluded.unbilled_ms`

const sumSql = `
  select coalesce(sum(unbilled_ms), 0) as "unbilledMs" from unbilled_time
  where user_id = $1 and provider_id = $2 and hour > $3::timestamptz - interval '24 hours'`

// Rows in the order of ids, like every statement that locks several sessions.
const shortenLeasesSql = `
  update sessions s set is_lease_short = true
  from (
    select tenant_id, id from sessions
    where user_id = $1 and provider_id = $2 and status in ('active', 'paused') and not is_lease_short
    order by tenant_id, id for update
  ) o
  where s.tenant_id = o.tenant_id and s.id = o.id`
