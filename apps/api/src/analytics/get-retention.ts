import { type Static, Type } from '@fastify/type-provider-typebox'
import type { Tx } from '../db.ts'
import { Instant, Nullable, Shape } from '../http/schema.ts'
import { quarterNumber, readRolledUntil } from './activity.ts'
import { rangeQuery } from './analytics.ts'
import { checkTimeZone, firstInstantSql, refuseUnknownZone } from './range.ts'

export const RETENTION_INTERVALS = ['week', 'month'] as const
export type RetentionInterval = (typeof RETENTION_INTERVALS)[number]

export const PERIODS_MAX = 26
const PERIODS_DEFAULT = 12

const count = (description: string, example: number) =>
  Type.Integer({ minimum: 0, description, examples: [example] })
const day = (description: string) => Type.String({ format: 'date', description, examples: ['2026-03-02'] })

export const RetentionQuery = Shape({
  interval: Type.Optional(
    Type.Enum([...RETENTION_INTERVALS], {
      description: 'How long a period is; a week when not said.',
      examples: ['week'],
    }),
  ),
  periods: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: PERIODS_MAX,
      description: `How many, the running one included; ${PERIODS_DEFAULT} when not said.`,
      examples: [PERIODS_DEFAULT],
    }),
  ),
  timeZone: rangeQuery.timeZone,
})

const Cohort = Shape({
  start: day('The first day of the week or month in which they came first.'),
  users: count('People whose first session with this provider began in it.', 61),
  periods: Type.Array(
    Shape({
      start: day('The first day of the period.'),
      users: count('Those of them who began a session in it.', 23),
      share: Nullable(
        Type.Number({
          minimum: 0,
          maximum: 1,
          description: '`users` ÷ the cohort’s; null for a cohort of nobody.',
          examples: [0.377],
        }),
      ),
    }),
    { description: 'From the cohort’s own period, where all of them came, to the running one.' },
  ),
})

export const Retention = Shape(
  {
    interval: Type.Enum([...RETENTION_INTERVALS], {
      description: 'How long a period is.',
      examples: ['week'],
    }),
    timeZone: Type.String({
      description: 'Where weeks (on Monday) and months begin at midnight.',
      examples: ['Asia/Kolkata'],
    }),
    until: Nullable(Instant('Sessions that began before this are counted; null while none are.')),
    cohorts: Type.Array(Cohort, { description: 'Oldest first.' }),
  },
  { description: 'Who came back.' },
)
export type Retention = Static<typeof Retention>

export const RETENTION_COLUMNS = ['cohort', 'cohortUsers', 'period', 'users'] as const

/** A line per cohort and period. */
export const retentionLines = ({ cohorts }: Retention) =>
  cohorts.flatMap((cohort) =>
    cohort.periods.map((period) => ({
      cohort: cohort.start,
      cohortUsers: cohort.users,
      period: period.start,
      users: period.users,
    })),
  )

/** The people who came first in each of the last weeks or months, and how many of them came in each later one. */
export async function getRetention(
  tx: Tx,
  input: {
    providerId: string
    isTest: boolean
    interval?: RetentionInterval
    periods?: number
    timeZone?: string
    now: Date
  },
): Promise<Retention> {
  const { providerId, isTest, interval = 'week', periods = PERIODS_DEFAULT, timeZone = 'UTC', now } = input
  checkTimeZone(timeZone)
  const starts = await tx
    .query<{ day: string; at: Date }>(startsSql, [interval, now, periods, timeZone])
    .catch(refuseUnknownZone)
  const until = await readRolledUntil(tx)
  const cells = await tx.query<{ cohort: number; period: number; users: number }>(cellsSql, [
    providerId,
    isTest,
    until,
    starts.map(({ at }) => at),
    starts.map(({ at }) => quarterNumber(at)),
  ])
  const usersAt = new Map(cells.map(({ cohort, period, users }) => [`${cohort} ${period}`, users]))
  const usersOf = (cohort: number, period: number) => usersAt.get(`${cohort + 1} ${period + 1}`) ?? 0
  return {
    interval,
    timeZone,
    until: until.getTime() === 0 ? null : until.toISOString(),
    cohorts: starts.map(({ day }, cohort) => {
      const all = usersOf(cohort, cohort)
      return {
        start: day,
        users: all,
        periods: starts.slice(cohort).map((period, later) => {
          const users = usersOf(cohort, cohort + later)
          return {
            start: period.day,
            users,
            share: all === 0 ? null : Math.round((users / all) * 10_000) / 10_000,
          }
        }),
      }
    }),
  }
}

const startsSql = `
  select to_char(local, 'YYYY-MM-DD') as day, ${firstInstantSql('local', '$4')} as at
  from (
    select date_trunc($1, $2::timestamptz at time zone $4) - n * ('1 ' || $1)::interval as local
    from generate_series($3::int - 1, 0, -1) n
  ) p
  order by 2`

// Of those who came in a quarter, whoever came the last time before the period is counted in the period once, there.
// Who came first before the oldest cohort is in none of them: `first_came` is sorted, and its beginning is left out.
const cellsSql = `
  select width_bucket(first_came, $5::integer[]) as cohort, period, count(*) as users
  from (
    select period, unnest(first_came[older + 1:]) as first_came, unnest(first_came_before[older + 1:]) as came_before
    from (
      select width_bucket(quarter, $4::timestamptz[]) as period, first_came, first_came_before,
        width_bucket(($5::integer[])[1] - 1, first_came) as older
      from activity_quarters
      where provider_id = $1 and is_test = $2 and quarter >= ($4::timestamptz[])[1] and quarter < $3
    ) q
  ) v
  where came_before < ($5::integer[])[period]
  group by 1, 2`
