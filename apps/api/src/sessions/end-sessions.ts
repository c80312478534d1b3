import type { Tx } from '../db.ts'
import { emit, type NewEvent } from '../events.ts'
import { captureHolds } from '../ledger/capture-holds.ts'
import { noteUnbilledOfEach } from './allowance.ts'
import { chargeSql, describeUse } from './charge.ts'
import { leftSql, noteLeftLeases } from './left-leases.ts'
import { type EndReason, presentSession, type SessionRow, sessionColumns } from './session.ts'

export interface Ending {
  tenantId: string
  sessionId: string
  /** Null: end it only if it is over. */
  reason: EndReason | null
  /**
   * Whether the time since the last beat counts: not at all, up to 45 s because the marketplace knows nothing of it, which leaves
   * the page what there is of its lease, or as a beat with this `activeMs`.
   */
  lastGap: 'none' | 'unvouched' | { activeMs: number | null }
  /** Only if the session is this user's, or this client of its provider holds it. */
  by?:
    | { kind: 'user'; userId: string }
    | { kind: 'client'; clientId: string; providerId: string; sequence: number | null }
  now: Date
}

/**
 * Ends sessions and settles them: charges exactly the time used and releases the rest, once.
 *
 * One conditional update decides who ends a session, so completions, expiries and the sweeper may race. Locks
 * session rows in the order of ids, then wallets in theirs, then unbilled time, which nobody has who waits for a wallet. A
 * session that is over by the rules of time ends for that reason, whatever was asked for.
 *
 * @param options with `skipLocked` it waits for no session that somebody else works on, and does not end it
 * @returns the sessions that this very call ended.
 */
export async function endSessions(
  tx: Tx,
  endings: readonly Ending[],
  marketplaceUrl: string,
  { skipLocked = false } = {},
): Promise<SessionRow[]> {
  if (endings.length === 0) return []
  const sql = endSessionsSql(skipLocked ? 'skip locked' : '')
  const ended = await tx.query<SessionRow & { unbilledMs: number; leftMs: number; providerName: string }>(
    sql,
    [
      endings.map((ending) => ending.tenantId),
      endings.map((ending) => ending.sessionId),
      endings.map((ending) => ending.reason),
      endings.map(({ lastGap }) => (typeof lastGap === 'string' ? lastGap : 'beat')),
      endings.map(({ lastGap }) => (typeof lastGap === 'string' ? null : lastGap.activeMs)),
      endings.map((ending) => ending.now),
      endings.map(({ by }) => (by?.kind === 'user' ? by.userId : null)),
      endings.map(({ by }) => (by?.kind === 'client' ? by.clientId : null)),
      endings.map(({ by }) => (by?.kind === 'client' ? by.providerId : null)),
      endings.map(({ by }) => (by?.kind === 'client' ? by.sequence : null)),
    ],
  )
  const charged = ended.filter((session) => session.tokensHeld > 0)
  const captures = await captureHolds(
    tx,
    charged.map((session) => ({
      tenantId: session.tenantId,
      reference: session.id,
      amount: session.tokensCharged ?? 0,
      providerId: session.providerId,
      feeBasisPoints: session.feeBasisPoints,
      description: `${session.providerName}: ${describeUse(session)}`,
      now: session.endedAt as Date,
    })),
  )
  // Time that was served and does not count goes on the user's allowance with this provider, and so does what is shown from here on.
  noteUnbilledOfEach(tx, ended)
  noteLeftLeases(
    tx,
    ended.map((session) => ({ ...session, leftAt: session.endedAt })),
  )
  await emit(
    tx,
    ended.flatMap((session) => eventsOf(session, captures.get(session.id)?.fee ?? 0, marketplaceUrl)),
  )
  return ended
}

/** A session that is found over is settled by whoever finds it, to the time that was confirmed. */
export async function endIfOver<S extends SessionRow>(
  tx: Tx,
  session: S,
  now: Date,
  marketplaceUrl: string,
): Promise<S> {
  if (session.overReason === null) return session
  const { tenantId, id: sessionId } = session
  const ending = { tenantId, sessionId, reason: null, lastGap: 'none' as const, now }
  const [ended] = await endSessions(tx, [ending], marketplaceUrl)
  return { ...session, ...ended }
}

function eventsOf(session: SessionRow, fee: number, marketplaceUrl: string): NewEvent[] {
  const now = session.endedAt as Date
  const base = { tenantId: session.tenantId, providerId: session.providerId, sessionId: session.id, now }
  const gross = session.tokensCharged ?? 0
  const events: NewEvent[] = [
    {
      ...base,
      type: `session.${session.endReason as EndReason}`,
      sequence: session.eventSequence,
      snapshot: presentSession(session, now, marketplaceUrl),
    },
  ]
  if (gross > 0) {
    events.push({
      ...base,
      type: 'earnings.posted',
      sequence: session.eventSequence,
      snapshot: { sessionId: session.id, providerId: session.providerId, gross, fee, net: gross - fee },
    })
  }
  return events
}

/** Nobody was served beyond the 24 hours, however late that is settled. */
const UNTIL = "least(i.at, s.created_at + interval '24 hours')"

// The rows are locked in one order first; under that lock the rules of time decide, then one conditional update ends.
const endSessionsSql = (lock: 'skip locked' | '') => `
  with input as (
    select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::timestamptz[], $7::text[], $8::text[],
        $9::text[], $10::bigint[])
      as i (tenant_id, id, reason, gap_rule, active_ms, at, by_user_id, by_client_id, by_provider_id, sequence)
  ), locked as materialized (
    select s.tenant_id, s.id, i.at, i.active_ms, i.sequence,
      coalesce(
        over_reason(s, i.at),
        case when s.status = 'pending' and i.reason = 'completed' then 'cancelled' else i.reason end
      ) as reason,
      served_ms(s, ${UNTIL}) as served_ms,
      case
        when over_reason(s, i.at) is not null
          then case when s.is_lease_short then unvouched_ms(s, ${UNTIL}) else 0 end
        when i.gap_rule = 'none' then 0
        when i.gap_rule = 'beat' then counted_ms(s, i.at, i.active_ms)
        else unvouched_ms(s, i.at) + ${leftSql('billed', 's', 'i.at')}
      end as counted_ms,
      case when i.gap_rule = 'unvouched' and over_reason(s, i.at) is null then ${leftSql('unbilled', 's', 'i.at')} else 0 end
        as left_ms
    from sessions s join input i on s.tenant_id = i.tenant_id and s.id = i.id
    where s.status <> 'ended'
      and (i.by_user_id is null or s.user_id = i.by_user_id)
      and (i.by_client_id is null or (s.client_id = i.by_client_id and s.provider_id = i.by_provider_id))
    order by s.tenant_id, s.id
    for update of s ${lock}
  ), ended as (
    update sessions s set
      status = 'ended', end_reason = l.reason, ended_at = l.at, paused_at = null,
      sequence = greatest(s.sequence, l.sequence),
      used_ms = s.used_ms + l.counted_ms,
      unbilled_ms = s.unbilled_ms + greatest(0, l.served_ms - l.counted_ms),
      tokens_charged = case when s.tokens_held = 0 then 0
        else ${chargeSql('s.tokens_per_minute', 's.used_ms + l.counted_ms')} end,
      event_sequence = s.event_sequence + 1
    from locked l
    where s.tenant_id = l.tenant_id and s.id = l.id and l.reason is not null
    returning ${sessionColumns('l.at')}, greatest(0, l.served_ms - l.counted_ms) as "unbilledMs", l.left_ms as "leftMs"
  ), logged as (
    insert into beat_batches (tenant_id, at, kind, session_ids, ats, sequences, active_ms, counted_ms, unbilled_ms, finals,
      origins)
    select l.tenant_id, min(l.at), 'end', array_agg(l.id), array_agg(l.at), array_agg(null::bigint),
      array_agg(l.active_ms::integer), array_agg(l.counted_ms::integer),
      array_agg(greatest(0, l.served_ms - l.counted_ms)::integer), array_agg(true), array_agg(null::integer)
    from locked l where l.reason is not null and (l.counted_ms > 0 or l.served_ms > 0) group by l.tenant_id
  )
  select e.*, p.name as "providerName"
  from ended e join providers p on p.tenant_id = e."tenantId" and p.id = e."providerId"`
