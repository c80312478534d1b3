/**
 * Who may call: every route names its callers, and a route that names none is refused at start.
 *
 * @module
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { assert } from '../assert.ts'
import { Problem } from '../errors.ts'
import { PUBLIC_TENANT_ID } from '../id.ts'

/** `stripe` routes check a signature themselves; `open` ones take anybody. */
export type Caller = 'open' | 'user' | 'operator' | 'session' | 'key' | 'stripe'

export type Actor =
  | { kind: 'open'; tenantId: string }
  | { kind: 'user'; tenantId: string; userId: string; isOperator: boolean; issuedAtSeconds: number }
  | { kind: 'session'; tenantId: string; sessionId: string; providerId: string; clientId: string }
  | {
      kind: 'key'
      tenantId: string
      providerId: string
      keyId: string
      scopes: string[]
      mode: 'live' | 'test'
    }

export interface Authenticators {
  user(jwt: string): Promise<Extract<Actor, { kind: 'user' }> | undefined>
  operator(jwt: string): Promise<Extract<Actor, { kind: 'user' }> | undefined>
  session(jwt: string): Promise<Extract<Actor, { kind: 'session' }> | undefined>
  key(secret: string): Promise<Extract<Actor, { kind: 'key' }> | undefined>
}

declare module 'fastify' {
  interface FastifyContextConfig {
    callers?: readonly Caller[]
    /** What an API key must be allowed to do here. */
    scope?: string
  }
  interface FastifyRequest {
    actor: Actor
  }
}

/** What counts callers; may refuse with more than the credential's own refusal. */
export interface CredentialCounts {
  onRefused(request: FastifyRequest, reply: FastifyReply): Promise<void>
  onAccepted(request: FastifyRequest, reply: FastifyReply): Promise<void>
}

export const API_KEY_PREFIX = 'tmk_'
const PLAIN_TEXT = /^text\/plain\s*(;|$)/i

export function registerAuthentication(
  app: FastifyInstance,
  authenticators: Authenticators,
  counts: CredentialCounts,
): void {
  app.decorateRequest('actor')
  app.addHook('onRoute', ({ method, url, config }) => {
    if (method === 'OPTIONS' || method === 'HEAD') return
    assert(config?.callers?.length, `${String(method)} ${url} says who may call it`)
  })
  // After the body is parsed, because a page that closes sends its session JWT inside; before it is validated,
  // because a stranger learns nothing about shapes.
  app.addHook('preValidation', async (request, reply) => {
    if (request.is404) return
    const { callers = [] } = request.routeOptions.config
    if (callers.includes('open') || callers.includes('stripe')) {
      request.actor = { kind: 'open', tenantId: PUBLIC_TENANT_ID }
      return
    }
    const actor = await authenticate(request, callers, authenticators)
    if (!actor) {
      await counts.onRefused(request, reply)
      throw new Problem('unauthenticated')
    }
    request.actor = actor
    await counts.onAccepted(request, reply)
    refuseLesser(request)
  })
}

/** Whom the credential speaks for, of those who may call here; what they may do is asked afterwards. */
async function authenticate(
  request: FastifyRequest,
  callers: readonly Caller[],
  authenticators: Authenticators,
): Promise<Actor | undefined> {
  const credential = readBearer(request)
  if (credential === undefined) return undefined
  if (credential.startsWith(API_KEY_PREFIX))
    return callers.includes('key') ? authenticators.key(credential) : undefined
  const actor = callers.includes('session') ? await authenticators.session(credential) : undefined
  if (actor) return actor
  if (callers.includes('user')) return authenticators.user(credential)
  return callers.includes('operator') ? authenticators.operator(credential) : undefined
}

/** @throws {Problem} `forbidden` for a key without the scope; `not_found`, as an operator's route does not exist for others */
function refuseLesser({ actor, routeOptions }: FastifyRequest): void {
  const { callers = [], scope } = routeOptions.config
  if (actor.kind === 'key' && scope !== undefined && !actor.scopes.includes(scope))
    throw new Problem('forbidden', { detail: `This API key lacks the scope ${scope}.` })
  if (actor.kind === 'user' && !callers.includes('user') && !actor.isOperator) throw new Problem('not_found')
}

/** The Authorization header, or `sessionJwt` of a text/plain body, taken out of it. */
function readBearer(request: FastifyRequest): string | undefined {
  const [, fromHeader] =
    /^Bearer +([A-Za-z0-9._~+/=-]{1,8192})$/i.exec(request.headers.authorization ?? '') ?? []
  const body = request.body as { sessionJwt?: unknown } | null | undefined
  if (PLAIN_TEXT.test(request.headers['content-type'] ?? '') && body && typeof body === 'object') {
    const { sessionJwt } = body
    delete body.sessionJwt
    if (fromHeader === undefined && typeof sessionJwt === 'string') return sessionJwt
  }
  return fromHeader
}

/** The user of a route whose only callers are users. */
export function userOf(request: FastifyRequest): Extract<Actor, { kind: 'user' }> {
  assert(request.actor.kind === 'user', 'only users get here')
  return request.actor
}
