/**
 * A delivery: one event on its way to one endpoint. Its shapes, its schedule and its columns.
 *
 * @module
 */
import { type Static, Type } from '@fastify/type-provider-typebox'
import { Id, Instant, Nullable, Shape } from '../http/schema.ts'
import { type EventRow, IS_TEST_SQL, presentEvent } from './event.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** What Standard Webhooks recommends: after the attempt at once, these pauses; then it has failed. */
export const RETRY_DELAYS_MS = [
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
]
/** A receiver may ask for more patience with `Retry-After`, up to here. */
export const RETRY_AFTER_MS_MAX = 24 * HOUR
export const FAILING_MS_MAX = 5 * 24 * HOUR
export const DELIVERIES_KEPT_DAYS = 30
/** A replay of a range takes this many at once; it says whether there are more. */
export const REPLAY_MAX = 1_000
const ATTEMPTS_SHOWN_MAX = 20

export const DeliveryStatus = Type.Enum(['pending', 'delivered', 'failed'], {
  description: '`pending`: under way or waiting for its next attempt; `failed`: all attempts were made.',
  examples: ['delivered'],
})

export const Attempt = Shape({
  number: Type.Integer({ description: 'Counts the attempts of this delivery.', examples: [1] }),
  at: Instant('When it began.'),
  httpStatus: Nullable(
    Type.Integer({ description: 'What was answered; null for no answer.', examples: [204] }),
  ),
  latencyMs: Type.Integer({ description: 'How long it took.', examples: [87] }),
  error: Nullable(
    Type.String({ description: 'Why there was no answer.', examples: ['The connection was refused.'] }),
  ),
  answer: Nullable(Type.String({ description: 'The first kilobyte of the answer.', examples: ['ok'] })),
})
export type Attempt = Static<typeof Attempt>

export const Delivery = Shape({
  id: Id('dlv'),
  eventId: Id(
    'evt',
    'Sent as `webhook-id`; the same for every attempt and replay, so that receivers see repetitions.',
  ),
  type: Type.String({ description: 'The event.', examples: ['session.completed'] }),
  status: DeliveryStatus,
  attemptCount: Type.Integer({
    description: 'How many attempts were made, replays included.',
    examples: [1],
  }),
  attempts: Type.Array(Attempt, { description: `The latest ${ATTEMPTS_SHOWN_MAX}, newest first.` }),
  nextAttemptAt: Nullable(Instant('When it is tried next; null when it is settled.')),
  payload: Type.Object(
    {
      type: Type.String({ description: 'The event.', examples: ['session.completed'] }),
      timestamp: Instant('When it happened.'),
      mode: Type.Union([Type.Literal('live'), Type.Literal('test')], {
        description: '`test`: of a test session, or a test event. Book nothing for it.',
        examples: ['live'],
      }),
      sequence: Type.Integer({
        description: 'Per session or provider: the snapshot with the highest one is the newest.',
        examples: [2],
      }),
      data: Type.Object(
        {},
        {
          additionalProperties: true,
          description: 'The subject after the event.',
          examples: [{ id: 'ses_01k4w3t9x2qv5m8r7c6z1n0hbd', status: 'ended' }],
        },
      ),
    },
    { description: 'The body that is sent.' },
  ),
  createdAt: Instant('When the event happened.'),
  deliveredAt: Nullable(Instant('When it was first answered with 2xx; null until then.')),
})
export type Delivery = Static<typeof Delivery>

export interface DeliveryRow extends EventRow {
  id: string
  status: Delivery['status']
  attemptCount: number
  attempts: Attempt[]
  nextAttemptAt: Date
  createdAt: Date
  deliveredAt: Date | null
}

export const DELIVERY_COLUMNS = `
  d.id, d.event_id as "eventId", e.type, e.sequence, e.snapshot, e.created_at as "eventCreatedAt", ${IS_TEST_SQL} as "isTest", d.status,
  d.attempts as "attemptCount", d.next_attempt_at as "nextAttemptAt", d.created_at as "createdAt",
  d.delivered_at as "deliveredAt", coalesce((
    select json_agg(json_build_object(
      'number', a.number, 'at', to_char(a.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
      'httpStatus', a.http_status, 'latencyMs', a.latency_ms, 'error', a.error, 'answer', a.answer_excerpt
    ) order by a.number desc)
    from (
      select * from webhook_attempts
      where tenant_id = d.tenant_id and delivery_id = d.id order by number desc limit ${ATTEMPTS_SHOWN_MAX}
    ) a
  ), '[]') as attempts`

export function presentDelivery(row: DeliveryRow): Delivery {
  const { id, eventId, type, status, attemptCount, attempts, nextAttemptAt, createdAt, deliveredAt } = row
  return {
    id,
    eventId,
    type,
    status,
    attemptCount,
    attempts,
    nextAttemptAt: status === 'pending' ? nextAttemptAt.toISOString() : null,
    payload: presentEvent(row),
    createdAt: createdAt.toISOString(),
    deliveredAt: deliveredAt?.toISOString() ?? null,
  }
}
