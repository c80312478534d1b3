/**
 * What every operation has in common, written into the OpenAPI document in one place: who may call, what any caller
 * may be refused with, and the headers of answers.
 *
 * @module
 */
import { assert } from '../assert.ts'
import { PROBLEMS, type ProblemCode } from '../errors.ts'
import type { Caller } from './authenticate.ts'
import { IDEMPOTENCY_HOURS } from './idempotency.ts'
import { LIMITS, type LimitClass } from './rate-limit.ts'

interface RouteFacts {
  callers: readonly Caller[]
  limit: LimitClass
  isIdempotent: boolean
  hasScope: boolean
  /** Whether it reads a body, be it to refuse it. */
  hasBody: boolean
}

interface Header {
  description: string
  schema: { type: string; examples: unknown[] }
}

const header = (type: string, description: string, example: unknown): Header => ({
  description,
  schema: { type, examples: [example] },
})

const HEADERS = {
  'X-Request-Id': header('string', 'Names this request in our logs.', 'req_01k4w3t9x2qv5m8r7c6z1n0hbd'),
  'RateLimit-Policy': header(
    'string',
    'The limits that count here: `q` calls in `w` seconds.',
    '"read";q=1200;w=60',
  ),
  RateLimit: header(
    'string',
    'What is left: `r` calls, and `t` seconds until all are back.',
    '"read";r=1199;t=60',
  ),
  'Retry-After': header('integer', 'Seconds to wait before trying again.', 1),
  'Idempotent-Replayed': header('string', '`true` where this is the answer to an earlier request.', 'true'),
} as const

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: `Chosen by the caller, per action. The same key and request within ${IDEMPOTENCY_HOURS} hours get the first answer again; another request is refused.`,
  schema: {
    type: 'string',
    minLength: 1,
    maxLength: 255,
    examples: ['6f1c2a1e-8f0b-4a0e-9f51-0c3d6a3a7a10'],
  },
} as const

export type RouteConfig = Partial<Pick<RouteFacts, 'callers' | 'limit' | 'isIdempotent'>> & { scope?: string }

/** Refusals that come before a route's own code. */
export function commonProblems(facts: RouteFacts): ProblemCode[] {
  const { callers, limit, isIdempotent, hasScope, hasBody } = facts
  const isOpen = callers.includes('open') || callers.includes('stripe')
  return [
    ...(isOpen ? [] : (['unauthenticated'] as const)),
    ...(callers.includes('key') && hasScope ? (['forbidden'] as const) : []),
    ...(callers.includes('operator') ? (['not_found'] as const) : []),
    ...(hasBody ? (['malformed_json', 'payload_too_large', 'unsupported_media_type'] as const) : []),
    ...(limit === 'none' ? [] : (['rate_limited'] as const)),
    ...(isIdempotent
      ? (['idempotency_key_invalid', 'idempotency_key_reused', 'idempotency_in_progress'] as const)
      : []),
  ]
}

export interface Described {
  response?: Record<string, { 'x-problem-codes'?: ProblemCode[] } & Record<string, unknown>>
}

/** Adds the common refusals to a route's schema, for the document alone: the route keeps its own. */
export function describeRoute(schema: Described, config: RouteConfig, method: string) {
  const { callers = [], limit = 'none', isIdempotent = false, scope } = config
  const facts = {
    callers,
    limit,
    isIdempotent,
    hasScope: scope !== undefined,
    hasBody: method !== 'GET' && method !== 'HEAD',
  }
  const codes = new Set(commonProblems(facts))
  const response: Record<string, unknown> = {}
  for (const [status, answer] of Object.entries(schema.response ?? {})) {
    if (!answer['x-problem-codes']) response[status] = answer
    for (const code of answer['x-problem-codes'] ?? []) codes.add(code)
  }
  return {
    ...schema,
    response,
    'x-callers': callers,
    ...(scope === undefined ? {} : { 'x-scope': scope }),
    'x-limit': limit,
    'x-idempotent': isIdempotent,
    'x-problems': [...codes],
  }
}

interface BodySchema {
  type?: string
  required?: string[]
  properties?: Record<string, unknown>
}

interface Operation {
  summary?: string
  parameters?: { name?: string; $ref?: string }[]
  requestBody?: { required?: boolean; content: Record<string, { schema: BodySchema }> }
  responses: Record<string, { description: string; headers?: unknown; content?: unknown }>
  'x-limit'?: LimitClass
  'x-idempotent'?: boolean
  'x-problems'?: ProblemCode[]
  [extension: `x-${string}`]: unknown
}

interface Document {
  paths?: Record<string, Record<string, Operation>>
  components?: Record<string, Record<string, unknown>>
}

/** Turns the facts that `describeRoute` left into answers, headers and parameters, by reference. */
export function describeDocument<D extends object>(document: D): D {
  const { paths = {}, components = {} } = document as Document
  for (const operation of Object.values(paths).flatMap((path) => Object.values(path))) {
    const { 'x-limit': limit = 'none', 'x-idempotent': isIdempotent, 'x-problems': codes = [] } = operation
    delete operation['x-idempotent']
    delete operation['x-problems']
    delete operation['x-limit']
    if (limit !== 'none') operation['x-rate-limit'] = { policy: limit, ...LIMITS[limit] }
    if (isIdempotent) {
      const others = operation.parameters?.filter(({ name }) => name?.toLowerCase() !== 'idempotency-key')
      operation.parameters = [...(others ?? []), { $ref: '#/components/parameters/Idempotency-Key' }]
    }
    if (operation.requestBody?.content['text/plain']) describeClosing(operation.requestBody)
    const always = ['X-Request-Id', ...(limit === 'none' ? [] : ['RateLimit-Policy', 'RateLimit'])]
    for (const answer of Object.values(operation.responses)) {
      // A success that says nothing of its own is what the operation says it does.
      if (answer.description === 'Default Response') answer.description = `${operation.summary}.`
      answer.headers = references(isIdempotent ? [...always, 'Idempotent-Replayed'] : always)
    }
    for (const [status, ofStatus] of byStatus(codes)) {
      const mayWait = status === '429' || status === '503' || ofStatus.includes('idempotency_in_progress')
      operation.responses[status] = {
        description: ofStatus.map((code) => `\`${code}\`: ${PROBLEMS[code].title}.`).join(' '),
        headers: references(mayWait ? [...always, 'Retry-After'] : always),
        content: {
          'application/problem+json': {
            schema: { $ref: '#/components/schemas/Problem' },
            examples: Object.fromEntries(
              ofStatus.map((code) => [code, { $ref: `#/components/examples/${code}` }]),
            ),
          },
        },
      }
    }
  }
  return {
    ...document,
    components: {
      ...components,
      headers: { ...components.headers, ...HEADERS },
      parameters: { ...components.parameters, 'Idempotency-Key': IDEMPOTENCY_KEY },
      examples: { ...components.examples, ...problemExamples() },
    },
  }
}

/** The same JSON as text, with the credential inside; where nothing has to be told, a call by header needs no body. */
function describeClosing(requestBody: NonNullable<Operation['requestBody']>): void {
  const schema = requestBody.content['application/json']?.schema
  assert(schema, 'what is sent as text is JSON, too')
  requestBody.required = schema.required !== undefined
  const sessionJwt = {
    type: 'string',
    description: 'Instead of the `Authorization` header.',
    examples: ['eyJhbGciOiJFUzI1NiIsInR5cCI6InNlc3Npb24rand0In0.e30.c2ln'],
  }
  const text = {
    type: 'string',
    description: 'The same JSON and `sessionJwt`, so that a page that is being closed needs no preflight.',
    contentMediaType: 'application/json',
    contentSchema: {
      ...schema,
      required: [...(schema.required ?? []), 'sessionJwt'],
      properties: { ...schema.properties, sessionJwt },
    },
  }
  requestBody.content['text/plain'] = { schema: text }
}

function references(names: readonly string[]) {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]))
}

function byStatus(codes: readonly ProblemCode[]): [string, ProblemCode[]][] {
  const statuses = new Map<number, ProblemCode[]>()
  for (const code of codes) {
    const { status } = PROBLEMS[code]
    statuses.set(status, [...(statuses.get(status) ?? []), code])
  }
  return [...statuses].sort(([a], [b]) => a - b).map(([status, list]) => [String(status), list])
}

function problemExamples() {
  return Object.fromEntries(
    Object.entries(PROBLEMS).map(([code, { status, title, cure }]) => [
      code,
      {
        summary: title,
        value: {
          type: `https://api.example.com/docs/errors#${code}`,
          title,
          status,
          detail: cure,
          instance: '/path/of/the/call',
          code,
          requestId: 'req_01k4w3t9x2qv5m8r7c6z1n0hbd',
          ...(code === 'validation_failed' && {
            errors: [{ path: '/durationMinutes', message: 'must be >= 1' }],
          }),
          ...(code === 'insufficient_tokens' && { required: 120, available: 30 }),
          ...(code === 'spending_limit_reached' && { required: 120, available: 30, limitTokens: 500 }),
          ...(code === 'price_changed' && { tokensPerMinute: 6 }),
        },
      },
    ]),
  )
}
