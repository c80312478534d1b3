import { Type } from '@fastify/type-provider-typebox'
import { recordAction } from '../audit/record-action.ts'
import type { Deps } from '../deps.ts'
import { Id, Instant, Nullable, problems, Shape } from '../http/schema.ts'
import type { App } from '../http/server.ts'
import {
  listUnusualProviders,
  UNUSUAL_DAYS,
  UNUSUAL_ENDED_MIN,
  UNUSUAL_SHARE_MIN,
  UNUSUAL_TIMES,
} from './notice-unusual-providers.ts'
import { INSTANT_MS } from './outcomes.ts'

const share = (description: string, example: number) =>
  Type.Number({ minimum: 0, maximum: 1, description, examples: [example] })

/** Like all of operators' routes, these do not exist for anybody else. */
export function registerOperatorAnalyticsRoutes(app: App, { db, clock }: Deps): void {
  app.get(
    '/operators/providers/unusual',
    {
      config: { callers: ['operator'] },
      schema: {
        operationId: 'listUnusualProviders',
        tags: ['Operations'],
        summary: 'Providers whose sessions complete at once unusually often',
        description:
          `Of at least ${UNUSUAL_ENDED_MIN} sessions opened in the last ${UNUSUAL_DAYS} days, ${UNUSUAL_SHARE_MIN * 100} % or more completed within ${INSTANT_MS / 1000} seconds of use, and more than ${UNUSUAL_TIMES} times the share of all other providers together. ` +
          'Somebody should look at the app; nothing follows by itself. Looked for every hour. Operators only.',
        response: {
          200: Shape({
            lookedAt: Nullable(Instant('When this was looked for; null before the first time.')),
            items: Type.Array(
              Shape({
                id: Id('prv'),
                name: Type.String({
                  description: 'Its name; typed by its owner.',
                  examples: ['Focus timer'],
                }),
                ended: Type.Integer({ minimum: 0, description: 'Sessions that ended.', examples: [310] }),
                instantlyCompleted: Type.Integer({
                  minimum: 0,
                  description: 'Those that completed at once.',
                  examples: [201],
                }),
                share: share('`instantlyCompleted` ÷ `ended`.', 0.6484),
                usualShare: share('The same of all other providers together.', 0.021),
              }),
              { description: 'The most unusual first, 100 at most.' },
            ),
          }),
          ...problems(),
        },
      },
    },
    async (request) => {
      const { lookedAt, providers } = await db.inTenant(request.actor.tenantId, async (tx) => {
        const after = { isUnusual: true }
        await recordAction(tx, { by: request, action: 'provider.list', after, now: clock() })
        return listUnusualProviders(tx)
      })
      return {
        lookedAt: lookedAt?.toISOString() ?? null,
        items: providers.map((provider) => ({
          ...provider,
          share: provider.instantlyCompleted / provider.ended,
        })),
      }
    },
  )
}
