/**
 * The shapes that routes share.
 *
 * @module
 */
import { type Static, type TProperties, type TSchema, Type } from '@fastify/type-provider-typebox'
import { PROBLEMS, type ProblemCode } from '../errors.ts'
import { type IdPrefix, idPattern } from '../id.ts'

/** An object that refuses what it does not know. */
export const Shape = <P extends TProperties>(properties: P, options: { description?: string } = {}) =>
  Type.Object(properties, { additionalProperties: false, ...options })

const EXAMPLE_BODY = '01k4w3t9x2qv5m8r7c6z1n0hbd'

export const Id = (prefix: IdPrefix, description = 'Prefixed id, sortable by time.') =>
  Type.String({ pattern: idPattern(prefix), description, examples: [`${prefix}_${EXAMPLE_BODY}`] })

export const Instant = (description: string, example = '2026-11-23T09:30:00.000Z') =>
  Type.String({ format: 'date-time', description, examples: [example] })

/** An answer without a body that is no 204: there `send(null)` would send `null`. */
export const NoContent = (description: string) => Type.Unsafe<void>(Type.Null({ description }))

export const Nullable = <S extends TSchema>(schema: S) =>
  Type.Union([schema, Type.Null()], {
    ...('description' in schema && { description: schema.description as string }),
    ...('examples' in schema && { examples: schema.examples as unknown[] }),
  })

export const Tokens = (description: string, example = 120) =>
  Type.Integer({ description, minimum: 0, examples: [example] })

export const ProblemDetails = Type.Object(
  {
    type: Type.String({
      description: 'Address of the documentation of this problem.',
      examples: ['https://api.example.com/docs/errors#not_found'],
    }),
    title: Type.String({
      description: 'What is wrong, in general.',
      examples: ['There is nothing here for you'],
    }),
    status: Type.Integer({ description: 'The HTTP status again.', examples: [404] }),
    detail: Type.String({ description: 'What to do about it.', examples: ['Check the address and the id.'] }),
    instance: Type.String({ description: 'The path that was called.', examples: ['/sessions/ses_x'] }),
    code: Type.String({ description: 'For programs: stable, snake_case.', examples: ['not_found'] }),
    requestId: Type.String({ description: 'Same as `X-Request-Id`.', examples: [`req_${EXAMPLE_BODY}`] }),
    errors: Type.Optional(
      Type.Array(
        Type.Object({
          path: Type.String({
            description: 'JSON pointer to the offending value.',
            examples: ['/durationMinutes'],
          }),
          message: Type.String({ description: 'What it must be.', examples: ['must be >= 1'] }),
        }),
        { description: 'Validation problems only.' },
      ),
    ),
    required: Type.Optional(Tokens('Money problems: what it would take; of a refund in cents.', 120)),
    available: Type.Optional(
      Tokens('Money problems: what can be spent now; of a refund, given back, in cents.', 30),
    ),
    debt: Type.Optional(Tokens('Money problems: owed for refunded tokens that had been spent.', 0)),
    returnUrl: Type.Optional(
      Type.String({
        description: 'An expired launch only: where the user gets a new one.',
        examples: ['https://marketplace.example/?session=ses_01k4w3t9x2qv5m8r7c6z1n0hbd'],
      }),
    ),
    limitTokens: Type.Optional(Tokens('Spending limits: the limit that stands in the way.', 500)),
    tokensPerMinute: Type.Optional(Tokens('A price that changed: as it is now.', 6)),
  },
  { $id: 'Problem', description: 'Problem details (RFC 9457).', additionalProperties: true },
)

/** The error answers of a route, by status; every route has the common ones. */
export function problems(...codes: ProblemCode[]): Record<number, TSchema> {
  const byStatus = new Map<number, ProblemCode[]>()
  for (const code of new Set<ProblemCode>([...codes, 'validation_failed', 'internal_error', 'unavailable'])) {
    const { status } = PROBLEMS[code]
    byStatus.set(status, [...(byStatus.get(status) ?? []), code])
  }
  return Object.fromEntries(
    [...byStatus].map(([status, list]) => [
      status,
      {
        ...Type.Ref('Problem'),
        description: list.map((code) => `\`${code}\`: ${PROBLEMS[code].title}.`).join(' '),
        'x-problem-codes': list,
      },
    ]),
  )
}

export const PageQuery = {
  limit: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 100,
      default: 20,
      description: 'How many items at most.',
      examples: [20],
    }),
  ),
  cursor: Type.Optional(
    Type.String({
      maxLength: 500,
      description: '`nextCursor` of the page before.',
      examples: ['c2VzXzAxazR3M3Q5eDI'],
    }),
  ),
}

export const Page = <S extends TSchema>(item: S) =>
  Shape({
    items: Type.Array(item, { description: 'This page, newest first where not said otherwise.' }),
    nextCursor: Nullable(
      Type.String({
        description: 'Give it as `cursor` for the next page; null at the end.',
        examples: ['c2VzXzAxazR3M3Q5eDI'],
      }),
    ),
  })

export type ProblemBody = Static<typeof ProblemDetails>
