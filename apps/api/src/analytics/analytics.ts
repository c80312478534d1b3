/**
 * A provider's figures over time. The definitions are published in docs/analytics.md.
 *
 * @module
 */
import { type Static, Type } from '@fastify/type-provider-typebox'
import type { Actor } from '../http/authenticate.ts'
import { Id, Instant, Shape, Tokens } from '../http/schema.ts'

export const ofProvider = Shape({ id: Id('prv', 'The provider.') })
/** Who may read figures. */
export const readers = { callers: ['user', 'key'], scope: 'analytics:read' } as const
/** A test key sees test sessions and nothing else. */
export const isTestKey = (actor: Actor) => actor.kind === 'key' && actor.mode === 'test'

export const INTERVALS = ['hour', 'day', 'month'] as const
export type Interval = (typeof INTERVALS)[number]

const DAY_MS = 86_400_000
/** How long a range may be: what a page can show, and what is answered at once. */
export const RANGE_DAYS_MAX: Record<Interval, number> = { hour: 31, day: 366, month: 1830 }
export const RANGE_DAYS_DEFAULT: Record<Interval, number> = { hour: 1, day: 30, month: 365 }
export const FIRST_INSTANT = new Date('2020-01-01T00:00:00.000Z')
export const LAST_INSTANT = new Date('2100-01-01T00:00:00.000Z')

const count = (description: string, example: number) =>
  Type.Integer({ minimum: 0, description, examples: [example] })

export const BOOKED_BACK =
  'Booked back out of the provider’s earnings by corrections; below zero where more was booked back to the provider.'

const figures = {
  opened: count('Sessions opened.', 120),
  validated: count('Sessions whose time began.', 110),
  completed: count('Sessions that ended `completed`: by the user or the app, before the time was over.', 84),
  minutes: Type.Number({
    minimum: 0,
    description: 'Minutes used, of the sessions that ended; to the thousandth.',
    examples: [1843.2],
  }),
  users: count('Different people whose sessions began. Rows do not add up: one may come on two days.', 61),
  gross: Tokens('What sessions that ended were charged.', 7373),
  fee: Tokens('The platform’s part of it.', 1475),
  net: Tokens('The provider’s part: gross − fee.', 5898),
  returningUsers: count(
    'Of `users`, those who had begun a session with this provider before the row began. The others came for the first time.',
    37,
  ),
  refunded: Type.Integer({ description: BOOKED_BACK, examples: [0] }),
}

export const AnalyticsRow = Shape({
  start: Instant('When the hour, day or month begins in the time zone asked for.'),
  ...figures,
})
export type AnalyticsRow = Static<typeof AnalyticsRow>

export const Analytics = Shape(
  {
    rows: Type.Array(AnalyticsRow, {
      description: 'One per hour, day or month, also where nothing happened.',
    }),
    totals: Shape(figures, { description: 'Of the whole range; people are counted once.' }),
    from: Instant('Where the first row begins.'),
    to: Instant('Where the last row ends.'),
    interval: Type.Enum([...INTERVALS], { description: 'How long a row is.', examples: ['day'] }),
    timeZone: Type.String({ description: 'Where rows begin at midnight.', examples: ['Asia/Kolkata'] }),
  },
  { description: 'A provider’s figures over time.' },
)
export type Analytics = Static<typeof Analytics>

/** An instant, or a day in the time zone of the request. */
const when = (description: string, example: string) =>
  Type.String({
    anyOf: [{ format: 'date-time' }, { format: 'date' }],
    maxLength: 40,
    description,
    examples: [example],
  })

export const rangeQuery = {
  from: Type.Optional(
    when(
      'From when on: an instant, or a day. Widened to the hour, day or month it lies in.',
      '2026-03-01T00:00:00.000Z',
    ),
  ),
  to: Type.Optional(
    when(
      'Up to when: an instant (exclusive), or a day (inclusive). Widened likewise. Now when not said.',
      '2026-03-31T00:00:00.000Z',
    ),
  ),
  timeZone: Type.Optional(
    Type.String({
      pattern: '^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}$',
      maxLength: 64,
      description:
        'A place of the IANA time zone database, or UTC, which it is when not said. No abbreviation: `Europe/Paris`, not `CET`.',
      examples: ['Asia/Kolkata'],
    }),
  ),
}

export const AnalyticsQuery = Shape({
  ...rangeQuery,
  interval: Type.Optional(
    Type.Enum([...INTERVALS], {
      description: `How long a row is; a day when not said. Ranges: ${INTERVALS.map((name) => `${name} up to ${RANGE_DAYS_MAX[name]} days`).join(', ')}.`,
      examples: ['day'],
    }),
  ),
})

export const COLUMNS = [
  'start',
  'opened',
  'validated',
  'completed',
  'minutes',
  'users',
  'gross',
  'fee',
  'net',
  'returningUsers',
  'refunded',
] as const

export const daysBetween = (from: Date, to: Date) => (to.getTime() - from.getTime()) / DAY_MS
export const daysBefore = (at: Date, days: number) => new Date(at.getTime() - days * DAY_MS)
