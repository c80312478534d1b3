/**
 * What users allow themselves. The rule itself is enforced where tokens are held, in `sessions/limits.ts`.
 *
 * @module
 */
import { type Static, Type } from '@fastify/type-provider-typebox'
import { Id, Nullable, Shape, Tokens } from '../http/schema.ts'

export const PROVIDER_LIMITS_MAX = 100
const LIMIT_TOKENS_MAX = 1_000_000_000

const Limit = (description: string, example: number) =>
  Type.Integer({ minimum: 0, maximum: LIMIT_TOKENS_MAX, description, examples: [example] })

const limitProperties = {
  perDayTokens: Nullable(
    Limit(
      'At most this many for the sessions opened in any 24 hours; null: no such limit. 0 opens nothing that costs.',
      500,
    ),
  ),
  perProviderPerDayTokens: Type.Array(
    Shape({
      providerId: Id('prv', 'The provider it is about.'),
      tokens: Limit('At most this many for the sessions opened with that provider in any 24 hours.', 200),
    }),
    { maxItems: PROVIDER_LIMITS_MAX, description: 'For providers by name; each once.' },
  ),
  lowBalanceTokens: Nullable(Limit('Mail me when fewer than this many are left; null: never.', 100)),
}

/** What a user sets. */
export const NewSpendingLimits = Shape(limitProperties, { description: 'All of them, as they shall be.' })

export const SpendingLimits = Shape(
  {
    ...limitProperties,
    usedTokens: Tokens(
      'What counts now: sessions opened in the last 24 hours, with what they hold or, once ended, cost.',
      120,
    ),
  },
  { description: 'What a user allows themselves.' },
)

export type NewSpendingLimits = Static<typeof NewSpendingLimits>
export type SpendingLimits = Static<typeof SpendingLimits>
