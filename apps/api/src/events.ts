/**
 * What happened, written in the transaction that caused it, and with it the deliveries to whoever wants to know.
 *
 * @module
 */
import type { Tx } from './db.ts'
import { createId } from './id.ts'

export type EventType =
  | `session.${'created' | 'started' | 'paused' | 'resumed' | 'extended' | 'completed' | 'expired' | 'abandoned' | 'cancelled' | 'revoked'}`
  | 'earnings.posted'
  | `provider.${'approved' | 'suspended' | 'price_changed'}`

export interface NewEvent {
  tenantId: string
  type: EventType
  providerId: string
  sessionId: string | null
  /** Per subject: a receiver keeps the snapshot with the highest one. */
  sequence: number
  /** The subject as it is after the event, in its wire shape. */
  snapshot: object
  now: Date
}

/** Sent with the commit and not waited for: where it fails, the commit does. */
export async function emit(tx: Tx, events: readonly NewEvent[]): Promise<void> {
  if (events.length === 0) return
  tx.send(emitSql, [
    events.map((event) => event.tenantId),
    events.map((event) => createId('evt', event.now)),
    events.map((event) => event.type),
    events.map((event) => event.providerId),
    events.map((event) => event.sessionId),
    events.map((event) => event.sequence),
    events.map((event) => JSON.stringify(event.snapshot)),
    events.map((event) => event.now),
  ])
}

/**
 * A new delivery's id as SQL: the time of its event, and 62 random bits in digits that ids know.
 *
 * @param eventId an SQL expression
 */
export const deliveryIdSql = (eventId: string) =>
  `'dlv_' || substr(${eventId}, 5, 10) || right(replace(gen_random_uuid()::text, '-', ''), 16)`

// One statement, because sessions are a hot path: a provider without endpoints costs one look into a small index. The
// deliveries are rows and nothing else; a queue that is notified of each would make all commits wait for one another.
const emitSql = `
  with written as (
    insert into events (tenant_id, id, type, provider_id, session_id, sequence, snapshot, created_at)
    select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int[], $7::json[],
      $8::timestamptz[])
    returning tenant_id, id, type, provider_id, created_at
  )
  insert into webhook_deliveries (tenant_id, id, endpoint_id, event_id, next_attempt_at, created_at)
  select e.tenant_id, ${deliveryIdSql('e.id')}, w.id, e.id, e.created_at, e.created_at
  from written e
  join webhook_endpoints w on w.tenant_id = e.tenant_id and w.provider_id = e.provider_id
    and w.status = 'enabled' and w.events && array['*', e.type]`
