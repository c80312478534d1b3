/**
 * One line of the audit log: who did what to what, when and from where.
 *
 * @module
 */
import { type Static, Type } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { Id, Instant, Nullable, Shape } from '../http/schema.ts'

export type ActorKind = 'operator' | 'owner' | 'key' | 'system'

/** Whoever acts: a request, or a command that names itself. */
export type Acting = Pick<FastifyRequest, 'actor' | 'id' | 'ip' | 'socket'> | { command: string }

export type Summary = Record<string, unknown>

export interface AuditRow {
  id: string
  actorKind: ActorKind
  actorId: string
  action: string
  subjectId: string | null
  before: Summary | null
  after: Summary | null
  reason: string | null
  requestId: string | null
  address: string | null
  createdAt: Date
  sequence: number | null
  hash: string | null
}

/** The select list of an `AuditRow`, of entries `e` and links `l`. */
export const AUDIT_COLUMNS = `
  e.id, e.actor_kind as "actorKind", e.actor_id as "actorId", e.action, e.subject_id as "subjectId", e.before, e.after,
  e.reason, e.request_id as "requestId", e.address, e.created_at as "createdAt", l.sequence,
  encode(l.hash, 'hex') as hash`

export const AuditEntry = Shape(
  {
    id: Id('aud'),
    actorKind: Type.Union(
      [Type.Literal('operator'), Type.Literal('owner'), Type.Literal('key'), Type.Literal('system')],
      { description: 'In which role; `system` is a command run by hand.', examples: ['operator'] },
    ),
    actorId: Type.String({
      description: 'The user, the API key or the command.',
      examples: ['usr_01k4w3t9x2qv5m8r7c6z1n0hbd'],
    }),
    action: Type.String({ description: 'What was done, as noun.verb.', examples: ['provider.suspend'] }),
    subjectId: Nullable(
      Type.String({
        description: 'What it was done to; null for a search.',
        examples: ['prv_01k4w3t9x2qv5m8r7c6z1n0hbd'],
      }),
    ),
    before: Nullable(
      Type.Record(Type.String(), Type.Unknown(), {
        description: 'Of what changed, what it was.',
        examples: [{ status: 'listed' }],
      }),
    ),
    after: Nullable(
      Type.Record(Type.String(), Type.Unknown(), {
        description: 'Of what changed, what it is.',
        examples: [{ status: 'suspended' }],
      }),
    ),
    reason: Nullable(
      Type.String({ description: 'As the actor gave it.', examples: ['The launch page answers 404.'] }),
    ),
    requestId: Nullable(
      Type.String({
        description: 'The `X-Request-Id` of the call.',
        examples: ['req_01k4w3t9x2qv5m8r7c6z1n0hbd'],
      }),
    ),
    address: Nullable(
      Type.String({ description: 'The network address it came from.', examples: ['203.0.113.9'] }),
    ),
    createdAt: Instant('When it was done.'),
    sequence: Nullable(
      Type.Integer({
        description: 'Its place in the chain; null for the moment until it is chained.',
        examples: [1042],
      }),
    ),
    hash: Nullable(
      Type.String({ description: 'Its link’s hash, hex.', examples: ['9f86d081884c7d659a2feaa0c55ad015'] }),
    ),
  },
  { description: 'A line of the audit log. Lines are never changed and never removed.' },
)

export function presentAuditEntry({ createdAt, ...row }: AuditRow): Static<typeof AuditEntry> {
  return { ...row, createdAt: createdAt.toISOString() }
}
