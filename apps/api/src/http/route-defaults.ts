/**
 * What a route gets that does not say it: which limit counts, and whether it takes an `Idempotency-Key`.
 *
 * @module
 */
import type { FastifyInstance } from 'fastify'
import type { Caller } from './authenticate.ts'
import type { LimitClass } from './rate-limit.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Which limit counts here. */
    limit?: LimitClass
    /** Takes an `Idempotency-Key`: documented with its answers; `edge.once` does the rest. */
    isIdempotent?: boolean
  }
}

/** Registered before every route: each one then says its limit, for counting and for the docs alike. */
export function registerRouteDefaults(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    const callers = route.config?.callers ?? []
    const isRead = [route.method].flat().every((method) => method === 'GET' || method === 'HEAD')
    route.config = {
      ...route.config,
      limit: route.config?.limit ?? defaultLimit(route.url, isRead, callers),
      isIdempotent:
        route.config?.isIdempotent ??
        (route.method === 'POST' && callers.includes('user') && !route.url.startsWith('/auth/')),
    }
  })
}

function defaultLimit(url: string, isRead: boolean, callers: readonly Caller[]): LimitClass {
  // Stripe proves itself by a signature and repeats what is refused.
  if (callers.includes('stripe')) return 'none'
  if (callers.includes('open')) {
    if (url.startsWith('/auth/')) return 'auth'
    if (isRead) return 'open'
    return url.startsWith('/api/v1/') ? 'validate' : 'write'
  }
  if (isRead) return 'read'
  return callers.includes('session') ? 'beat' : 'write'
}
