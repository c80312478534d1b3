import { type Static, Type } from '@fastify/type-provider-typebox'
import type { Tx } from '../db.ts'
import { Instant, Shape } from '../http/schema.ts'
import { idFloor } from '../id.ts'
import { END_TYPES } from './activity.ts'
import { INTERVALS } from './analytics.ts'
import { OUTCOMES, outcomesSql } from './outcomes.ts'
import type { Range } from './range.ts'

const count = (description: string, example: number) =>
  Type.Integer({ minimum: 0, description, examples: [example] })

const stages = {
  seen: count('How often the provider’s page was looked at: not one look after another, and no robots.', 410),
  opened: count('Sessions opened; all further figures are some of these.', 120),
  validated: count('Whose launch reached the app.', 110),
  firstBeat: count('Whose app has confirmed use at least once.', 104),
  completed: count('That ended `completed`.', 84),
}

const FunnelRow = Shape({
  start: Instant('When the hour, day or month begins in the time zone asked for.'),
  ...stages,
})

export const Funnel = Shape(
  {
    from: Instant('Looks and sessions from here on.'),
    to: Instant('Looks and sessions before this.'),
    interval: Type.Enum([...INTERVALS], { description: 'How long a row is.', examples: ['day'] }),
    timeZone: Type.String({ description: 'Where days begin.', examples: ['Asia/Kolkata'] }),
    ...stages,
    ended: Shape(
      Object.fromEntries(
        END_TYPES.map((reason) => [reason, count(`That ended \`${reason}\`.`, 10)]),
      ) as Record<(typeof END_TYPES)[number], ReturnType<typeof count>>,
      { description: 'How those that ended did.' },
    ),
    brokenOff: Shape(
      {
        neverValidated: count('Ended without the launch having reached the app.', 8),
        neverUsed: count(
          'Reached the app, which never confirmed use: closed at once, or its SDK did not run.',
          6,
        ),
        whileUsed: count('Used, and abandoned or revoked.', 5),
      },
      { description: 'Where those that broke off did.' },
    ),
    running: count('That have not ended yet.', 2),
    rows: Type.Array(FunnelRow, {
      description: 'The stages by the hour, day or month of the opening; `seen` by that of the look.',
    }),
  },
  { description: 'What became of the sessions that were opened in a range.' },
)
export type Funnel = Static<typeof Funnel>

export const FUNNEL_COLUMNS = ['start', 'seen', 'opened', 'validated', 'firstBeat', 'completed'] as const

const SUMS = {
  opened: 'opened',
  validated: 'validated',
  firstBeat: 'first_beat',
  ...(Object.fromEntries(END_TYPES.map((reason) => [reason, reason])) as Record<
    (typeof END_TYPES)[number],
    string
  >),
  neverValidated: 'never_validated',
  neverUsed: 'never_used',
  whileUsed: 'while_used',
  running: 'running',
} as const
type Sums = Record<keyof typeof SUMS, number>

/**
 * Follows the sessions that were opened in a range to their end, so its figures of the last day still change: those
 * quarters of which every session has ended are written, the rest is computed.
 */
export async function getFunnel(
  tx: Tx,
  input: { providerId: string; isTest: boolean; range: Range },
): Promise<Funnel> {
  const { providerId, isTest, range } = input
  const { from, to, timeZone, interval, starts } = range
  const written = splitOutcomes(await readOutcomesUntil(tx), range)
  const sums = await tx.query<Sums & { place: number }>(funnelSql, [providerId, isTest, ...written, starts])
  // Nobody opens a test session from the listing.
  const views = isTest
    ? []
    : await tx.query<{ place: number; seen: number }>(seenSql, [providerId, from, to, starts])
  const sumsAt = new Map(sums.map((row) => [row.place, row]))
  const seenAt = new Map(views.map(({ place, seen }) => [place, seen]))
  const total = (name: keyof Sums) => sums.reduce((sum, row) => sum + row[name], 0)
  return {
    from: from.toISOString(),
    to: to.toISOString(),
    interval,
    timeZone,
    seen: views.reduce((sum, { seen }) => sum + seen, 0),
    opened: total('opened'),
    validated: total('validated'),
    firstBeat: total('firstBeat'),
    completed: total('completed'),
    ended: {
      completed: total('completed'),
      expired: total('expired'),
      abandoned: total('abandoned'),
      cancelled: total('cancelled'),
      revoked: total('revoked'),
    },
    brokenOff: {
      neverValidated: total('neverValidated'),
      neverUsed: total('neverUsed'),
      whileUsed: total('whileUsed'),
    },
    running: total('running'),
    rows: starts.map((start, i) => {
      const { opened = 0, validated = 0, firstBeat = 0, completed = 0 } = sumsAt.get(i + 1) ?? {}
      const seen = seenAt.get(i + 1) ?? 0
      return { start: start.toISOString(), seen, opened, validated, firstBeat, completed }
    }),
  }
}

/** Up to where outcomes are written; read once for all that is asked. */
export async function readOutcomesUntil(tx: Tx): Promise<Date> {
  const [progress] = await tx.query<{ writtenUntil: Date | null }>(
    `select written_until as "writtenUntil" from analytics_progress where what = 'outcomes'`,
  )
  return progress?.writtenUntil ?? new Date(0)
}

/** From, where the written quarters end, and the ids of the sessions after that. */
export function splitOutcomes(writtenUntil: Date, { from, to }: { from: Date; to: Date }) {
  const split = new Date(Math.min(to.getTime(), Math.max(from.getTime(), writtenUntil.getTime())))
  return [from, split, idFloor('ses', split), idFloor('ses', to)] as const
}

const columns = Object.values(SUMS).filter((name) => name !== 'running')

const funnelSql = `
  select width_bucket(f.at, $7::timestamptz[]) as place,
    ${Object.entries(SUMS)
      .map(([name, column]) => `sum(f.${column}) as "${name}"`)
      .join(', ')}
  from (
    select quarter as at, ${columns.join(', ')}, 0 as running
    from outcome_quarters
    where provider_id = $1 and is_test = $2 and quarter >= $3 and quarter < $4
    union all
    select at, ${columns.map((name) => `(${OUTCOMES[name]})::int`).join(', ')}, (not is_ended)::int
    from (${outcomesSql('one', ['$5', '$6'])}) o
    where is_test = $2
  ) f
  group by 1`

const seenSql = `
  select width_bucket(quarter, $4::timestamptz[]) as place, sum(views) as seen
  from listing_views
  where provider_id = $1 and quarter >= $2 and quarter < $3
  group by 1`
