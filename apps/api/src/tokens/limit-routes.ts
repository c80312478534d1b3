import type { Deps } from '../deps.ts'
import { userOf } from '../http/authenticate.ts'
import { problems } from '../http/schema.ts'
import type { App } from '../http/server.ts'
import { changeLimits, getLimits } from './change-limits.ts'
import { NewSpendingLimits, SpendingLimits } from './spending-limits.ts'

export function registerLimitRoutes(app: App, { db, clock }: Deps): void {
  app.get(
    '/tokens/limits',
    {
      config: { callers: ['user'] },
      schema: {
        operationId: 'getLimits',
        tags: ['Tokens'],
        summary: 'The caller’s spending limits',
        description: 'What the caller allows themselves, and how much of it the last 24 hours have used.',
        response: { 200: SpendingLimits, ...problems() },
      },
    },
    async (request) => {
      const { tenantId, userId } = userOf(request)
      return db.inTenant(tenantId, (tx) => getLimits(tx, { userId, now: clock() }))
    },
  )

  app.put(
    '/tokens/limits',
    {
      config: { callers: ['user'] },
      schema: {
        operationId: 'changeLimits',
        tags: ['Tokens'],
        summary: 'Set the caller’s spending limits',
        description:
          'Holds from the next opening or extension on: what would go beyond a limit gets `spending_limit_reached`. ' +
          'Sessions that run are not touched. A session counts for 24 hours from its opening.',
        body: NewSpendingLimits,
        response: { 200: SpendingLimits, ...problems('provider_not_found') },
      },
    },
    async (request) => {
      const { tenantId, userId } = userOf(request)
      return db.inTenant(tenantId, (tx) => changeLimits(tx, { userId, limits: request.body, now: clock() }))
    },
  )
}
