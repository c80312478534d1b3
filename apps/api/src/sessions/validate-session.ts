import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import { emit } from '../events.ts'
import { isOverAllowance, noteUnbilled } from './allowance.ts'
import { endSessions } from './end-sessions.ts'
import { judgeUnvouchedGap, lockSession } from './lock-session.ts'
import { presentSession, type SessionRow, sessionColumns } from './session.ts'

/**
 * Spends a launch JWT: the first client that shows it holds the session; time starts with the first of them.
 *
 * Returns a refusal instead of throwing it, because a session that is found over was settled in this very
 * transaction, and that must stay.
 */
export async function validateSession(
  tx: Tx,
  input: {
    sessionId: string
    providerId: string
    jti: string
    clientId: string
    origin: string | undefined
    now: Date
    marketplaceUrl: string
  },
): Promise<{ session: SessionRow } | { refusal: Problem }> {
  const { sessionId, providerId, jti, clientId, origin, now, marketplaceUrl } = input
  const session = await lockSession(tx, { sessionId, now, marketplaceUrl })
  if (session.providerId !== providerId) throw new Problem('launch_invalid', {}, 'aud is another provider')
  if (origin !== undefined && !session.allowedOrigins.includes(origin))
    throw new Problem('origin_not_allowed')
  if (session.status === 'ended') return { refusal: new Problem('session_ended') }
  if (session.launchJti !== jti) throw new Problem('launch_invalid', {}, 'a newer launch JWT was made')
  if (session.providerStatus === 'suspended') {
    const { tenantId } = session
    const reason = session.status === 'pending' ? 'cancelled' : 'revoked'
    await endSessions(tx, [{ tenantId, sessionId, reason, lastGap: 'none', now }], marketplaceUrl)
    return { refusal: new Problem('session_ended') }
  }
  if (session.launchSpentBy === clientId) return { session }
  if (session.launchSpentBy !== null) throw new Problem('launch_already_used')

  const { userId } = session
  const { countedMs, unbilledMs } = judgeUnvouchedGap(session, now)
  await noteUnbilled(tx, { userId, providerId, unbilledMs, now })
  const isShort = await isOverAllowance(tx, { userId, providerId, now })
  const [validated] = await tx.query<SessionRow>(spendLaunchSql, [
    sessionId,
    jti,
    clientId,
    now,
    isShort,
    countedMs,
    unbilledMs,
  ])
  if (!validated) throw new Problem('launch_already_used')
  if (session.status === 'pending') {
    await emit(tx, [
      {
        tenantId: session.tenantId,
        type: 'session.started',
        providerId,
        sessionId,
        sequence: validated.eventSequence,
        snapshot: presentSession(validated, now, marketplaceUrl),
        now,
      },
    ])
  }
  return { session: validated }
}

// One conditional update spends the jti. Taking a running session over counts what the client before was surely
// served, a gap of up to 45 s; a client that comes back goes on with its own sequence. A paused session stays paused.
const spendLaunchSql = `
  update sessions s set
    launch_spent_by = $3,
    sequence = case when s.client_id = $3 then s.sequence else 0 end,
    client_id = $3,
    status = case when s.status = 'pending' then 'active' else s.status end,
    started_at = coalesce(s.started_at, $4),
    used_ms = s.used_ms + $6,
    unbilled_ms = s.unbilled_ms + $7,
    last_beat_at = case when s.status = 'paused' then s.last_beat_at else $4 end,
    is_first_beat_due = s.status <> 'paused',
    is_final = false,
    is_lease_short = s.is_lease_short or $5,
    event_sequence = s.event_sequence + (s.status = 'pending')::int,
    sweep_at = least(s.sweep_at, running_sweep_at($4, s.duration_ms - s.used_ms - $6))
  where s.id = $1 and s.launch_jti = $2 and s.launch_spent_by is null and s.status <> 'ended'
  returning ${sessionColumns('$4')}`
