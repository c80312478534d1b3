/**
 * What became of sessions and people, for a provider's owner or its own API keys.
 *
 * @module
 */
import type { Deps } from '../deps.ts'
import { problems, Shape } from '../http/schema.ts'
import type { App } from '../http/server.ts'
import { getProviderToRead } from '../providers/get-provider.ts'
import { AnalyticsQuery, isTestKey, ofProvider, rangeQuery, readers } from './analytics.ts'
import { csvOrJson, sendJsonOrCsv, toCsv } from './csv.ts'
import { EXPERIMENT_COLUMNS, Experiments, getExperiments } from './get-experiments.ts'
import { FUNNEL_COLUMNS, Funnel, getFunnel } from './get-funnel.ts'
import {
  getRetention,
  RETENTION_COLUMNS,
  Retention,
  RetentionQuery,
  retentionLines,
} from './get-retention.ts'
import type { ListingViews } from './listing-views.ts'
import { getRange } from './range.ts'

export function registerOutcomeRoutes(app: App, { db, clock }: Deps, views: ListingViews): void {
  app.get(
    '/providers/:id/analytics/funnel',
    {
      config: { ...readers, limit: 'read' },
      schema: {
        operationId: 'getFunnel',
        tags: ['Analytics'],
        summary: 'How far people came, from seeing the listing to completing a session',
        description:
          'Listing seen → session opened → validated → first beat → completed, and where the others broke off; as JSON, or the rows as CSV with `Accept: text/csv`. Follows each session to its end, so figures of the last day still change; elsewhere a figure counts when it came to be. Looks at the listing are no part of the sessions: who opens one elsewhere was not counted, and whoever looks twice may open once.',
        params: ofProvider,
        querystring: AnalyticsQuery,
        response: {
          200: csvOrJson(
            Funnel,
            'How far they came.',
            `${FUNNEL_COLUMNS.join(',')}\r\n2026-03-01T00:00:00.000Z,41,12,11,10,8\r\n`,
          ),
          ...problems('provider_not_found'),
        },
      },
    },
    async (request, reply) => {
      const { actor, params } = request
      const { interval = 'day', ...asked } = request.query
      // What this instance has counted and not written yet is in the answer, too.
      await views.flush()
      const answer = await db.inTenant(actor.tenantId, async (tx) => {
        await getProviderToRead(tx, params.id, actor)
        const range = await getRange(tx, { asked, interval, now: clock() })
        return getFunnel(tx, { providerId: params.id, isTest: isTestKey(actor), range })
      })
      const fileName = `${params.id}-funnel-${answer.from.slice(0, 10)}-${answer.to.slice(0, 10)}`
      const csv = () => toCsv(FUNNEL_COLUMNS, answer.rows)
      return sendJsonOrCsv(request, reply, { answer, csv, fileName }) as never
    },
  )

  app.get(
    '/providers/:id/analytics/experiments',
    {
      config: { ...readers, limit: 'read' },
      schema: {
        operationId: 'getExperiments',
        tags: ['Analytics'],
        summary: 'What sessions were shown, against how they ended',
        description:
          'For each experiment and variant that pages told with POST /api/v1/sessions/{id}/exposures: the sessions opened in a range that were shown it, how many of those that ended completed, and between which shares the true one lies in 95 of 100 cases (Wilson), if sessions end independently of each other. People who come often make them depend, so the truth is a little wider. As JSON, or as CSV with `Accept: text/csv`.',
        params: ofProvider,
        querystring: Shape(rangeQuery),
        response: {
          200: csvOrJson(
            Experiments,
            'A row per variant.',
            `${EXPERIMENT_COLUMNS.join(',')}\r\ntoolbar,side,420,412,305,0.7403,0.6959,0.7803,5120.4,20482\r\n`,
          ),
          ...problems('provider_not_found'),
        },
      },
    },
    async (request, reply) => {
      const { actor, params, query: asked } = request
      const answer = await db.inTenant(actor.tenantId, async (tx) => {
        await getProviderToRead(tx, params.id, actor)
        const range = await getRange(tx, { asked, interval: 'day', now: clock() })
        return getExperiments(tx, { providerId: params.id, isTest: isTestKey(actor), range })
      })
      const fileName = `${params.id}-experiments-${answer.from.slice(0, 10)}-${answer.to.slice(0, 10)}`
      const csv = () => toCsv(EXPERIMENT_COLUMNS, answer.variants)
      return sendJsonOrCsv(request, reply, { answer, csv, fileName }) as never
    },
  )

  app.get(
    '/providers/:id/analytics/retention',
    {
      config: { ...readers, limit: 'read' },
      schema: {
        operationId: 'getRetention',
        tags: ['Analytics'],
        summary: 'Who came back, by when they came first',
        description:
          'Cohorts: the people whose first session with this provider began in a week or month, and how many of them began one in each later week or month. In a time zone of your choice, weeks from Monday. Counted from what is rolled up; `until` says up to when. As JSON, or as CSV with `Accept: text/csv`, a line per cohort and period.',
        params: ofProvider,
        querystring: RetentionQuery,
        response: {
          200: csvOrJson(
            Retention,
            'The cohorts.',
            `${RETENTION_COLUMNS.join(',')}\r\n2026-03-02,61,2026-03-09,23\r\n`,
          ),
          ...problems('provider_not_found'),
        },
      },
    },
    async (request, reply) => {
      const { actor, params, query } = request
      const answer = await db.inTenant(actor.tenantId, async (tx) => {
        await getProviderToRead(tx, params.id, actor)
        const isTest = isTestKey(actor)
        return getRetention(tx, { ...query, providerId: params.id, isTest, now: clock() })
      })
      const fileName = `${params.id}-retention-by-${answer.interval}`
      const csv = () => toCsv(RETENTION_COLUMNS, retentionLines(answer))
      return sendJsonOrCsv(request, reply, { answer, csv, fileName }) as never
    },
  )
}
