import type { Tx } from '../db.ts'
import { ipOf } from '../http/caller-address.ts'
import { createId, PUBLIC_TENANT_ID } from '../id.ts'
import type { Acting, ActorKind, Summary } from './audit-entry.ts'

const TEXT_CHARACTERS_MAX = 500
const SECRET = /secret|password|jwt|token$|hash|sealed|salt/i

/**
 * Writes down what an operator, an owner or a key does, in the transaction that does it: what is rolled back was
 * never done, and what is committed is on record.
 *
 * `before` and `after` are compared: only what differs is kept, secrets by name never.
 *
 * @example
 * await recordAction(tx, { by: request, action: 'provider.suspend', subjectId: id, before, after, reason, now })
 */
export async function recordAction(
  tx: Tx,
  input: {
    by: Acting
    action: string
    subjectId?: string | null
    before?: object | null
    after?: object | null
    reason?: string
    now: Date
  },
): Promise<void> {
  const { by, action, subjectId = null, reason, now } = input
  const [before, after] = differences(input.before ?? null, input.after ?? null)
  const { tenantId, kind, id } = whoIs(by)
  await tx.query(recordSql, [
    tenantId,
    createId('aud', now),
    kind,
    id,
    action,
    subjectId,
    before && JSON.stringify(before),
    after && JSON.stringify(after),
    reason ?? null,
    'command' in by ? null : by.id,
    'command' in by ? null : ipOf(by),
    now,
  ])
}

function whoIs(by: Acting): { tenantId: string; kind: ActorKind; id: string } {
  if ('command' in by) return { tenantId: PUBLIC_TENANT_ID, kind: 'system', id: by.command }
  const { actor } = by
  switch (actor.kind) {
    case 'user':
      return { tenantId: actor.tenantId, kind: actor.isOperator ? 'operator' : 'owner', id: actor.userId }
    case 'key':
      return { tenantId: actor.tenantId, kind: 'key', id: actor.keyId }
    default:
      return { tenantId: actor.tenantId, kind: 'system', id: actor.kind }
  }
}

/** What differs between the two; everything where one of them is missing. */
function differences(before: object | null, after: object | null): [Summary | null, Summary | null] {
  const was = tidy(before)
  const is = tidy(after)
  if (was === null || is === null) return [was, is]
  const changed = Object.keys({ ...was, ...is }).filter(
    (name) => JSON.stringify(was[name]) !== JSON.stringify(is[name]),
  )
  const pick = (from: Summary) =>
    Object.fromEntries(changed.filter((name) => name in from).map((name) => [name, from[name]]))
  return [pick(was), pick(is)]
}

function tidy(value: object | null): Summary | null {
  if (value === null) return null
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name, inner]) => inner !== undefined && !SECRET.test(name))
      .map(([name, inner]) => [name, shorten(inner)]),
  )
}

function shorten(value: unknown): unknown {
  if (typeof value !== 'string') return value
  // An address of a webhook may carry a credential in its query.
  if (/^https?:\/\//.test(value)) return value.split(/[?#]/, 1)[0]?.slice(0, TEXT_CHARACTERS_MAX)
  return value.length > TEXT_CHARACTERS_MAX ? `${value.slice(0, TEXT_CHARACTERS_MAX)}…` : value
}

const recordSql = `
  with written as (
    insert into audit_entries (tenant_id, id, actor_kind, actor_id, action, subject_id, before, after, reason,
      request_id, address, created_at)
    values ($1, $2, $3, $4, $5, $6, $7::jsonb, $8::jsonb, $9, $10, $11, $12)
    returning tenant_id, id
  )
  insert into audit_unchained (tenant_id, entry_id) select tenant_id, id from written`
