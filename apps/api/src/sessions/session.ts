/**
 * The noun: its limits, its row, and how it looks on the wire.
 *
 * @module
 */
import { type Static, Type } from '@fastify/type-provider-typebox'
import { Id, Instant, Nullable, Shape, Tokens } from '../http/schema.ts'

export const SESSION_MINUTES_MAX = 480
export const SESSION_LIFE_MS = 24 * 3_600_000
export const LAUNCH_SECONDS = 120
export const HEARTBEAT_INTERVAL_SECONDS = 30
export const WARNING_SECONDS_MAX = 300
/** A last gap that nobody vouches for counts up to here, so that one interval and its latency are not lost. */
export const UNVOUCHED_GAP_MS_MAX = 45_000
const LEASE_MS = 130_000
const LEASE_SHORT_MS = 45_000

export type SessionStatus = 'pending' | 'active' | 'paused' | 'ended'
export type EndReason = 'completed' | 'expired' | 'abandoned' | 'cancelled' | 'revoked'

export interface SessionRow {
  tenantId: string
  id: string
  userId: string
  providerId: string
  userRef: string
  isTest: boolean
  status: SessionStatus
  endReason: EndReason | null
  durationMs: number
  usedMs: number
  /** Up to which `usedMs` the app may serve for all it was told; null where it knows what there is. */
  toldMs: number | null
  tokensPerMinute: number
  feeBasisPoints: number
  tokensHeld: number
  tokensCharged: number | null
  clientId: string | null
  sequence: number
  lastBeatAt: Date | null
  isFirstBeatDue: boolean
  isFinal: boolean
  isLeaseShort: boolean
  isPausedByUser: boolean
  eventSequence: number
  createdAt: Date
  startedAt: Date | null
  endedAt: Date | null
  /** Why it is over at the instant it was read, although it is not settled yet. */
  overReason: EndReason | null
}

const COLUMNS = {
  tenantId: 'tenant_id',
  id: 'id',
  userId: 'user_id',
  providerId: 'provider_id',
  userRef: 'user_ref',
  isTest: 'is_test',
  status: 'status',
  endReason: 'end_reason',
  durationMs: 'duration_ms',
  usedMs: 'used_ms',
  toldMs: 'told_ms',
  tokensPerMinute: 'tokens_per_minute',
  feeBasisPoints: 'fee_basis_points',
  tokensHeld: 'tokens_held',
  tokensCharged: 'tokens_charged',
  clientId: 'client_id',
  sequence: 'sequence',
  lastBeatAt: 'last_beat_at',
  isFirstBeatDue: 'is_first_beat_due',
  isFinal: 'is_final',
  isLeaseShort: 'is_lease_short',
  isPausedByUser: 'is_paused_by_user',
  eventSequence: 'event_sequence',
  createdAt: 'created_at',
  startedAt: 'started_at',
  endedAt: 'ended_at',
} as const

/**
 * The select list of a `SessionRow`.
 *
 * @param at an SQL expression: the instant that `overReason` speaks of
 * @example `select ${sessionColumns('$2')} from sessions s where s.id = $1`
 */
export function sessionColumns(at: string): string {
  const plain = Object.entries(COLUMNS).map(([name, column]) => `s.${column} as "${name}"`)
  return [...plain, `over_reason(s, ${at}) as "overReason"`].join(', ')
}

/**
 * The last beat of a call at that instant. Clocks of two instances differ a little, so it never moves back by that: the time
 * between would count twice. Further back it is the clock that was set, and waiting for it to come to where it was would serve
 * everybody for nothing until then. Beyond the allowance up to 45 s are billed ahead, to which the difference of the clocks comes.
 *
 * @param at an SQL expression: the instant of the call
 */
export const lastBeatSql = (at: string) =>
  `case when ms_between(${at}, s.last_beat_at) > case when s.is_lease_short then 90000 else 45000 end then ${at} else greatest(s.last_beat_at, ${at}) end`

export const Session = Shape(
  {
    id: Id('ses'),
    providerId: Id('prv'),
    status: Type.Union(
      [Type.Literal('pending'), Type.Literal('active'), Type.Literal('paused'), Type.Literal('ended')],
      { description: 'pending: paid for, not yet validated.', examples: ['active'] },
    ),
    endReason: Nullable(
      Type.Union(
        [
          Type.Literal('completed'),
          Type.Literal('expired'),
          Type.Literal('abandoned'),
          Type.Literal('cancelled'),
          Type.Literal('revoked'),
        ],
        { description: 'Why it ended; null until then.', examples: ['completed'] },
      ),
    ),
    userRef: Type.String({
      description: 'The user, as this provider knows them: stable, and different for every provider.',
      examples: ['ref_7d1q0z8m4k2v9x3t5r6w1c0b8n'],
    }),
    durationSeconds: Type.Integer({
      description: 'What was paid for, extensions included.',
      examples: [1800],
    }),
    usedMs: Type.Integer({
      description: 'Time used so far, with what is being served and not confirmed yet; final once ended.',
      examples: [432000],
    }),
    remainingMs: Type.Integer({ description: 'Time left.', examples: [1368000] }),
    endsAt: Nullable(Instant('`serverTime` + `remainingMs` while active, else null.')),
    serveUntil: Nullable(
      Instant('Until when the app may serve without a further beat; null when it may not serve.'),
    ),
    sequence: Type.Integer({ description: 'The last one accepted from this client.', examples: [15] }),
    tokensPerMinute: Tokens('The price, as it was when the session was opened.', 4),
    tokensHeld: Tokens('Reserved for the session, extensions included.'),
    tokensCharged: Nullable(Tokens('What it cost; null until it has ended.', 29)),
    heartbeatIntervalSeconds: Type.Integer({ description: 'How often to beat.', examples: [30] }),
    warningSeconds: Type.Integer({ description: 'How long before the end to warn.', examples: [300] }),
    returnUrl: Type.String({
      description: 'Where the user goes back to; append `&reason=`.',
      examples: ['https://marketplace.example/?session=ses_01k4w3t9x2qv5m8r7c6z1n0hbd'],
    }),
    createdAt: Instant('When it was opened.'),
    startedAt: Nullable(Instant('When it was first validated.')),
    endedAt: Nullable(Instant('When it was settled.')),
    serverTime: Instant('The clock that counts, at this answer.'),
  },
  { description: 'A paid, timed session.' },
)

export type SessionWire = Static<typeof Session>

/** Where a session's user goes back to. */
export const returnUrlOf = (marketplaceUrl: string, sessionId: string) =>
  `${marketplaceUrl}/?session=${sessionId}`

/** How the row reads at `now`: the time of the running lease is projected, nothing is stored. */
export function presentSession(row: SessionRow, now: Date, marketplaceUrl: string): SessionWire {
  const { servedMs, serveUntil } = projectLease(row, now)
  const usedMs = row.usedMs + servedMs
  const remainingMs = row.durationMs - usedMs
  const isActive = row.status === 'active'
  return {
    id: row.id,
    providerId: row.providerId,
    status: row.status,
    endReason: row.endReason,
    userRef: row.userRef,
    durationSeconds: row.durationMs / 1000,
    usedMs,
    remainingMs,
    endsAt: isActive ? new Date(now.getTime() + remainingMs).toISOString() : null,
    serveUntil: serveUntil === undefined ? null : new Date(serveUntil).toISOString(),
    sequence: row.sequence,
    tokensPerMinute: row.tokensPerMinute,
    tokensHeld: row.tokensHeld,
    tokensCharged: row.tokensCharged,
    heartbeatIntervalSeconds: HEARTBEAT_INTERVAL_SECONDS,
    warningSeconds: Math.min(WARNING_SECONDS_MAX, Math.floor(row.durationMs / 2000)),
    returnUrl: returnUrlOf(marketplaceUrl, row.id),
    createdAt: row.createdAt.toISOString(),
    startedAt: row.startedAt?.toISOString() ?? null,
    endedAt: row.endedAt?.toISOString() ?? null,
    serverTime: now.toISOString(),
  }
}

/** The mirror of `served_ms` and `lease_ms` for reads; a test compares the two. */
export function projectLease(
  row: SessionRow,
  now: Date,
): { servedMs: number; serveUntil: number | undefined } {
  if (row.status !== 'active' || row.isFinal || row.lastBeatAt === null)
    return { servedMs: 0, serveUntil: undefined }
  const lastBeat = row.lastBeatAt.getTime()
  const leaseMs = row.isFirstBeatDue || row.isLeaseShort ? LEASE_SHORT_MS : LEASE_MS
  const lifeEnd = row.createdAt.getTime() + SESSION_LIFE_MS
  // A clock that is behind the one of the last beat serves no longer because of it.
  const from = Math.min(lastBeat, now.getTime())
  const until = Math.min(from + leaseMs, from + (row.toldMs ?? row.durationMs) - row.usedMs, lifeEnd)
  const servedMs = Math.max(0, Math.min(now.getTime(), until) - lastBeat)
  return { servedMs, serveUntil: until > now.getTime() ? until : undefined }
}
