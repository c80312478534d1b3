import { Type } from '@fastify/type-provider-typebox'
import type { Acting } from '../audit/audit-entry.ts'
import { recordAction } from '../audit/record-action.ts'
import type { Tx } from '../db.ts'
import type { Deps } from '../deps.ts'
import { toPage } from '../http/paging.ts'
import { Id, Instant, Page, PageQuery, problems, Shape } from '../http/schema.ts'
import type { App } from '../http/server.ts'
import { getProviderToChange } from './get-provider.ts'
import { listProvidersByStatus } from './list-providers.ts'
import { registerListingChangeRoutes } from './listing-change-routes.ts'
import {
  LINE_PATTERN,
  OwnProvider,
  type ProviderRow,
  ProviderStatusSchema,
  presentOwnProvider,
} from './provider.ts'
import { approveProvider, rejectProvider, type Suspending, suspendProvider } from './review-provider.ts'

const Reason = Shape({
  reason: Type.String({
    minLength: 1,
    maxLength: 500,
    pattern: LINE_PATTERN,
    description: 'For the owner, who reads it as `reviewNote`.',
    examples: ['The launch page answers 404.'],
  }),
})

/** What operators do with providers. To everybody else these routes do not exist. */
export function registerReviewRoutes(app: App, deps: Deps, suspending: Suspending): void {
  const { db, clock, cursors } = deps
  const params = Shape({ id: Id('prv') })
  registerListingChangeRoutes(app, deps)

  async function review(
    request: Exclude<Acting, { command: string }> & { params: { id: string }; body?: unknown },
    action: string,
    run: (tx: Tx, now: Date) => Promise<ProviderRow>,
  ) {
    const { actor, params, body } = request
    const now = clock()
    const reviewed = await db.inTenant(actor.tenantId, async (tx) => {
      const before = await getProviderToChange(tx, params.id, actor)
      const after = await run(tx, now)
      const { reason } = (body ?? {}) as { reason?: string }
      await recordAction(tx, {
        by: request,
        action,
        subjectId: params.id,
        before: { status: before.status },
        after: { status: after.status },
        ...(reason !== undefined && { reason }),
        now,
      })
      return after
    })
    return presentOwnProvider(reviewed)
  }

  app.get(
    '/operators/providers',
    {
      config: { callers: ['operator'] },
      schema: {
        operationId: 'listProvidersByStatus',
        tags: ['Providers'],
        summary: 'The review queue',
        description: 'All providers of a status, the longest waiting first. Operators only.',
        querystring: Shape({ status: Type.Optional(ProviderStatusSchema), ...PageQuery }),
        response: { 200: Page(OwnProvider), ...problems() },
      },
    },
    async (request) => {
      const { status = 'in_review', limit = 20, cursor } = request.query
      const after = cursors.of(request).decode(cursor)
      const rows = await db.inTenant(request.actor.tenantId, async (tx) => {
        await recordAction(tx, { by: request, action: 'provider.list', after: { status }, now: clock() })
        return listProvidersByStatus(tx, { status, after, limit })
      })
      return toPage(rows, limit, cursors.of(request), ({ id }) => id, presentOwnProvider)
    },
  )

  app.post(
    '/providers/:id/approve',
    {
      config: { callers: ['operator'] },
      schema: {
        operationId: 'approveProvider',
        tags: ['Providers'],
        summary: 'List a provider',
        description:
          'From a draft, from review, or back from a suspension. Repeating it changes nothing. Operators only.',
        params,
        querystring: Shape({
          updatedAt: Type.Optional(
            Instant(
              'The provider’s, as it was looked at: what was changed since then is not listed by this.',
            ),
          ),
        }),
        response: { 200: OwnProvider, ...problems('provider_not_found', 'listing_change_gone') },
      },
    },
    (request) => {
      const { actor, params, query } = request
      const seenAt = query.updatedAt === undefined ? undefined : new Date(query.updatedAt)
      return review(request, 'provider.approve', (tx, now) =>
        approveProvider(tx, { id: params.id, actor, now, seenAt }),
      )
    },
  )

  app.post(
    '/providers/:id/reject',
    {
      config: { callers: ['operator'] },
      schema: {
        operationId: 'rejectProvider',
        tags: ['Providers'],
        summary: 'Send a provider in review back to its owner',
        description: 'It becomes a draft again, with the reason as `reviewNote`. Operators only.',
        params,
        body: Reason,
        response: { 200: OwnProvider, ...problems('provider_not_found', 'provider_status_invalid') },
      },
    },
    (request) => {
      const { actor, params, body } = request
      return review(request, 'provider.reject', (tx, now) =>
        rejectProvider(tx, { id: params.id, actor, now, reason: body.reason }),
      )
    },
  )

  app.post(
    '/providers/:id/suspend',
    {
      config: { callers: ['operator'] },
      schema: {
        operationId: 'suspendProvider',
        tags: ['Providers'],
        summary: 'Take a provider out of the catalogue',
        description:
          'From any status. Pending sessions are cancelled, running ones end `revoked` at once, charged to the last beat. Repeating it changes nothing. Operators only.',
        params,
        body: Reason,
        response: { 200: OwnProvider, ...problems('provider_not_found') },
      },
    },
    async (request) => {
      const { actor, params, body } = request
      const { onSuspended, afterSuspended } = suspending
      const suspended = await review(request, 'provider.suspend', (tx, now) =>
        suspendProvider(tx, { id: params.id, actor, now, reason: body.reason, onSuspended }),
      )
      await afterSuspended({ tenantId: actor.tenantId, providerId: params.id })
      return suspended
    },
  )
}
