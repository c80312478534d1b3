import { Type } from '@fastify/type-provider-typebox'
import type { App } from '../app.ts'
import type { Tx } from '../db.ts'
import type { Deps } from '../deps.ts'
import type { Actor } from '../http/authenticate.ts'
import { toPage } from '../http/paging.ts'
import { Id, Page, PageQuery, problems, Shape } from '../http/schema.ts'
import { listProvidersByStatus } from './list-providers.ts'
import {
  LINE_PATTERN,
  OwnProvider,
  type ProviderRow,
  ProviderStatusSchema,
  presentOwnProvider,
} from './provider.ts'
import { approveProvider, type OnSuspended, rejectProvider, suspendProvider } from './review-provider.ts'

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
export function registerReviewRoutes(app: App, deps: Deps, onSuspended: OnSuspended): void {
  const { db, clock, cursors } = deps
  const params = Shape({ id: Id('prv') })

  const review = async (actor: Actor, run: (tx: Tx, now: Date) => Promise<ProviderRow>) =>
    presentOwnProvider(await db.inTenant(actor.tenantId, (tx) => run(tx, clock())))

  app.get(
    '/operator/providers',
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
      const after = cursors.decode(cursor)
      const rows = await db.inTenant(request.actor.tenantId, (tx) =>
        listProvidersByStatus(tx, { status, after, limit }),
      )
      return toPage(rows, limit, cursors, ({ id }) => id, presentOwnProvider)
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
        response: { 200: OwnProvider, ...problems('provider_not_found') },
      },
    },
    ({ actor, params: { id } }) => review(actor, (tx, now) => approveProvider(tx, { id, actor, now })),
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
    ({ actor, params: { id }, body: { reason } }) =>
      review(actor, (tx, now) => rejectProvider(tx, { id, actor, now, reason })),
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
    ({ actor, params: { id }, body: { reason } }) =>
      review(actor, (tx, now) => suspendProvider(tx, { id, actor, now, reason, onSuspended })),
  )
}
