/**
 * What a provider has earned, for its owner and its own API keys; paying it out, for operators.
 *
 * @module
 */
import { Type } from '@fastify/type-provider-typebox'
import { isTestKey, rangeQuery } from '../analytics/analytics.ts'
import { getRange } from '../analytics/range.ts'
import { recordAction } from '../audit/record-action.ts'
import { ONE_VIEW, type Tx } from '../db.ts'
import type { Deps } from '../deps.ts'
import { Problem } from '../errors.ts'
import type { Actor } from '../http/authenticate.ts'
import { toPage } from '../http/paging.ts'
import { Id, Page, PageQuery, problems, Shape } from '../http/schema.ts'
import type { App } from '../http/server.ts'
import { getProviderToRead } from '../providers/get-provider.ts'
import { Earnings, Payout, presentPayout, Statement } from './earnings.ts'
import { getEarnings } from './get-earnings.ts'
import { getStatement } from './get-statement.ts'
import { listPayouts } from './list-payouts.ts'
import { registerPayoutRoutes } from './payout-routes.ts'

const params = Shape({ id: Id('prv', 'The provider.') })
const callers = { callers: ['user', 'key'], scope: 'analytics:read', limit: 'read' } as const
const payoutStatus = Type.Optional(
  Type.Enum(['pending', 'paid', 'cancelled'], { description: 'Only those.', examples: ['pending'] }),
)

export function registerEarningsRoutes(app: App, deps: Deps): void {
  const { db, clock, cursors } = deps

  const shown = {
    tags: ['Earnings'],
    params,
    response: { 200: Earnings, ...problems('provider_not_found') },
  }

  app.get(
    '/providers/:id/earnings',
    {
      config: callers,
      schema: {
        operationId: 'getEarnings',
        summary: 'What was earned, and what of it can be paid out',
        description:
          'In tokens. Earnings become payable 30 days after their session, and not while a payment that could be behind them is disputed.',
        ...shown,
      },
    },
    ({ actor, params: { id: providerId } }) =>
      db.inTenant(
        actor.tenantId,
        async (tx) => {
          await checkReader(tx, providerId, actor)
          return getEarnings(tx, { providerId, now: clock() })
        },
        ONE_VIEW,
      ),
  )

  app.get(
    '/operators/providers/:id/earnings',
    {
      config: { callers: ['operator'], limit: 'read' },
      schema: {
        operationId: 'getEarningsAsOperator',
        summary: 'What a provider has earned',
        description: 'The same figures as the owner sees. Operators only.',
        ...shown,
      },
    },
    async (request) => {
      const { actor, params } = request
      const now = clock()
      // Written down before it is seen.
      await db.inTenant(actor.tenantId, async (tx) => {
        await getProviderToRead(tx, params.id, actor)
        await recordAction(tx, { by: request, action: 'earnings.look', subjectId: params.id, now })
      })
      return db.inTenant(actor.tenantId, (tx) => getEarnings(tx, { providerId: params.id, now }), ONE_VIEW)
    },
  )

  app.get(
    '/providers/:id/earnings/statement',
    {
      config: callers,
      schema: {
        operationId: 'getEarningsStatement',
        tags: ['Earnings'],
        summary: 'What came in and went out in a period',
        description:
          'With the balance before and after. In whole days of a time zone; the running month when no range is given.',
        params,
        querystring: Shape(rangeQuery),
        response: { 200: Statement, ...problems('provider_not_found') },
      },
    },
    async ({ actor, params, query }) => {
      const now = clock()
      const from = query.from ?? (query.to === undefined ? firstOfMonth(now, query.timeZone) : undefined)
      const asked = { ...query, ...(from !== undefined && { from }) }
      return db.inTenant(
        actor.tenantId,
        async (tx) => {
          await checkReader(tx, params.id, actor)
          const range = await getRange(tx, { asked, interval: 'day', now })
          return getStatement(tx, { providerId: params.id, range })
        },
        ONE_VIEW,
      )
    },
  )

  app.get(
    '/providers/:id/payouts',
    {
      config: callers,
      schema: {
        operationId: 'listPayouts',
        tags: ['Earnings'],
        summary: 'A provider’s payouts',
        description: 'Newest first, with the reference of the transfer once paid.',
        params,
        querystring: Shape({ status: payoutStatus, ...PageQuery }),
        response: { 200: Page(Payout), ...problems('provider_not_found') },
      },
    },
    async (request) => {
      const { actor, params, query } = request
      const { limit = 20, cursor, status } = query
      const before = cursors.of(request).decode(cursor)
      const rows = await db.inTenant(actor.tenantId, async (tx) => {
        await checkReader(tx, params.id, actor)
        return listPayouts(tx, { providerId: params.id, status, before, limit: limit + 1 })
      })
      return toPage(rows, limit, cursors.of(request), ({ id }) => id, presentPayout)
    },
  )

  registerPayoutRoutes(app, deps)
}

/** @throws {Problem} `provider_not_found`; `forbidden` for a test key: test sessions earn nothing, and the rest is not its business */
async function checkReader(tx: Tx, providerId: string, actor: Actor): Promise<void> {
  await getProviderToRead(tx, providerId, actor)
  if (isTestKey(actor)) throw new Problem('forbidden', { detail: 'Earnings take a key of mode live.' })
}

/** The first day of the month that `now` lies in; of UTC where the time zone is none, which is refused later. */
function firstOfMonth(now: Date, timeZone = 'UTC'): string {
  let day = now.toISOString().slice(0, 10)
  try {
    day = new Intl.DateTimeFormat('en-CA', { timeZone }).format(now)
  } catch {}
  return `${day.slice(0, 7)}-01`
}
