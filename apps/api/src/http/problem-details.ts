/**
 * Every refusal as `application/problem+json`, whoever refused: a verb, a schema, the framework or the database.
 *
 * @module
 */
import type {
  FastifyError,
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  FastifySchemaValidationError,
} from 'fastify'
import { isDatabaseAway } from '../database-away.ts'
import { PROBLEMS, Problem, type ProblemCode } from '../errors.ts'
import { idPattern } from '../id.ts'
import { describePattern } from './pattern.ts'
import type { ProblemBody } from './schema.ts'

/** Enough to mend a request by; a body of ten thousand mistakes gets no book. */
export const ERRORS_SHOWN_MAX = 20

const FRAMEWORK: Record<string, ProblemCode> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_BODY_TOO_LARGE: 'payload_too_large',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'malformed_json',
  FST_ERR_CTP_INVALID_JSON_BODY: 'malformed_json',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'malformed_json',
  // Text that PostgreSQL cannot hold: a NUL, in whatever string it came.
  '22021': 'validation_failed',
  '22P05': 'validation_failed',
}

const MISSING = new Map<string, ProblemCode>([
  [idPattern('ses'), 'session_not_found'],
  [idPattern('prv'), 'provider_not_found'],
  [idPattern('pur'), 'purchase_not_found'],
  [idPattern('trf'), 'history_line_not_found'],
  [idPattern('key'), 'api_key_not_found'],
  [idPattern('whe'), 'webhook_endpoint_not_found'],
  [idPattern('dlv'), 'webhook_delivery_not_found'],
  [idPattern('pay'), 'payout_not_found'],
  [idPattern('inv'), 'invitation_not_found'],
  [idPattern('fam'), 'sign_in_not_found'],
])

/** PostgreSQL that is too busy: nothing was changed, so the caller may try again. */
const DATABASE_BUSY = new Set(['40001', '40P01', '55P03', '25P03'])

export function registerProblemDetails(app: FastifyInstance, publicUrl: string): void {
  app.setErrorHandler(async (error: FastifyError, request, reply) => {
    let problem = toProblem(error)
    if (problem.status < 500) {
      problem = await Promise.resolve(app.countUnread?.(request, reply)).then(() => problem, toProblem)
    }
    if (problem.status >= 500) request.log.error({ err: error }, 'request failed')
    else request.log.info({ code: problem.code, why: problem.message }, 'request refused')
    return sendProblem(problem, request, reply, publicUrl)
  })
  app.setNotFoundHandler({}, (request, reply) => {
    const allow = methodsAt(app, request.url)
    if (request.method === 'OPTIONS' && allow.length > 0) {
      return reply
        .code(204)
        .header('allow', [...allow, 'OPTIONS'].join(', '))
        .send()
    }
    const problem =
      allow.length > 0
        ? new Problem('method_not_allowed', { allow: allow.join(', ') })
        : new Problem('not_found', { detail: 'Check the address; /docs lists all of them.' })
    return sendProblem(problem, request, reply, publicUrl)
  })
}

const METHODS = ['GET', 'HEAD', 'POST', 'PATCH', 'PUT', 'DELETE']

/** What the address would have taken. The router is not exposed, so the patterns of all routes are asked. */
function methodsAt(app: FastifyInstance, url: string): string[] {
  const path = url.split('?', 1)[0] ?? url
  const here = app.routesByPath?.filter(({ pattern }) => pattern.test(path)) ?? []
  return METHODS.filter((method) => here.some((route) => route.method === method))
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Filled by the onRoute hook: what 405 needs to know. */
    routesByPath?: { method: string; pattern: RegExp }[]
  }
}

/** The body of a problem answer. */
export function presentProblem(problem: Problem, request: FastifyRequest, publicUrl: string): ProblemBody {
  const { title, cure, status } = PROBLEMS[problem.code]
  const { errors, required, available, debt, limitTokens, tokensPerMinute, returnUrl, detail } =
    problem.extras
  return {
    type: `${publicUrl}/docs/errors#${problem.code}`,
    title,
    status,
    detail: detail ?? cure,
    instance: request.url.split('?', 1)[0] ?? '/',
    code: problem.code,
    requestId: request.id,
    ...(errors && { errors }),
    ...(required !== undefined && { required }),
    ...(available !== undefined && { available }),
    ...(debt !== undefined && { debt }),
    ...(returnUrl !== undefined && { returnUrl }),
    ...(limitTokens !== undefined && { limitTokens }),
    ...(tokensPerMinute !== undefined && { tokensPerMinute }),
  }
}

export function sendProblem(
  problem: Problem,
  request: FastifyRequest,
  reply: FastifyReply,
  publicUrl: string,
) {
  const { retryAfterSeconds, allow, acceptEncoding } = problem.extras
  const wait = retryAfterSeconds ?? (problem.status === 503 ? 1 : undefined)
  if (wait !== undefined) reply.header('retry-after', String(wait))
  if (allow !== undefined) reply.header('allow', allow)
  if (acceptEncoding !== undefined) reply.header('accept-encoding', acceptEncoding)
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer')
  return reply
    .code(problem.status)
    .header('content-type', 'application/problem+json; charset=utf-8')
    .serializer(JSON.stringify)
    .send(presentProblem(problem, request, publicUrl))
}

function toProblem(error: FastifyError): Problem {
  if (error instanceof Problem) return error
  if (error.validation) {
    const missing = missingThing(error.validation, error.validationContext)
    if (missing) return new Problem(missing)
    return new Problem('validation_failed', {
      errors: error.validation
        .filter((each, _, all) => !isSaidAlready(each, all))
        .slice(0, ERRORS_SHOWN_MAX)
        .map(({ instancePath, message, params, keyword }) => ({
          path: pathOf(instancePath, keyword, params),
          message: messageOf(keyword, params, message),
        })),
    })
  }
  const code = error.code ?? ''
  const known = FRAMEWORK[code]
  if (known === 'validation_failed') {
    const detail = 'A text contains a character that cannot be stored, such as NUL.'
    return new Problem(
      known,
      { detail, errors: [{ path: '/', message: 'must not contain NUL' }] },
      error.message,
    )
  }
  if (known) return new Problem(known, {}, error.message)
  if (error instanceof SyntaxError && error.statusCode === 400)
    return new Problem('malformed_json', {}, error.message)
  // Before the database is asked about: a caller who goes away in the middle of a body is a reset connection, too.
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500) {
    return new Problem('malformed_json', { detail: 'The request could not be read.' }, error.message)
  }
  if (DATABASE_BUSY.has(code) || isDatabaseAway(error)) {
    return new Problem('unavailable', { retryAfterSeconds: 1 }, error.message)
  }
  return new Problem('internal_error', {}, error.message)
}

/** An id of a form that none has names nothing, as one that nothing has. In a filter it stays what is to be mended. */
function missingThing(
  [first, ...more]: FastifySchemaValidationError[],
  context: string | undefined,
): ProblemCode | undefined {
  if (context === 'querystring' || first?.keyword !== 'pattern' || more.length > 0) return undefined
  return MISSING.get(String(first.params.pattern))
}

/** An empty text matches no pattern either: that it is empty says enough. */
function isSaidAlready(
  { instancePath, keyword }: FastifySchemaValidationError,
  all: FastifySchemaValidationError[],
): boolean {
  return (
    keyword === 'pattern' &&
    all.some((other) => other.keyword === 'minLength' && other.instancePath === instancePath)
  )
}

function pathOf(instancePath: string, keyword: string, params: Record<string, unknown>): string {
  if (keyword === 'required') return `${instancePath}/${String(params.missingProperty)}`
  if (keyword === 'additionalProperties') return `${instancePath}/${String(params.additionalProperty)}`
  return instancePath || '/'
}

function messageOf(keyword: string, params: Record<string, unknown>, message = 'is not valid'): string {
  if (keyword === 'required') return 'is needed'
  if (keyword === 'additionalProperties') return 'is not a known property'
  if (keyword === 'enum') return `must be one of ${(params.allowedValues as unknown[]).join(', ')}`
  if (keyword === 'pattern') return describePattern(String(params.pattern))
  if (keyword === 'minLength' && params.limit === 1) return 'must not be empty'
  if (keyword === 'type' && params.type === 'integer') return 'must be a whole number'
  return message
}
