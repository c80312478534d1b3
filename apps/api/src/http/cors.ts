/**
 * Which pages may call what. A preflight knows no provider, so it passes for any listed one; the request itself is
 * held against its own provider by the route.
 *
 * @module
 */
import type { FastifyInstance } from 'fastify'
import type { Deps } from '../deps.ts'

const ALLOW_HEADERS = 'authorization, content-type, idempotency-key, x-request-id'
const EXPOSE_HEADERS =
  'x-request-id, retry-after, ratelimit, ratelimit-policy, idempotent-replayed, etag, date, deprecation, sunset'
const METHODS = 'GET, POST, PATCH, PUT, DELETE'
/** How long an answer about an origin may be reused, here and in the browser. */
const ORIGIN_CACHE_MS = 10_000
const PREFLIGHT_SECONDS = 600
const ORIGINS_MAX = 5_000
const TEST_HOURS = 24

type Surface = 'open' | 'sdk' | 'complete' | 'marketplace'

export function registerCors(app: FastifyInstance, { db, config, clock }: Deps): void {
  const known = new Map<string, { isListed: boolean; at: number }>()

  // An app under test is not listed yet; a day is as long as its session can live.
  async function isProviderOrigin(origin: string): Promise<boolean> {
    const cached = known.get(origin)
    if (cached && performance.now() - cached.at < ORIGIN_CACHE_MS) return cached.isListed
    const rows = await db.batch.query(knownOriginSql, [
      origin,
      new Date(clock().getTime() - TEST_HOURS * 3_600_000),
    ])
    if (known.size >= ORIGINS_MAX) known.clear()
    known.set(origin, { isListed: rows.length > 0, at: performance.now() })
    return rows.length > 0
  }

  async function isAllowed(origin: string, surface: Surface): Promise<boolean> {
    if (surface === 'open') return true
    const isMarketplace = config.marketplaceOrigins.includes(origin)
    if (surface === 'marketplace') return isMarketplace
    return (isMarketplace && surface === 'complete') || isProviderOrigin(origin)
  }

  app.addHook('onRequest', async (request, reply) => {
    const { origin } = request.headers
    const surface = surfaceOf(request.url)
    reply.header('vary', 'Origin')
    if (typeof origin === 'string' && (await isAllowed(origin, surface))) {
      reply.header('access-control-allow-origin', surface === 'open' ? '*' : origin)
      reply.header('access-control-expose-headers', EXPOSE_HEADERS)
    }
    if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) return
    if (reply.hasHeader('access-control-allow-origin')) {
      reply.header('access-control-allow-methods', METHODS)
      reply.header('access-control-allow-headers', ALLOW_HEADERS)
      reply.header('access-control-max-age', String(PREFLIGHT_SECONDS))
    }
    return reply.code(204).send()
  })
}

function surfaceOf(url: string): Surface {
  const path = url.split('?', 1)[0] ?? url
  if (path === '/api/v1/keys/public' || path === '/.well-known/jwks.json' || path === '/openapi.json')
    return 'open'
  if (/^\/api\/v1\/sessions\/[^/]+\/complete\/?$/.test(path)) return 'complete'
  if (path.startsWith('/api/v1/')) return 'sdk'
  return 'marketplace'
}

const knownOriginSql = `
  (select from providers where status = 'listed' and allowed_origins @> array[$1] limit 1)
  union all
  (select from sessions s join providers p on p.tenant_id = s.tenant_id and p.id = s.provider_id
   where s.is_test and s.created_at > $2 and p.status <> 'suspended' and p.allowed_origins @> array[$1] limit 1)`
