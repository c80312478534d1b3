import { type Static, Type } from '@fastify/type-provider-typebox'
import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import { Id, Instant, Nullable, Shape, Tokens } from '../http/schema.ts'

const Entry = Shape({
  at: Instant('When it happened.'),
  what: Type.String({
    description:
      '`opened`; an event (`started`, `paused`, `resumed`, `extended`, `completed`, `expired`, `abandoned`, `cancelled`, `revoked`); a line of the ledger (`charge`, `fee`).',
    examples: ['started'],
  }),
  sequence: Nullable(Type.Integer({ description: 'Of an event: its number in the session.', examples: [1] })),
  usedMs: Nullable(Type.Integer({ description: 'Of an event: time used until then.', examples: [432000] })),
  tokens: Nullable(
    Tokens('What was held then, or what a line of the ledger moved; null where it is neither.', 120),
  ),
})

export const Timeline = Shape(
  {
    sessionId: Id('ses'),
    userRef: Type.String({
      description: 'The user, as this provider knows them.',
      examples: ['ref_7d1q0z8m4k2v9x3t5r6w1c0b8n'],
    }),
    status: Type.Enum(['pending', 'active', 'paused', 'ended'], {
      description: 'What it is now.',
      examples: ['ended'],
    }),
    endReason: Nullable(
      Type.Enum(['completed', 'expired', 'abandoned', 'cancelled', 'revoked'], {
        description: 'Why it ended; null until then.',
        examples: ['completed'],
      }),
    ),
    usedMs: Type.Integer({ description: 'Time confirmed, which is what is charged.', examples: [432000] }),
    unbilledMs: Type.Integer({
      description: 'Time served without a confirmation, which nobody pays for.',
      examples: [0],
    }),
    pausedMs: Type.Integer({ description: 'Time in pauses that are over.', examples: [60000] }),
    lastBeatAt: Nullable(Instant('The last sign of life; null before the first.')),
    hasShortLease: Type.Boolean({
      description: 'Whether the user was over the allowance of unbilled time, so that every gap counts.',
      examples: [false],
    }),
    entries: Type.Array(Entry, { description: 'Oldest first.' }),
  },
  { description: 'What happened in a session, for the day somebody asks.' },
)
export type Timeline = Static<typeof Timeline>

interface TimelineRow extends Omit<Timeline, 'lastBeatAt' | 'entries'> {
  lastBeatAt: Date | null
  createdAt: Date
}
interface EntryRow extends Omit<Static<typeof Entry>, 'at'> {
  at: Date
}

/** @throws {Problem} `session_not_found`, also for another provider's, and for the other mode's of a key */
export async function getTimeline(
  tx: Tx,
  input: { providerId: string; sessionId: string; isTest: boolean | undefined },
): Promise<Timeline> {
  const { providerId, sessionId, isTest } = input
  const [session] = await tx.query<TimelineRow>(sessionSql, [providerId, sessionId, isTest ?? null])
  if (!session) throw new Problem('session_not_found')
  const rows = await tx.query<EntryRow>(entriesSql, [sessionId])
  const { createdAt, lastBeatAt, ...rest } = session
  const opened = { at: createdAt, what: 'opened', sequence: null, usedMs: 0, tokens: null }
  return {
    ...rest,
    lastBeatAt: lastBeatAt?.toISOString() ?? null,
    entries: [opened, ...rows].map((entry) => ({ ...entry, at: entry.at.toISOString() })),
  }
}

const sessionSql = `
  select id as "sessionId", user_ref as "userRef", status, end_reason as "endReason", used_ms as "usedMs",
    unbilled_ms as "unbilledMs", paused_ms as "pausedMs", last_beat_at as "lastBeatAt",
    is_lease_short as "hasShortLease", created_at as "createdAt"
  from sessions
  where provider_id = $1 and id = $2 and ($3::boolean is null or is_test = $3)`

// An event comes before the lines of the ledger that it caused in the same transaction.
const entriesSql = `
  select at, what, sequence, "usedMs", tokens from (
    select created_at as at, split_part(type, '.', 2) as what, sequence, (snapshot ->> 'usedMs')::bigint as "usedMs",
      (snapshot ->> 'tokensHeld')::bigint as tokens, 0 as place
    from events where session_id = $1 and type like 'session.%'
    union all
    select created_at, kind, null, null, amount, 1
    from transfers where session_id = $1 and kind in ('charge', 'fee')
  ) entries
  order by at, place, sequence, what`
