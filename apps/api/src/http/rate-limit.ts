/**
 * How often one caller may call: per address where anybody may, per user, session or key where they are known.
 *
 * Headers follow draft-ietf-httpapi-ratelimit-headers: `RateLimit-Policy: "read";q=600;w=60` and
 * `RateLimit: "read";r=599;t=60`.
 *
 * @module
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Deps } from '../deps.ts'
import { admit } from './admit.ts'
import type { Actor, CredentialCounts } from './authenticate.ts'
import { addressOf } from './caller-address.ts'
import { type Counter, createCounters } from './counters.ts'
import { registerSignInGuard } from './sign-in-guard.ts'

/** Calls per window and caller. A burst of 200 from one client is normal and is served everywhere, whatever it did before. */
export const LIMITS = {
  /** Whatever hashes a password, per address, and per user where they are known; accounts have a guard of their own besides. */
  auth: { calls: 300, windowSeconds: 60 },
  open: { calls: 1200, windowSeconds: 60 },
  read: { calls: 1200, windowSeconds: 60 },
  write: { calls: 400, windowSeconds: 60 },
  /** Per session, which sends two a minute; a crowd of tabs sends more. */
  beat: { calls: 240, windowSeconds: 60 },
  /** Per address: a school or an office opens many sessions from one. */
  validate: { calls: 1200, windowSeconds: 60 },
} as const

/** Wrong credentials and unreadable bodies per address: beyond them the answer is to slow down. */
export const REFUSED = { name: 'refused', calls: 300, windowSeconds: 60 }

/**
 * Origins that the database had to be asked about, per address. One that pages use is asked about every two seconds at most,
 * whatever comes from it: so this is forty apps at once, and no more than that of made-up ones.
 */
export const ORIGINS = { name: 'origins', calls: 1200, windowSeconds: 60 }

export type LimitClass = keyof typeof LIMITS | 'none'

declare module 'fastify' {
  interface FastifyInstance {
    /** Counts an origin that has to be looked up. @throws {Problem} `rate_limited` */
    countOrigin?: (request: FastifyRequest, reply: FastifyReply) => Promise<void>
    /** Counts a refusal of a limited route that no limit has counted. @throws {Problem} `rate_limited` */
    countUnread?: (request: FastifyRequest, reply: FastifyReply) => Promise<void>
  }
}

/** Counts by address where anybody may call; what it returns counts callers that authentication knows. */
export function registerRateLimits(
  app: FastifyInstance,
  { config, log }: Pick<Deps, 'config' | 'log'>,
): CredentialCounts {
  const counters = createCounters({ redisUrl: config.redisUrl, log })
  const factor = config.rateLimitFactor
  const scale = (calls: number) => Math.max(1, Math.round(calls * factor))
  const byClass = new Map<LimitClass, Counter>(
    Object.entries(LIMITS).map(([name, { calls, windowSeconds }]) => [
      name as LimitClass,
      counters.create({ name, calls: scale(calls), windowSeconds }),
    ]),
  )
  const refused = counters.create({ ...REFUSED, calls: scale(REFUSED.calls) })

  const origins = counters.create({ ...ORIGINS, calls: scale(ORIGINS.calls) })

  const count = async (counter: Counter | undefined, key: string, reply: FastifyReply) => {
    if (counter) admit(await counter.take(key), reply)
  }

  app.addHook('onRequest', (request, reply, done) => {
    const { limit = 'none', callers = [] } = request.routeOptions.config
    // Looking for addresses that do not exist is calling, too.
    const counted = request.is404 ? 'open' : callers.includes('open') ? limit : 'none'
    if (counted === 'none') return done()
    count(byClass.get(counted), addressOf(request), reply).then(() => done(), done)
  })
  // A body that cannot be read is refused before anybody asks who calls.
  app.decorate('countUnread', async (request, reply) => {
    const { limit = 'none' } = request.routeOptions.config
    if (limit !== 'none' && !reply.hasHeader('ratelimit')) await count(refused, addressOf(request), reply)
  })
  app.decorate('countOrigin', async (request, reply) => {
    const asked = await origins.take(addressOf(request))
    // Told only where it refuses: the answer's own limit is another.
    if (asked.isOver) admit(asked, reply)
  })
  registerSignInGuard(app, counters, scale)
  app.addHook('onClose', async () => counters.end())

  return {
    onRefused: (request, reply) => count(refused, addressOf(request), reply),
    async onAccepted(request, reply) {
      const { limit = 'none' } = request.routeOptions.config
      const counter = byClass.get(limit)
      // Passwords are hashed a few at a time for everybody, and whoever wants more accounts makes them.
      const together = limit === 'auth' ? await counter?.take(addressOf(request)) : undefined
      if (together?.isOver) admit(together, reply)
      await count(counter, keyOf(request.actor, request), reply)
    },
  }
}

function keyOf(actor: Actor, request: FastifyRequest): string {
  switch (actor.kind) {
    case 'user':
      return actor.userId
    case 'session':
      return actor.sessionId
    case 'key':
      return actor.keyId
    case 'open':
      return addressOf(request)
  }
}
