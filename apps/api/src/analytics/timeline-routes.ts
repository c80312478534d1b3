/**
 * A session's timeline, for both sides of it and for operators: the same figures for all three.
 *
 * @module
 */
import { Type } from '@fastify/type-provider-typebox'
import { recordAction } from '../audit/record-action.ts'
import { ONE_VIEW } from '../db.ts'
import type { Deps } from '../deps.ts'
import { userOf } from '../http/authenticate.ts'
import { Id, problems, Shape } from '../http/schema.ts'
import type { App } from '../http/server.ts'
import { getProviderToRead } from '../providers/get-provider.ts'
import { getUnsettledSession } from '../sessions/get-session.ts'
import { isTestKey } from './analytics.ts'
import { getTimeline } from './get-timeline.ts'
import { Timeline } from './timeline.ts'

const DESCRIPTION =
  'Every beat that was accepted, every pause, takeover and ending with the time it counted and the time that was served and does ' +
  'not count, and the lines of the ledger it led to. Marked: changes of address or browser, unbilled time, a completion at once. ' +
  'Addresses are not kept, only whether they changed.'
const schema = { tags: ['Analytics'], summary: 'What happened in a session, beat by beat' }
const Query = Shape({
  after: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 1_000_000,
      description: 'How many entries to pass over: `nextAfter` of the answer before.',
      examples: [1000],
    }),
  ),
})
const ofSession = Shape({ id: Id('ses', 'The session.') })

export function registerTimelineRoutes(app: App, { db, clock }: Deps): void {
  app.get(
    '/providers/:id/sessions/:sessionId/timeline',
    {
      config: { callers: ['user', 'key'], scope: 'sessions:read', limit: 'read' },
      schema: {
        ...schema,
        operationId: 'getSessionTimeline',
        description: DESCRIPTION,
        params: Shape({ id: Id('prv', 'The provider.'), sessionId: Id('ses', 'The session.') }),
        querystring: Query,
        response: { 200: Timeline, ...problems('provider_not_found', 'session_not_found') },
      },
    },
    async ({ actor, params, query }) => {
      const isTest = actor.kind === 'key' ? isTestKey(actor) : undefined
      const { id: providerId, sessionId } = params
      return db.inTenant(
        actor.tenantId,
        async (tx) => {
          await getProviderToRead(tx, providerId, actor)
          return getTimeline(tx, { providerId, sessionId, isTest, now: clock(), ...query })
        },
        ONE_VIEW,
      )
    },
  )

  app.get(
    '/sessions/:id/timeline',
    {
      config: { callers: ['user'], limit: 'read' },
      schema: {
        ...schema,
        operationId: 'getOwnSessionTimeline',
        description: `For the session’s user. ${DESCRIPTION}`,
        params: ofSession,
        querystring: Query,
        response: { 200: Timeline, ...problems('session_not_found') },
      },
    },
    async (request) => {
      const { tenantId, userId } = userOf(request)
      const { id: sessionId } = request.params
      return db.inTenant(
        tenantId,
        (tx) => getTimeline(tx, { sessionId, userId, now: clock(), ...request.query }),
        ONE_VIEW,
      )
    },
  )

  app.get(
    '/operators/sessions/:id/timeline',
    {
      config: { callers: ['operator'] },
      schema: {
        ...schema,
        operationId: 'getFoundSessionTimeline',
        description: `${DESCRIPTION} The look is on record in the audit log. Operators only.`,
        params: ofSession,
        querystring: Query,
        response: { 200: Timeline, ...problems('session_not_found') },
      },
    },
    async (request) => {
      const { id: sessionId } = request.params
      const now = clock()
      // Written down before it is seen.
      await db.inTenant(request.actor.tenantId, async (tx) => {
        await getUnsettledSession(tx, { sessionId, now })
        await recordAction(tx, { by: request, action: 'session.timeline.look', subjectId: sessionId, now })
      })
      return db.inTenant(
        request.actor.tenantId,
        (tx) => getTimeline(tx, { sessionId, now, ...request.query }),
        ONE_VIEW,
      )
    },
  )
}
