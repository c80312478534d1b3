import type { Db, Tx } from '../db.ts'
import { createGatherer } from '../gather.ts'
import { idFloor } from '../id.ts'
import type { SessionRow } from './session.ts'

/** Served but unbilled, per user and provider in 24 hours: beyond it leases are short and every gap counts. */
export const UNBILLED_MS_ALLOWED = 600_000

interface Unbilled {
  userId: string
  providerId: string
  tokensPerMinute: number
  unbilledMs: number
  now: Date
}

/** Where nothing is to be billed, a test session say, nobody is served for nothing. */
const isUnbilled = ({ tokensPerMinute, unbilledMs }: Pick<Unbilled, 'tokensPerMinute' | 'unbilledMs'>) =>
  unbilledMs > 0 && tokensPerMinute > 0

/** Writes down what was served and not billed. */
export async function noteUnbilled(tx: Tx, unbilled: Unbilled): Promise<void> {
  const { userId, providerId, unbilledMs, now } = unbilled
  if (isUnbilled(unbilled)) await tx.query(noteSql, [userId, providerId, now, unbilledMs])
}

/** The same for sessions that ended: sent with the commit and not waited for. */
export function noteUnbilledOfEach(
  tx: Tx,
  ended: readonly (Pick<SessionRow, 'tenantId' | 'userId' | 'providerId' | 'tokensPerMinute' | 'endedAt'> & {
    unbilledMs: number
  })[],
): void {
  const unbilled = ended.filter(isUnbilled)
  if (unbilled.length === 0) return
  tx.send(noteEachSql, [
    unbilled.map(({ tenantId }) => tenantId),
    unbilled.map(({ userId }) => userId),
    unbilled.map(({ providerId }) => providerId),
    unbilled.map(({ endedAt }) => endedAt),
    unbilled.map(({ unbilledMs }) => unbilledMs),
  ])
}

/** Whose session it is that is served on. */
export interface Served {
  tenantId: string
  id: string
  userId: string
  providerId: string
  now: Date
}

/**
 * What tells whether a user is over the allowance; then the leases they hold with this provider become short.
 * After an outage nearly every beat is asked about, so the question is gathered like beats are.
 *
 * What was unbilled is on record already, so a crash before this forgets nothing of it; who is asked next is told.
 */
export function createAllowance(db: Db): (served: Served) => Promise<boolean> {
  const isOver = createGatherer<Served, boolean>({
    name: 'allowances',
    run: (served) => areOverAllowance(db, served),
  })
  return async (served) => {
    if (!(await isOver(served))) return false
    const { tenantId, userId, providerId } = served
    await db.inTenant(tenantId, (tx) => tx.query(shortenLeasesSql, [userId, providerId]))
    return true
  }
}

async function areOverAllowance(db: Db, served: Served[]): Promise<boolean[]> {
  const rows = await db.batch.query<{ isOver: boolean }>(areOverSql, [
    served.map(({ tenantId }) => tenantId),
    served.map(({ userId }) => userId),
    served.map(({ providerId }) => providerId),
    served.map(({ id }) => id),
    served.map(({ now }) => now),
    UNBILLED_MS_ALLOWED,
    oldestSilentId(served),
  ])
  return rows.map(({ isOver }) => isOver)
}

/** Whether this user was served more than the allowance without paying, with this provider, in the last 24 hours. */
export async function isOverAllowance(
  tx: Tx,
  { tenantId, userId, providerId, id, now }: Served,
): Promise<boolean> {
  const one = [
    [tenantId],
    [userId],
    [providerId],
    [id],
    [now],
    UNBILLED_MS_ALLOWED,
    oldestSilentId([{ now }]),
  ]
  const [row] = await tx.query<{ isOver: boolean }>(areOverSql, one)
  return row?.isOver ?? false
}

/** What a session served longer ago counts for nothing: it lives 24 hours at most, and the allowance looks back as far. */
const SILENT_MS_MAX = 48 * 3_600_000

/** Of the sessions that may be silent, so that of a table in partitions only the newest are read. */
export const oldestSilentId = (asked: readonly { now: Date }[]): string =>
  idFloor('ses', new Date(Math.min(...asked.map(({ now }) => now.getTime())) - SILENT_MS_MAX))

/**
 * What the user of a session was served and did not pay, with its provider, in the last 24 hours: what is on record, what is
 * shown on of sessions that ended or changed hands, and what others of theirs were served that have fallen silent, or whose
 * page has not heard of a pause: that is written down only when they end, half an hour later.
 *
 * @param row an alias with `tenant_id`, `user_id`, `provider_id`, `id` and `at`
 * @param oldestId an SQL expression: from which session on they are looked for
 */
export const unbilledSql = (row: string, oldestId: string): string => `(
    coalesce((select sum(u.unbilled_ms) from unbilled_time u
      where u.tenant_id = ${row}.tenant_id and u.user_id = ${row}.user_id and u.provider_id = ${row}.provider_id
        and u.hour > ${row}.at - interval '24 hours'), 0)
    + coalesce((select sum(shown_ms(y, ${row}.at)) from left_leases y
      where y.tenant_id = ${row}.tenant_id and y.user_id = ${row}.user_id and y.provider_id = ${row}.provider_id
        and y.left_at > ${row}.at - interval '24 hours'), 0)
    + coalesce((select sum(served_ms(x, ${row}.at)) from sessions x
      where x.tenant_id = ${row}.tenant_id and x.user_id = ${row}.user_id and x.provider_id = ${row}.provider_id
        and x.status in ('active', 'paused') and x.ended_at is null and x.id <> ${row}.id and x.id >= ${oldestId}
        and x.tokens_per_minute > 0 and ms_between(x.last_beat_at, ${row}.at) > 45000), 0))`

const noteSql = `
  insert into unbilled_time as u (user_id, provider_id, hour, unbilled_ms)
  values ($1, $2, date_trunc('hour', $3::timestamptz, 'UTC'), $4)
  on conflict (tenant_id, user_id, provider_id, hour) do update set unbilled_ms = u.unbilled_ms + excluded.unbilled_ms`

// In the order of the key, like every statement that notes several.
const noteEachSql = `
  insert into unbilled_time as u (tenant_id, user_id, provider_id, hour, unbilled_ms)
  select i.tenant_id, i.user_id, i.provider_id, date_trunc('hour', i.at, 'UTC'), sum(i.unbilled_ms)
  from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::bigint[])
    as i (tenant_id, user_id, provider_id, at, unbilled_ms)
  group by 1, 2, 3, 4 order by 1, 2, 3, 4
  on conflict (tenant_id, user_id, provider_id, hour) do update set unbilled_ms = u.unbilled_ms + excluded.unbilled_ms`

const areOverSql = `
  select ${unbilledSql('i', '$7')} > $6::bigint as "isOver"
  from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[]) with ordinality
    as i (tenant_id, user_id, provider_id, id, at, ordinal)
  order by i.ordinal`

// Rows in the order of ids, like every statement that locks several sessions.
const shortenLeasesSql = `
  update sessions s set is_lease_short = true
  from (
    select tenant_id, id from sessions
    where user_id = $1 and provider_id = $2 and status in ('active', 'paused') and ended_at is null and not is_lease_short
    order by tenant_id, id for update
  ) o
  where s.tenant_id = o.tenant_id and s.id = o.id`
