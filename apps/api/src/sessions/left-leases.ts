import type { Tx } from '../db.ts'
import type { Deps } from '../deps.ts'
import { Problem } from '../errors.ts'
import type { SessionRow } from './session.ts'

/** Whose lease is left, and how much of it. */
type Left = Pick<SessionRow, 'tenantId' | 'id' | 'clientId' | 'userId' | 'providerId' | 'tokensPerMinute'> & {
  leftAt: Date | null
  leftMs: number
}

/** Writes down what is left of leases whose sessions ended elsewhere: sent with the commit and not waited for. */
export function noteLeftLeases(tx: Tx, sessions: readonly Left[]): void {
  const left = sessions.filter(({ leftMs, tokensPerMinute }) => leftMs > 0 && tokensPerMinute > 0)
  if (left.length === 0) return
  tx.send(noteSql, [
    left.map(({ tenantId }) => tenantId),
    left.map(({ id }) => id),
    left.map(({ clientId }) => clientId),
    left.map(({ leftAt }) => leftAt),
    left.map(({ userId }) => userId),
    left.map(({ providerId }) => providerId),
    left.map(({ leftMs }) => leftMs),
  ])
}

/**
 * Runs what a client asks of a session. One that learns from the answer that it lost it, to the marketplace or to another
 * browser, shows the app no longer: what it showed until then is known from here on.
 */
export async function listening(
  { db, log }: Pick<Deps, 'db' | 'log'>,
  client: { tenantId: string; sessionId: string; clientId: string; now: Date },
  run: () => Promise<SessionRow>,
): Promise<SessionRow> {
  const { tenantId, sessionId, clientId, now } = client
  // The answer is good without it: then it counts to the end of the lease.
  const hear = () =>
    db.batch
      .query(hearSql, [tenantId, sessionId, clientId, now])
      .catch((err: unknown) => log.warn({ err, sessionId }, 'a page has heard, and it could not be noted'))
  try {
    const session = await run()
    const { status, endReason, endedAt } = session
    // What ends with this very call was left by nobody, nor was what ended by itself.
    const isLeft = session.clientId !== clientId || endReason === 'completed'
    if (status === 'ended' && isLeft && endedAt?.getTime() !== now.getTime()) await hear()
    return session
  } catch (error) {
    if (error instanceof Problem && error.code === 'session_superseded') await hear()
    throw error
  }
}

export interface ShownOn {
  /** When the page heard that the session is no longer its own, or when its lease was over. */
  at: Date
  shownMs: number
}

/** What browsers showed of a session after it had ended, or had gone to another one. */
export function listShownOn(tx: Tx, sessionId: string, now: Date): Promise<ShownOn[]> {
  return tx.query<ShownOn>(listSql, [sessionId, now])
}

/**
 * What is left of a lease where another one ends or takes over a session: beyond the allowance it is billed, as every gap is
 * there; else nobody pays for it, and it counts towards the allowance.
 *
 * @param session the alias of the session as it was, in the statement's SQL
 * @param at an SQL expression: the instant from which the lease is left
 */
export function leftSql(part: 'billed' | 'unbilled', session: string, at: string): string {
  const isBilled = `${session}.is_lease_short and ${session}.status = 'active'`
  const left = `left_ms(${session}, ${at})`
  // Where the last beat is still to come, until then it is billed already.
  const ahead = `greatest(0, ms_between(${at}, ${session}.last_beat_at))`
  return part === 'billed'
    ? `case when ${isBilled} then greatest(0, ${left} - ${ahead}) else 0 end`
    : `case when ${isBilled} then 0 else ${left} end`
}

// In the order of the key, like every statement that writes several. Twice within a millisecond it is the same lease.
const noteSql = `
  insert into left_leases (tenant_id, session_id, client_id, left_at, user_id, provider_id, lease_ms)
  select * from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::text[], $7::bigint[])
    as i (tenant_id, session_id, client_id, left_at, user_id, provider_id, lease_ms)
  order by 1, 2, 3, 4
  on conflict do nothing`

const hearSql = `
  update left_leases l set shown_ms = shown_ms(l, $4)
  where l.tenant_id = $1 and l.session_id = $2 and l.client_id = $3 and l.shown_ms is null`

const listSql = `
  select l.left_at + shown_ms(l, $2) * interval '1 millisecond' as at, shown_ms(l, $2) as "shownMs"
  from left_leases l
  where l.session_id = $1 and shown_ms(l, $2) > 0
  order by l.left_at, l.client_id`
