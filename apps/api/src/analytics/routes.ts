/**
 * Figures for a provider's owner, or its own API keys that may read them.
 *
 * @module
 */
import { ONE_VIEW } from '../db.ts'
import type { Deps } from '../deps.ts'
import { problems } from '../http/schema.ts'
import type { App } from '../http/server.ts'
import { getProviderToRead } from '../providers/get-provider.ts'
import { Analytics, AnalyticsQuery, COLUMNS, isTestKey, ofProvider, readers } from './analytics.ts'
import { csvOrJson, sendJsonOrCsv, toCsv } from './csv.ts'
import { getAnalytics } from './get-analytics.ts'
import type { ListingViews } from './listing-views.ts'
import { registerOperatorAnalyticsRoutes } from './operator-routes.ts'
import { registerOutcomeRoutes } from './outcome-routes.ts'
import { getRange } from './range.ts'
import { registerTimelineRoutes } from './timeline-routes.ts'

export function registerAnalyticsRoutes(app: App, deps: Deps, views: ListingViews): void {
  const { db, clock } = deps

  app.get(
    '/providers/:id/analytics',
    {
      config: { ...readers, limit: 'read' },
      schema: {
        operationId: 'getAnalytics',
        tags: ['Analytics'],
        summary: 'Sessions, minutes, people and tokens, per hour, day or month',
        description:
          'In a time zone of your choice, as JSON, or as CSV with `Accept: text/csv`. A figure counts at the instant it came to be: `opened` at the opening, `validated` and `users` when time began, `refunded` when it was booked, the rest when the session was settled. ' +
          'Tokens are the ledger’s, to the token. Test keys get the figures of test sessions.',
        params: ofProvider,
        querystring: AnalyticsQuery,
        response: {
          200: csvOrJson(
            Analytics,
            'The figures.',
            `${COLUMNS.join(',')}\r\n2026-03-01T00:00:00.000Z,3,2,1,7.2,2,29,6,23,1,0\r\n`,
          ),
          ...problems('provider_not_found'),
        },
      },
    },
    async (request, reply) => {
      const { actor, params, query } = request
      const { interval = 'day', ...asked } = query
      const answer = await db.inTenant(
        actor.tenantId,
        async (tx) => {
          await getProviderToRead(tx, params.id, actor)
          const range = await getRange(tx, { asked, interval, now: clock() })
          return getAnalytics(tx, { providerId: params.id, isTest: isTestKey(actor), range })
        },
        ONE_VIEW,
      )
      const fileName = `${params.id}-${answer.from.slice(0, 10)}-${answer.to.slice(0, 10)}`
      const csv = () => toCsv(COLUMNS, answer.rows)
      return sendJsonOrCsv(request, reply, { answer, csv, fileName }) as never
    },
  )

  registerOutcomeRoutes(app, deps, views)
  registerOperatorAnalyticsRoutes(app, deps)

  registerTimelineRoutes(app, deps)
}
