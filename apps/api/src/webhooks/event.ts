/**
 * What a webhook tells: the events, and the one shape all of them arrive in.
 *
 * @module
 */
import type { EventType } from '../events.ts'

/** What an endpoint may ask for, besides `*`. */
export const WEBHOOK_EVENTS = [
  'session.started',
  'session.paused',
  'session.resumed',
  'session.extended',
  'session.completed',
  'session.expired',
  'session.abandoned',
  'session.cancelled',
  'session.revoked',
  'earnings.posted',
  'provider.approved',
  'provider.suspended',
  'provider.price_changed',
] as const satisfies EventType[]

/** Sent on demand, to one endpoint, whatever it asked for. */
export const TEST_EVENT = 'webhook.test'

export interface EventRow {
  eventId: string
  type: string
  sequence: number
  snapshot: object
  eventCreatedAt: Date
  /** Of a test session. */
  isTest: boolean
}

/**
 * The body of a webhook. The same for every attempt, so that a receiver may compare bytes.
 *
 * @example
 * { type: 'session.completed', timestamp: '2026-…Z', mode: 'live', sequence: 2, data: { id: 'ses_…', status: 'ended', … } }
 */
export function presentEvent({ type, eventCreatedAt, isTest, sequence, snapshot }: EventRow) {
  const mode = isTest || type === TEST_EVENT ? 'test' : 'live'
  return { type, timestamp: eventCreatedAt.toISOString(), mode, sequence, data: snapshot } as const
}

/**
 * As SQL: whether an event `e` is that of a test session. Looked up by the session's key, so that events need no column
 * of their own.
 */
export const IS_TEST_SQL = `exists (
  select from sessions t where t.tenant_id = e.tenant_id and t.id = e.session_id and t.is_test)`
