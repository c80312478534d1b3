import { type Static, Type } from '@fastify/type-provider-typebox'
import type { Tx } from '../db.ts'
import { Instant, Nullable, Shape } from '../http/schema.ts'
import { RETENTION_INTERVALS, type RetentionInterval } from './roll-up-retention.ts'

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
    timeZone: Type.Literal('UTC', {
      description: 'Where weeks (on Monday) and months begin.',
      examples: ['UTC'],
    }),
    until: Nullable(Instant('Sessions that began before this are counted; null before the first count.')),
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
    now: Date
  },
): Promise<Retention> {
  const { providerId, isTest, interval = 'week', periods = PERIODS_DEFAULT, now } = input
  const starts = await tx.query<{ start: string }>(startsSql, [interval, now, periods])
  const days = starts.map(({ start }) => start)
  const cells = await tx.query<{ cohort: string; period: string; users: number }>(cellsSql, [
    providerId,
    isTest,
    interval,
    days[0],
  ])
  const usersAt = new Map(cells.map(({ cohort, period, users }) => [`${cohort} ${period}`, users]))
  const [progress] = await tx.query<{ writtenUntil: Date | null }>(
    `select written_until as "writtenUntil" from analytics_progress where what = 'retention'`,
  )
  return {
    interval,
    timeZone: 'UTC',
    until: progress?.writtenUntil?.toISOString() ?? null,
    cohorts: days.map((start, i) => {
      const all = usersAt.get(`${start} ${start}`) ?? 0
      return {
        start,
        users: all,
        periods: days.slice(i).map((period) => {
          const users = usersAt.get(`${start} ${period}`) ?? 0
          return {
            start: period,
            users,
            share: all === 0 ? null : Math.round((users / all) * 10_000) / 10_000,
          }
        }),
      }
    }),
  }
}

const startsSql = `
  select to_char(date_trunc($1, $2::timestamptz at time zone 'UTC') - n * ('1 ' || $1)::interval, 'YYYY-MM-DD') as start
  from generate_series($3::int - 1, 0, -1) n`

const cellsSql = `
  select cohort::text, period::text, users from retention_cells
  where provider_id = $1 and is_test = $2 and span = $3 and cohort >= $4::date`
