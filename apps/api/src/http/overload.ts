/**
 * A bounded number of requests in flight: one more gets an early 503 instead of a late one.
 *
 * Beats have a bound of their own and the batch role's connections to themselves, so running sessions are kept
 * alive while everything else is shed.
 *
 * @module
 */
import type { FastifyInstance } from 'fastify'
import type { Deps } from '../deps.ts'
import { Problem } from '../errors.ts'

/** A burst of 200 from one client fits in three times over; what waits longer has given up. */
const IN_FLIGHT_MAX = 600
const BEATS_IN_FLIGHT_MAX = 6_000

export function registerOverload(app: FastifyInstance, { config }: Pick<Deps, 'config'>): void {
  const scale = (count: number) => Math.max(1, Math.round(count * config.rateLimitFactor))
  const beats = { count: 0, max: scale(BEATS_IN_FLIGHT_MAX) }
  const rest = { count: 0, max: scale(IN_FLIGHT_MAX) }

  // Counted once the body is here: whoever dribbles one in for half a minute takes a socket, and nobody's place.
  app.addHook('preValidation', (request, reply, done) => {
    const limit = request.routeOptions.config?.limit
    // Probes are how an operator sees the overload.
    if (limit === 'none' && !request.is404) return done()
    const lane = limit === 'beat' ? beats : rest
    if (lane.count >= lane.max) {
      return done(
        new Problem('unavailable', {
          retryAfterSeconds: 1,
          detail: 'Too many requests are in flight: try again in a moment.',
        }),
      )
    }
    // Who went away before would never be seen to leave.
    if (reply.raw.closed) return done()
    lane.count += 1
    // Also when the caller goes away before the answer.
    reply.raw.once('close', () => {
      lane.count -= 1
    })
    done()
  })
}
