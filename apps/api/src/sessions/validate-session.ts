import { assert } from '../assert.ts'
import type { Db, Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import { emit } from '../events.ts'
import { BUSY, createGatherer } from '../gather.ts'
import { oldestSilentId, UNBILLED_MS_ALLOWED, unbilledSql } from './allowance.ts'
import { type Ending, endSessions } from './end-sessions.ts'
import { findSessions } from './find-sessions.ts'
import { leftSql } from './left-leases.ts'
import type { ShownLaunch } from './read-launch.ts'
import { lastBeatSql, presentSession, type SessionRow, sessionColumns } from './session.ts'

export interface Validation extends ShownLaunch {
  clientId: string
  origin: string | undefined
  now: Date
}

type Validated = Partial<SessionRow> & { ordinal: number } & (
    | { outcome: 'started' | 'spent' | 'unchanged' }
    /** It has to end first: by the rules of time, or because its provider was suspended. */
    | { outcome: 'over' | 'cancelled' | 'revoked' }
    | { outcome: 'session_ended' | 'launch_invalid' | 'launch_already_used' | 'origin_not_allowed' }
  )

/**
 * Spends launch JWTs, gathered like beats: what arrives while statements are in flight shares their commit.
 *
 * @returns what validates one. @throws {Problem} `launch_invalid`, `launch_already_used`, `session_ended`,
 * `origin_not_allowed`
 */
export function createValidation(
  db: Db,
  marketplaceUrl: string,
): (validation: Validation) => Promise<SessionRow> {
  const validate = createGatherer<Validation, Answer>({
    name: 'validations',
    run: (validations) => db.inBatch((tx) => validateSessions(tx, validations, marketplaceUrl)),
    keyOf: ({ tenantId, sessionId }) => `${tenantId}/${sessionId}`,
  })
  return async ({ unproven, ...validation }) => {
    let validated = await validate({ ...validation, unproven })
    if (validated === UNPROVEN) {
      await unproven?.verify()
      validated = await validate(validation)
    }
    assert(validated !== UNPROVEN, 'what is proven is judged')
    if (validated instanceof Problem) throw validated
    if (!('ending' in validated)) return validated
    // In a transaction of its own, so that both lock in the one order, and alone, so that nobody else waits for its wallet.
    await db.inBatch((tx) => endSessions(tx, [validated.ending], marketplaceUrl))
    throw new Problem('session_ended')
  }
}

/** Nothing was done: the digest is not the one that the session's row has, or the row is locked. */
const UNPROVEN = Symbol('unproven')

/** A session that is over is still to be settled. */
type Answer = SessionRow | Problem | typeof UNPROVEN | { ending: Ending }

/** A refusal is an answer here, not an exception: the others of the batch must stay. */
async function validateSessions(
  tx: Tx,
  validations: Validation[],
  marketplaceUrl: string,
): Promise<(Answer | typeof BUSY)[]> {
  const rows = await tx.query<Validated>(spendLaunchesSql, [
    validations.map((validation) => validation.tenantId),
    validations.map((validation) => validation.sessionId),
    validations.map((validation) => validation.providerId),
    validations.map((validation) => validation.jti),
    validations.map((validation) => validation.clientId),
    validations.map((validation) => validation.origin ?? null),
    validations.map((validation) => validation.now),
    UNBILLED_MS_ALLOWED,
    validations.map(({ unproven }) => unproven?.digest ?? null),
    oldestSilentId(validations),
  ])
  const validated = new Map(rows.map((row) => [row.ordinal - 1, row]))
  // Read after the lock, and so as whoever held it before has left it.
  const found = await findSessions(
    tx,
    validations.filter(({ unproven }, i) => {
      const row = validated.get(i)
      return row ? row.outcome === 'unchanged' : !unproven
    }),
  )

  const started: { session: SessionRow; now: Date }[] = []
  const answers = validations.map((validation, i): Answer | typeof BUSY => {
    const { tenantId, sessionId, providerId, unproven, now } = validation
    const row = validated.get(i)
    if (!row && unproven) return UNPROVEN
    const session = found.get(sessionId)
    if (!row) return session?.providerId === providerId ? BUSY : new Problem('launch_invalid')
    switch (row.outcome) {
      case 'started':
        started.push({ session: row as SessionRow, now })
        return row as SessionRow
      case 'spent':
        return row as SessionRow
      case 'unchanged':
        assert(session, 'what was validated is there')
        return session
      case 'over':
      case 'cancelled':
      case 'revoked': {
        const reason = row.outcome === 'over' ? null : row.outcome
        return { ending: { tenantId, sessionId, reason, lastGap: 'none', now } }
      }
      default:
        return new Problem(row.outcome)
    }
  })
  await emit(
    tx,
    started.map(({ session, now }) => ({
      tenantId: session.tenantId,
      type: 'session.started' as const,
      providerId: session.providerId,
      sessionId: session.id,
      sequence: session.eventSequence,
      snapshot: presentSession(session, now, marketplaceUrl),
      now,
    })),
  )
  return answers
}

// Locks the rows in the order of ids, as every other batch does, and waits for none of them. The first client that shows a launch JWT holds the session;
// time starts with the first of them, and whoever takes a running session over counts what the client before was surely
// served, and leaves it what there is of its lease. A client that asks again before its first beat never got the answer: its clock starts now, and what it may have
// been served goes on the allowance. Its launch stays its own until a later one is shown, not only made. A client that comes back goes on with its own sequence; a paused session stays paused.
//
// A client that takes it back shows on what it has again: what it was left is over. What is billed ahead of the one before is
// not billed to this one: the clock goes on from there.
// What nobody has proven meets no row but one with its digest, and locks none.
// The join at its end is full, so that it is hashed: see `heartbeat.ts`.
const spendLaunchesSql = `
  with input as (
    select * from unnest(
        $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $9::bytea[])
      with ordinality as i (tenant_id, id, provider_id, jti, client_id, origin, at, digest, ordinal)
  ), locked as materialized (
    select s.tenant_id, s.id, s.user_id, s.provider_id, s.tokens_per_minute, s.status, s.launch_spent_by, s.client_id as held_by,
      i.client_id, i.jti, i.at, i.ordinal,
      case
        when i.origin is not null and not i.origin = any (p.allowed_origins) then 'origin_not_allowed'
        when s.status = 'ended' then 'session_ended'
        when over_reason(s, i.at) is not null then 'over'
        when s.launch_jti <> i.jti and s.held_jti is distinct from i.jti then 'launch_invalid'
        when p.status = 'suspended' then case when s.status = 'pending' then 'cancelled' else 'revoked' end
        when (s.held_jti = i.jti and s.client_id <> i.client_id) or s.launch_spent_by <> i.client_id then 'launch_already_used'
        when s.status = 'pending' then 'started'
        when s.launch_jti <> i.jti then 'unchanged'
        when s.launch_spent_by = i.client_id and not (s.status = 'active' and s.is_first_beat_due and not s.is_lease_short)
          then 'unchanged'
        else 'spent' end as outcome,
      served_ms(s, i.at) as served_ms,
      case when s.status = 'active' and s.launch_spent_by is null then unvouched_ms(s, i.at) else 0 end as unvouched_ms,
      case when s.client_id <> i.client_id then ${leftSql('billed', 's', 'i.at')} else 0 end as billed_left_ms,
      case when s.client_id <> i.client_id then ${leftSql('unbilled', 's', 'i.at')} else 0 end as left_ms
    from input i
    join sessions s on s.tenant_id = i.tenant_id and s.id = i.id and s.provider_id = i.provider_id
      and (i.digest is null or s.launch_digest = i.digest)
    join providers p on p.tenant_id = i.tenant_id and p.id = i.provider_id
    order by s.tenant_id, s.id
    for update of s skip locked
  ), counted as materialized (
    select l.*, l.unvouched_ms + l.billed_left_ms as counted_ms from locked l
  ), accepted as materialized (
    select l.*, greatest(0, l.served_ms - l.counted_ms) as unbilled_ms,
      case when l.tokens_per_minute > 0 then greatest(0, l.served_ms - l.counted_ms) else 0 end
        + ${unbilledSql('l', '$10')} > $8::bigint as is_over_allowance
    from counted l where l.outcome in ('started', 'spent')
  ), spent as (
    update sessions s set
      launch_spent_by = a.client_id,
      launch_digest = null,
      held_jti = a.jti,
      sequence = case when s.client_id = a.client_id then s.sequence else 0 end,
      client_id = a.client_id,
      status = case when s.status = 'pending' then 'active' else s.status end,
      started_at = coalesce(s.started_at, a.at),
      used_ms = s.used_ms + a.counted_ms,
      unbilled_ms = s.unbilled_ms + a.unbilled_ms,
      last_beat_at = case when s.status = 'paused' then s.last_beat_at
        else ${lastBeatSql('a.at')} + a.billed_left_ms * interval '1 millisecond' end,
      is_first_beat_due = s.status <> 'paused',
      is_final = false,
      told_ms = null,
      is_lease_short = s.is_lease_short or a.is_over_allowance,
      event_sequence = s.event_sequence + (s.status = 'pending')::int,
      sweep_at = least(s.sweep_at, running_sweep_at(a.at, s.duration_ms - s.used_ms - a.counted_ms))
    from accepted a
    where s.tenant_id = a.tenant_id and s.id = a.id
    returning a.ordinal as spent_ordinal, ${sessionColumns('a.at')}
  ), noted as (
    insert into unbilled_time as u (tenant_id, user_id, provider_id, hour, unbilled_ms)
    select a.tenant_id, a.user_id, a.provider_id, date_trunc('hour', a.at, 'UTC'), sum(a.unbilled_ms)
    from accepted a where a.unbilled_ms > 0 and a.tokens_per_minute > 0
    group by 1, 2, 3, 4 order by 1, 2, 3, 4
    on conflict (tenant_id, user_id, provider_id, hour) do update set unbilled_ms = u.unbilled_ms + excluded.unbilled_ms
  ), left_behind as (
    insert into left_leases (tenant_id, session_id, client_id, left_at, user_id, provider_id, lease_ms)
    select a.tenant_id, a.id, a.held_by, a.at, a.user_id, a.provider_id, a.left_ms
    from accepted a where a.left_ms > 0 and a.tokens_per_minute > 0
    order by 1, 2, 3, 4
    on conflict do nothing
  ), heard as (
    update left_leases y set shown_ms = shown_ms(y, a.at)
    from accepted a
    where a.held_by <> a.client_id and y.tenant_id = a.tenant_id and y.session_id = a.id and y.client_id = a.client_id
      and y.shown_ms is null
  ), logged as (
    insert into beat_batches (tenant_id, at, kind, session_ids, ats, sequences, active_ms, counted_ms, unbilled_ms, finals,
      origins)
    select a.tenant_id, a.at,
      case when a.held_by is distinct from a.client_id then 'takeover'
        when a.launch_spent_by = a.client_id then 'again' else 'return' end,
      array[a.id], array[a.at], array[null::bigint], array[null::integer], array[a.counted_ms::integer],
      array[a.unbilled_ms::integer], array[false], array[null::integer]
    from accepted a
    where a.status <> 'pending' and (a.launch_spent_by is distinct from a.client_id or a.unbilled_ms > 0)
  )
  select l.ordinal, l.outcome, s.* from locked l full join spent s on s.spent_ordinal = l.ordinal`
