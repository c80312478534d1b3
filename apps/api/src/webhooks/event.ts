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
}

/**
 * The body of a webhook. The same for every attempt, so that a receiver may compare bytes.
 *
 * @example
 * { type: 'session.completed', timestamp: '2026-…Z', sequence: 2, data: { id: 'ses_…', status: 'ended', … } }
 */
export function presentEvent({ type, eventCreatedAt, sequence, snapshot }: EventRow) {
  return { type, timestamp: eventCreatedAt.toISOString(), sequence, data: snapshot }
}
