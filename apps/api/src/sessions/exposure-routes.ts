/**
 * Experiments: what a page has shown.
 *
 * @module
 */
import { Type } from '@fastify/type-provider-typebox'
import type { Deps } from '../deps.ts'
import { Problem } from '../errors.ts'
import { Id, problems, Shape } from '../http/schema.ts'
import type { App } from '../http/server.ts'
import { checkOrigin } from './check-origin.ts'
import { EXPERIMENTS_MAX, recordExposure } from './record-exposure.ts'
import { sessionActor } from './session-actor.ts'

const name = (description: string, example: string) =>
  Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$', description, examples: [example] })

const Exposure = Shape({
  experiment: name(
    'What is tried, by a name of your own: a letter or digit, then letters, digits, `.`, `_` and `-`.',
    'toolbar',
  ),
  variant: name('Which of its variants was shown; named likewise.', 'side'),
})

/** Among the routes of the SDK that also take text/plain. */
export function registerExposureRoute(app: App, { db, clock, config, origins }: Deps): void {
  app.post(
    '/api/v1/sessions/:id/exposures',
    {
      config: { callers: ['session'] },
      schema: {
        operationId: 'recordExposure',
        tags: ['Provider SDK'],
        summary: 'A variant of an experiment was shown',
        description:
          `The first variant of a session and experiment stands, and is what is answered, however often and with whatever variant it is told again. Up to ${EXPERIMENTS_MAX} experiments a session. ` +
          'A session that has ended takes no new one. GET /providers/{id}/analytics/experiments compares variants.',
        params: Shape({ id: Id('ses', 'The session.') }),
        body: Exposure,
        response: {
          200: Exposure,
          ...problems(
            'session_not_found',
            'unauthenticated',
            'origin_not_allowed',
            'session_superseded',
            'session_ended',
            'limit_reached',
          ),
        },
      },
    },
    async ({ actor: caller, params, headers, body }) => {
      const actor = sessionActor(caller, params.id)
      await checkOrigin(origins, headers.origin, actor)
      const { tenantId, sessionId, clientId, providerId } = actor
      const input = {
        ...body,
        sessionId,
        clientId,
        providerId,
        now: clock(),
        marketplaceUrl: config.marketplaceUrl,
      }
      const recorded = await db.inTenant(tenantId, (tx) => recordExposure(tx, input))
      if (recorded instanceof Problem) throw recorded
      return recorded
    },
  )
}
