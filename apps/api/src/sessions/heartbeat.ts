import type { Db } from '../db.ts'
import { Problem } from '../errors.ts'
import { BUSY, createGatherer } from '../gather.ts'
import { createAllowance } from './allowance.ts'
import { endSessions } from './end-sessions.ts'
import { findSessions } from './find-sessions.ts'
import { lastBeatSql, type SessionRow, sessionColumns } from './session.ts'

export interface Beat {
  tenantId: string
  sessionId: string
  /** Whose session its JWT says it is; of another provider's it changes nothing. */
  providerId: string
  clientId: string
  sequence: number
  /** What the SDK saw pass since its last acknowledged beat. */
  activeMs: number | null
  /** The page is being left: nothing is served until the next beat. */
  isFinal: boolean
  at: Date
  /** From `fingerprint`: whether it came from where the last one came from. */
  origin: number | null
}

/** How beats are gathered; the benchmarks compare others. */
export interface BeatTuning {
  batchMax?: number
  lanes?: number
}

interface BeatenRow extends SessionRow {
  unbilledMs: number
  /** Its page was closed, for a part of the gap, and that was no navigation. */
  isReopened: boolean
}

/** A session of the batch; nothing of a beat that changed nothing. */
type Found = { foundOrdinal: number } & ((BeatenRow & { ordinal: number }) | { ordinal: null })

/**
 * Applies beats in groups: one set-based update for all that arrived while the last one ran. An answer is given only
 * after its commit, so a crash loses nothing acknowledged.
 *
 * @returns what applies one beat and gives the session as it is after it.
 */
export function createHeartbeat(
  db: Db,
  marketplaceUrl: string,
  { batchMax, lanes }: BeatTuning = {},
): (beat: Beat) => Promise<SessionRow> {
  const apply = createGatherer<Beat, BeatenRow | undefined>({
    name: 'beats',
    run: (beats) => applyBeats(db, beats),
    keyOf: ({ tenantId, sessionId }) => `${tenantId}/${sessionId}`,
    ...(batchMax !== undefined && { batchMax }),
    ...(lanes !== undefined && { lanes }),
  })
  const isOverAllowance = createAllowance(db)
  return async (beat) => {
    const session = await apply(beat)
    if (session?.providerId !== beat.providerId) throw new Problem('session_not_found')
    if (session.status === 'ended') return session
    if (session.clientId !== beat.clientId) throw new Problem('session_superseded')
    // The answer is a lease: it says what the next reading would. Of one that was closed nothing need be unbilled.
    const isAsked = session.unbilledMs > 0 || (session.isReopened && !session.isLeaseShort)
    if (isAsked && session.tokensPerMinute > 0 && (await isOverAllowance({ ...session, now: beat.at })))
      session.isLeaseShort = true
    if (session.overReason === null) return session
    const { tenantId, sessionId } = beat
    const ending = { tenantId, sessionId, reason: null, lastGap: 'none' as const, now: beat.at }
    const [ended] = await db.inBatch((tx) => endSessions(tx, [ending], marketplaceUrl))
    return ended ?? (await getSession(db, beat))
  }
}

async function getSession(db: Db, { tenantId, sessionId, at: now }: Beat): Promise<SessionRow> {
  const found = await findSessions(db.batch, [{ tenantId, sessionId, now }])
  const session = found.get(sessionId)
  if (!session) throw new Problem('session_not_found')
  return session
}

async function applyBeats(db: Db, beats: Beat[]): Promise<(BeatenRow | typeof BUSY | undefined)[]> {
  const rows = await db.batch.query<Found>(applyBeatsSql, [
    beats.map((beat) => beat.tenantId),
    beats.map((beat) => beat.sessionId),
    beats.map((beat) => beat.clientId),
    beats.map((beat) => beat.sequence),
    beats.map((beat) => beat.activeMs),
    beats.map((beat) => beat.isFinal),
    beats.map((beat) => beat.at),
    beats.map((beat) => beat.origin),
    beats.map((beat) => beat.providerId),
  ])
  const found = new Map(rows.map((row) => [row.foundOrdinal - 1, row]))
  const isApplied = (row: Found | undefined): row is Found & BeatenRow => typeof row?.ordinal === 'number'
  const others = await findSessions(
    db.batch,
    beats.filter((_, i) => !isApplied(found.get(i))).map((beat) => ({ ...beat, now: beat.at })),
  )
  return beats.map(({ sessionId }, i) => {
    const row = found.get(i)
    if (isApplied(row)) return row
    const session = others.get(sessionId)
    if (!session) return undefined
    // What was not found and is there was skipped.
    return row ? { ...session, unbilledMs: 0, isReopened: false } : BUSY
  })
}

// Locks the rows in the order of ids, as every other batch does, and waits for none of them. A beat counts when it comes from the client that holds
// the session, is newer than the last and finds the session running; while paused it only moves the sequence, and says how long
// the app showed on what the marketplace had paused.
// Nothing indexed is written, so the update stays on its page (HOT).
// What is accepted is applied: the row is locked until the commit. So the log and the allowance are written from the same
// rows, by the same statement, and a crash loses all of it or nothing.
// The join at its end is full because it has to be hashed then: a plan that expects one row would compare each with each.
const applyBeatsSql = `
  with input as (
    select * from unnest(
        $1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::boolean[], $7::timestamptz[],
        $8::integer[], $9::text[])
      with ordinality as i (tenant_id, id, client_id, sequence, active_ms, is_final, at, origin, provider_id, ordinal)
  ), locked as materialized (
    select s.tenant_id, s.id, s.user_id, s.provider_id, s.tokens_per_minute, i.ordinal, i.at, i.sequence, i.active_ms,
      i.is_final, i.origin,
      s.status in ('active', 'paused') and s.client_id = i.client_id and i.sequence > s.sequence
        and s.provider_id = i.provider_id and over_reason(s, i.at) is null as is_accepted,
      counted_ms(s, i.at, i.active_ms) as counted_ms,
      served_ms(s, i.at) as served_ms,
      s.status = 'active' and ms_between(s.last_beat_at, i.at) > greatest(30000, served_ms(s, i.at)) as is_reopened
    from sessions s join input i on s.tenant_id = i.tenant_id and s.id = i.id
    order by s.tenant_id, s.id
    for update of s skip locked
  ), applied as (
    update sessions s set
      sequence = l.sequence,
      used_ms = s.used_ms + l.counted_ms,
      unbilled_ms = s.unbilled_ms + greatest(0, l.served_ms - l.counted_ms),
      last_beat_at = case when s.status = 'active' then ${lastBeatSql('l.at')} else s.last_beat_at end,
      is_first_beat_due = s.is_first_beat_due and s.status <> 'active',
      is_final = case when s.status = 'active' then l.is_final else s.is_final end,
      told_ms = null
    from locked l
    where s.tenant_id = l.tenant_id and s.id = l.id and l.is_accepted
    returning l.ordinal, ${sessionColumns('l.at')}, greatest(0, l.served_ms - l.counted_ms) as "unbilledMs",
      l.is_reopened as "isReopened"
  ), logged as (
    insert into beat_batches (tenant_id, at, kind, session_ids, ats, sequences, active_ms, counted_ms, unbilled_ms, finals,
      origins)
    select l.tenant_id, min(l.at), 'beat', array_agg(l.id), array_agg(l.at), array_agg(l.sequence),
      array_agg(l.active_ms::integer), array_agg(l.counted_ms::integer),
      array_agg(greatest(0, l.served_ms - l.counted_ms)::integer), array_agg(l.is_final), array_agg(l.origin)
    from locked l where l.is_accepted group by l.tenant_id
  ), noted as (
    insert into unbilled_time as u (tenant_id, user_id, provider_id, hour, unbilled_ms)
    select l.tenant_id, l.user_id, l.provider_id, date_trunc('hour', l.at, 'UTC'), sum(l.served_ms - l.counted_ms)
    from locked l where l.is_accepted and l.served_ms > l.counted_ms and l.tokens_per_minute > 0
    group by 1, 2, 3, 4 order by 1, 2, 3, 4
    on conflict (tenant_id, user_id, provider_id, hour) do update set unbilled_ms = u.unbilled_ms + excluded.unbilled_ms
  )
  select l.ordinal as "foundOrdinal", a.* from locked l full join applied a on a.ordinal = l.ordinal`
