import { type Static, Type } from '@fastify/type-provider-typebox'
import type { Tx } from '../db.ts'
import { Instant, Nullable, Shape, Tokens } from '../http/schema.ts'
import { readOutcomesUntil, splitOutcomes } from './get-funnel.ts'
import { OUTCOMES, outcomesSql } from './outcomes.ts'
import type { Range } from './range.ts'
import { wilsonInterval } from './wilson-interval.ts'

/** More variants than anybody compares. The names come from pages, so somebody could send many. */
export const VARIANTS_MAX = 200

const count = (description: string, example: number) =>
  Type.Integer({ minimum: 0, description, examples: [example] })
const share = (description: string, example: number) =>
  Nullable(Type.Number({ minimum: 0, maximum: 1, description, examples: [example] }))

const Variant = Shape({
  experiment: Type.String({ description: 'As the page named it.', examples: ['toolbar'] }),
  variant: Type.String({ description: 'What was shown.', examples: ['side'] }),
  exposed: count('Sessions that were shown it.', 420),
  ended: count('Those of them that have ended; the rest still runs and is not judged.', 412),
  completed: count('Those that ended `completed`.', 305),
  completedShare: share('`completed` ÷ `ended`; null while none has ended.', 0.7403),
  completedShareLow: share('Where the share may lie, at the lowest: the Wilson interval at 95 %.', 0.6959),
  completedShareHigh: share('And at the highest.', 0.7803),
  minutes: Type.Number({
    minimum: 0,
    description: 'Minutes used, of those that ended; to the thousandth.',
    examples: [5120.4],
  }),
  gross: Tokens('What they were charged.', 20_482),
})
export type Variant = Static<typeof Variant>

export const Experiments = Shape(
  {
    from: Instant('Sessions opened from here on.'),
    to: Instant('Sessions opened before this.'),
    timeZone: Type.String({ description: 'Where days begin.', examples: ['Asia/Kolkata'] }),
    variants: Type.Array(Variant, { description: 'By experiment and variant.' }),
    isCut: Type.Boolean({
      description: `Whether there were more than ${VARIANTS_MAX}: then those shown most are here.`,
      examples: [false],
    }),
  },
  { description: 'What sessions were shown, against how they ended.' },
)
export type Experiments = Static<typeof Experiments>

export const EXPERIMENT_COLUMNS = [
  'experiment',
  'variant',
  'exposed',
  'ended',
  'completed',
  'completedShare',
  'completedShareLow',
  'completedShareHigh',
  'minutes',
  'gross',
] as const

interface VariantSums {
  experiment: string
  variant: string
  exposed: number
  ended: number
  completed: number
  usedMs: number
  gross: number
}

/** How the sessions opened in a range ended, by what they were shown. */
export async function getExperiments(
  tx: Tx,
  { providerId, isTest, range }: { providerId: string; isTest: boolean; range: Range },
): Promise<Experiments> {
  const written = splitOutcomes(await readOutcomesUntil(tx), range)
  const found = await tx.query<VariantSums>(experimentsSql, [providerId, isTest, ...written])
  const inOrder = found.slice(0, VARIANTS_MAX).sort((a, b) => {
    if (a.experiment !== b.experiment) return a.experiment < b.experiment ? -1 : 1
    return a.variant < b.variant ? -1 : 1
  })
  return {
    from: range.from.toISOString(),
    to: range.to.toISOString(),
    timeZone: range.timeZone,
    variants: inOrder.map(present),
    isCut: found.length > VARIANTS_MAX,
  }
}

function present({ usedMs, gross, ...counts }: VariantSums): Variant {
  const { completed, ended } = counts
  const interval = wilsonInterval(completed, ended)
  return {
    ...counts,
    completedShare: ended === 0 ? null : round(completed / ended),
    completedShareLow: interval ? round(interval.low) : null,
    completedShareHigh: interval ? round(interval.high) : null,
    minutes: Math.round(usedMs / 60) / 1000,
    gross,
  }
}

const round = (value: number) => Math.round(value * 10_000) / 10_000

const experimentsSql = `
  select f.experiment, f.variant, sum(f.exposed) as exposed, sum(f.ended) as ended, sum(f.completed) as completed,
    sum(f.used_ms) as "usedMs", sum(f.gross) as gross
  from (
    select experiment, variant, exposed, exposed as ended, completed, used_ms, gross
    from experiment_quarters
    where provider_id = $1 and is_test = $2 and quarter >= $3 and quarter < $4
    union all
    select x.experiment, x.variant, 1, o.is_ended::int, (${OUTCOMES.completed})::int,
      case when o.is_ended then o.used_ms else 0 end, coalesce(o.tokens_charged, 0)
    from (${outcomesSql('one', ['$5', '$6'])}) o
    join exposures x on x.tenant_id = o.tenant_id and x.session_id = o.id
    where o.is_test = $2
  ) f
  group by 1, 2
  order by sum(f.exposed) desc, 1, 2
  limit ${VARIANTS_MAX + 1}`
