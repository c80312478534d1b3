/**
 * Figures for a provider's owner, or its own API keys that may read them.
 *
 * @module
 */
import { Type } from '@fastify/type-provider-typebox'
import type { Deps } from '../deps.ts'
import type { Actor } from '../http/authenticate.ts'
import { Id, problems, Shape } from '../http/schema.ts'
import type { App } from '../http/server.ts'
import { getProviderToRead } from '../providers/get-provider.ts'
import { Analytics, AnalyticsQuery, rangeQuery, toCsv } from './analytics.ts'
import { getAnalytics } from './get-analytics.ts'
import { Funnel, getFunnel } from './get-funnel.ts'
import { getTimeline, Timeline } from './get-timeline.ts'
import { getRange } from './range.ts'

const params = Shape({ id: Id('prv', 'The provider.') })
const callers = { callers: ['user', 'key'], scope: 'analytics:read' } as const

/** A test key sees test sessions and nothing else. */
const isTestKey = (actor: Actor) => actor.kind === 'key' && actor.mode === 'test'

/** Whether CSV is asked for, and not only taken as well as JSON. */
function wantsCsv(accept = ''): boolean {
  const [csv, json] = [accept.indexOf('text/csv'), accept.indexOf('application/json')]
  return csv >= 0 && (json < 0 || csv < json)
}

export function registerAnalyticsRoutes(app: App, deps: Deps): void {
  const { db, clock } = deps

  app.get(
    '/providers/:id/analytics',
    {
      config: { ...callers, limit: 'read' },
      schema: {
        operationId: 'getAnalytics',
        tags: ['Analytics'],
        summary: 'Sessions, minutes, people and tokens, per hour, day or month',
        description:
          'In a time zone of your choice, as JSON, or as CSV with `Accept: text/csv`. A figure counts at the instant it came to be: `opened` at the opening, `validated` and `users` when time began, the rest when the session was settled. ' +
          'Tokens are the ledger’s, to the token. Test keys get the figures of test sessions.',
        params,
        querystring: AnalyticsQuery,
        response: {
          200: {
            description: 'The figures.',
            content: {
              'application/json': { schema: Analytics },
              'text/csv': {
                schema: Type.String({
                  description: 'The rows, with a line of column names.',
                  examples: [
                    'start,opened,validated,completed,minutes,users,gross,fee,net\r\n2026-03-01T00:00:00.000Z,3,2,1,7.2,2,29,6,23\r\n',
                  ],
                }),
              },
            },
          },
          ...problems('provider_not_found'),
        },
      },
    },
    async (request, reply) => {
      const { actor, params, query } = request
      const { interval = 'day', ...asked } = query
      const analytics = await db.inTenant(actor.tenantId, async (tx) => {
        await getProviderToRead(tx, params.id, actor)
        const range = await getRange(tx, { asked, interval, now: clock() })
        return getAnalytics(tx, { providerId: params.id, isTest: isTestKey(actor), range })
      })
      reply.header('vary', 'Accept')
      if (!wantsCsv(request.headers.accept)) return reply.send(analytics as never)
      const name = `${params.id}-${analytics.from.slice(0, 10)}-${analytics.to.slice(0, 10)}.csv`
      return reply
        .header('content-type', 'text/csv; charset=utf-8')
        .header('content-disposition', `attachment; filename="${name}"`)
        .send(toCsv(analytics.rows) as never)
    },
  )

  app.get(
    '/providers/:id/analytics/funnel',
    {
      config: { ...callers, limit: 'read' },
      schema: {
        operationId: 'getFunnel',
        tags: ['Analytics'],
        summary: 'What became of the sessions opened in a range',
        description:
          'Opened → validated → first beat → completed, and where the others broke off. Follows each session to its end, so figures of the last day still change; elsewhere a figure counts when it came to be. In whole days of a time zone.',
        params,
        querystring: Shape(rangeQuery),
        response: { 200: Funnel, ...problems('provider_not_found') },
      },
    },
    ({ actor, params, query: asked }) =>
      db.inTenant(actor.tenantId, async (tx) => {
        await getProviderToRead(tx, params.id, actor)
        const range = await getRange(tx, { asked, interval: 'day', now: clock() })
        return getFunnel(tx, { providerId: params.id, isTest: isTestKey(actor), range })
      }),
  )

  app.get(
    '/providers/:id/sessions/:sessionId/timeline',
    {
      config: { callers: ['user', 'key'], scope: 'sessions:read', limit: 'read' },
      schema: {
        operationId: 'getSessionTimeline',
        tags: ['Analytics'],
        summary: 'What happened in a session',
        description:
          'Every change of its state with the time used until then, the lines of the ledger it led to, and time that was served and not billed. Single beats are counted and not kept.',
        params: Shape({ id: Id('prv', 'The provider.'), sessionId: Id('ses', 'The session.') }),
        response: { 200: Timeline, ...problems('provider_not_found', 'session_not_found') },
      },
    },
    ({ actor, params }) =>
      db.inTenant(actor.tenantId, async (tx) => {
        await getProviderToRead(tx, params.id, actor)
        const isTest = actor.kind === 'key' ? isTestKey(actor) : undefined
        return getTimeline(tx, { providerId: params.id, sessionId: params.sessionId, isTest })
      }),
  )
}
