/**
 * Which pages may call what. A preflight knows no provider, so it passes for any listed one; the request itself is
 * held against its own provider by the route.
 *
 * @module
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Deps } from '../deps.ts'
import { forgetOriginsOnChange } from './origins.ts'

const ALLOW_HEADERS = 'authorization, content-type, idempotency-key, x-request-id'
const EXPOSE_HEADERS =
  'x-request-id, retry-after, ratelimit, ratelimit-policy, idempotent-replayed, etag, date, deprecation, sunset'
const METHODS = 'GET, POST, PATCH, PUT, DELETE'
/** How long a browser may reuse a preflight. */
const PREFLIGHT_SECONDS = 600

type Surface = 'open' | 'sdk' | 'complete' | 'marketplace'

export function registerCors(app: FastifyInstance, { config, origins }: Deps): void {
  async function isAllowed(origin: string, surface: Surface, request: FastifyRequest, reply: FastifyReply) {
    if (surface === 'open') return true
    const isMarketplace = config.marketplaceOrigins.includes(origin)
    if (surface === 'marketplace') return isMarketplace
    return (
      (isMarketplace && surface === 'complete') ||
      origins.isKnown(origin, async () => app.countOrigin?.(request, reply))
    )
  }

  forgetOriginsOnChange(app, origins)
  async function answer(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { origin } = request.headers
    const surface = surfaceOf(request.url)
    if (typeof origin === 'string' && (await isAllowed(origin, surface, request, reply))) {
      reply.header('access-control-allow-origin', surface === 'open' ? '*' : origin)
      reply.header('access-control-expose-headers', EXPOSE_HEADERS)
    }
  }

  app.addHook('onRequest', (request, reply, done) => {
    reply.header('vary', 'Origin')
    // Servers and native apps have no origin.
    if (request.headers.origin === undefined) return done()
    answer(request, reply).then(() => done(), done)
  })
  app.addHook('onRequest', (request, reply, done) => {
    if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) {
      return done()
    }
    if (reply.hasHeader('access-control-allow-origin')) {
      reply.header('access-control-allow-methods', METHODS)
      reply.header('access-control-allow-headers', ALLOW_HEADERS)
      reply.header('access-control-max-age', String(PREFLIGHT_SECONDS))
    }
    reply.code(204).send()
  })
}

function surfaceOf(url: string): Surface {
  // The router takes a slash at the end as well.
  const path = (url.split('?', 1)[0] ?? url).replace(/\/$/, '')
  if (path === '/api/v1/keys/public' || path === '/.well-known/jwks.json' || path === '/openapi.json')
    return 'open'
  if (/^\/api\/v1\/providers\/[^/]+\/theme$/.test(path)) return 'open'
  if (/^\/api\/v1\/sessions\/[^/]+\/complete$/.test(path)) return 'complete'
  if (path.startsWith('/api/v1/')) return 'sdk'
  return 'marketplace'
}
