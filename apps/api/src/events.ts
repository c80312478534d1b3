/**
 * What happened, written in the transaction that caused it.
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

export async function emit(tx: Tx, events: readonly NewEvent[]): Promise<void> {
  if (events.length === 0) return
  await tx.query(emitSql, [
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

const emitSql = `
  insert into events (tenant_id, id, type, provider_id, session_id, sequence, snapshot, created_at)
  select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int[], $7::jsonb[],
    $8::timestamptz[])`
