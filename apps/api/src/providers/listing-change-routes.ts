import { Type } from '@fastify/type-provider-typebox'
import { assert } from '../assert.ts'
import { recordAction } from '../audit/record-action.ts'
import type { Deps } from '../deps.ts'
import { toPage } from '../http/paging.ts'
import { Id, Instant, Page, PageQuery, problems, Shape } from '../http/schema.ts'
import type { App } from '../http/server.ts'
import { getProviderToRead } from './get-provider.ts'
import { ListingChange, presentListingChange } from './listing-change.ts'
import {
  LINE_PATTERN,
  type ListingTexts,
  OwnProvider,
  type ProviderRow,
  presentOwnProvider,
} from './provider.ts'
import { approveListingChange, listListingChanges, rejectListingChange } from './review-listing-change.ts'

const params = Shape({ id: Id('prv', 'The provider.') })
const updatedAt = Instant(
  'The provider’s, as the list said it: what was changed after that is not decided by this.',
)

/** What operators do with changes to what is listed. To everybody else these routes do not exist. */
export function registerListingChangeRoutes(app: App, { db, clock, cursors }: Deps): void {
  app.get(
    '/operators/listing-changes',
    {
      config: { callers: ['operator'] },
      schema: {
        operationId: 'listListingChanges',
        tags: ['Providers'],
        summary: 'Listed providers that were changed since an operator looked',
        description:
          'The longest waiting first. Texts are live and can be put back; `heldAddresses` are not live. Operators only.',
        querystring: Shape(PageQuery),
        response: { 200: Page(ListingChange), ...problems() },
      },
    },
    async (request) => {
      const { limit = 20, cursor } = request.query
      const after = cursors.of(request).decode(cursor)
      const rows = await db.inTenant(request.actor.tenantId, async (tx) => {
        await recordAction(tx, { by: request, action: 'listing_change.list', now: clock() })
        return listListingChanges(tx, { after, limit: limit + 1 })
      })
      const position = ({ changedSince, id }: ProviderRow) => `${changedSince?.toISOString()}/${id}`
      return toPage(rows, limit, cursors.of(request), position, (row) => {
        const { changedSince, listingBefore } = row
        assert(changedSince && listingBefore, 'what waits says since when and what was before')
        return presentListingChange({ ...row, changedSince, listingBefore })
      })
    },
  )

  for (const verb of ['approve', 'reject'] as const) {
    app.post(
      `/operators/providers/:id/changes/${verb}`,
      {
        config: { callers: ['operator'], limit: 'write' },
        schema: {
          operationId: verb === 'approve' ? 'approveListingChange' : 'rejectListingChange',
          tags: ['Providers'],
          summary: verb === 'approve' ? 'Let a change of a listed provider stand' : 'Take such a change back',
          description:
            verb === 'approve'
              ? 'Held addresses go live. Origins that they leave out work on for 24 hours, so that no running session is cut off. Operators only.'
              : 'Its texts are again as they were approved, held addresses are dropped, and the owners read the reason as `reviewNote`. Operators only.',
          params,
          body: Shape({
            updatedAt,
            ...(verb === 'reject' && {
              reason: Type.String({
                minLength: 1,
                maxLength: 500,
                pattern: LINE_PATTERN,
                description: 'For the owners, who read it as `reviewNote`.',
                examples: ['The new page sells something else.'],
              }),
            }),
          }),
          response: { 200: OwnProvider, ...problems('provider_not_found', 'listing_change_gone') },
        },
      },
      async (request) => {
        const { actor, params, body } = request
        const { reason } = body as { reason?: string }
        const now = clock()
        const decision = { id: params.id, actor, updatedAt: new Date(body.updatedAt), now }
        return db.inTenant(actor.tenantId, async (tx) => {
          const before = await getProviderToRead(tx, params.id, actor)
          const after =
            reason === undefined
              ? await approveListingChange(tx, decision)
              : await rejectListingChange(tx, { ...decision, reason })
          await recordAction(tx, {
            by: request,
            action: `listing_change.${verb}`,
            subjectId: params.id,
            before: { ...presentOwnProvider(before), textsBefore: before.listingBefore as ListingTexts },
            after: presentOwnProvider(after),
            ...(reason !== undefined && { reason }),
            now,
          })
          return presentOwnProvider(after)
        })
      },
    )
  }
}
