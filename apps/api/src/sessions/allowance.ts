import type { Db, Tx } from '../db.ts'
import { createGatherer } from '../gather.ts'
import type { SessionRow } from './session.ts'

/** Served but unbilled, per user and provider in 24 hours: beyond it leases are short and every gap counts. */
export const UNBILLED_MS_ALLOWED = 600_000

/**
 * Of so many sessions that ended elsewhere or changed hands, in those 24 hours, a page is believed that it has heard: anybody can call
 * in its name. Of more the whole lease counts.
 */
export const HEARD_BELIEVED = 10

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

export interface UnbilledBeat extends Unbilled {
  tenantId: string
}

/**
 * What tells whether a beat took its user over the allowance; then the leases they hold with this provider become short.
 * After an outage nearly every beat is asked about, so the question is gathered like beats are.
 *
 * What was unbilled is on record already, so a crash before this forgets nothing: the next unbilled beat asks again.
 */
export function createBeatAllowance(db: Db): (unbilled: UnbilledBeat) => Promise<boolean> {
  const isOver = createGatherer<UnbilledBeat, boolean>({
    name: 'allowances',
    run: (beats) => areOverAllowance(db, beats),
  })
  return async (unbilled) => {
    if (!isUnbilled(unbilled) || !(await isOver(unbilled))) return false
    const { tenantId, userId, providerId } = unbilled
    await db.inTenant(tenantId, (tx) => tx.query(shortenLeasesSql, [userId, providerId]))
    return true
  }
}

async function areOverAllowance(db: Db, beats: UnbilledBeat[]): Promise<boolean[]> {
  const rows = await db.batch.query<{ isOver: boolean }>(areOverSql, [
    beats.map(({ tenantId }) => tenantId),
    beats.map(({ userId }) => userId),
    beats.map(({ providerId }) => providerId),
    beats.map(({ now }) => now),
    UNBILLED_MS_ALLOWED,
  ])
  return rows.map(({ isOver }) => isOver)
}

/** Whether this user was served more than the allowance without paying, with this provider, in the last 24 hours. */
export async function isOverAllowance(
  tx: Tx,
  { userId, providerId, now }: { userId: string; providerId: string; now: Date },
): Promise<boolean> {
  const [row] = await tx.query<{ unbilledMs: number }>(sumSql, [userId, providerId, now])
  return (row?.unbilledMs ?? 0) > UNBILLED_MS_ALLOWED
}

/**
 * What this user was served and did not pay, with this provider, in the last 24 hours: what is on record, and what is shown on
 * of sessions that ended or changed hands.
 */
export function unbilledSql({
  tenantId,
  userId,
  providerId,
  at,
}: Record<keyof ReturnType<typeof rowOf>, string>): string {
  const isTheirs = (row: string) =>
    `${row}.tenant_id = ${tenantId} and ${row}.user_id = ${userId} and ${row}.provider_id = ${providerId}`
  return `(
    coalesce((select sum(u.unbilled_ms) from unbilled_time u
      where ${isTheirs('u')} and u.hour > ${at} - interval '24 hours'), 0)
    + coalesce((select sum(case when x.nth <= ${HEARD_BELIEVED} then x.shown_ms else x.most_ms end) from (
        select row_number() over (order by y.left_at) as nth, shown_ms(y, ${at}) as shown_ms, most_shown_ms(y, ${at}) as most_ms
        from left_leases y where ${isTheirs('y')} and y.left_at > ${at} - interval '24 hours') x), 0))`
}

/** Of a row that has all of it. */
export const rowOf = (row: string) => ({
  tenantId: `${row}.tenant_id`,
  userId: `${row}.user_id`,
  providerId: `${row}.provider_id`,
  at: `${row}.at`,
})

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

const sumSql = `
  select ${unbilledSql({ tenantId: 'current_tenant()', userId: '$1', providerId: '$2', at: '$3::timestamptz' })} as "unbilledMs"`

const areOverSql = `
  select ${unbilledSql(rowOf('i'))} > $5::bigint as "isOver"
  from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[]) with ordinality
    as i (tenant_id, user_id, provider_id, at, ordinal)
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
