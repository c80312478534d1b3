import { Type } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { recordAction } from '../audit/record-action.ts'
import type { Deps } from '../deps.ts'
import { userOf } from '../http/authenticate.ts'
import { addressOf } from '../http/caller-address.ts'
import { NotModified, sendWithEtag } from '../http/etag.ts'
import { toPage } from '../http/paging.ts'
import { Id, Page, PageQuery, problems, Shape } from '../http/schema.ts'
import type { App } from '../http/server.ts'
import { changeProvider } from './change-provider.ts'
import { checkAddresses } from './check-addresses.ts'
import { createProvider } from './create-provider.ts'
import { getListedProvider, getProviderToChange } from './get-provider.ts'
import { registerApiKeyRoutes } from './key-routes.ts'
import { listOwnProviders, listProviders } from './list-providers.ts'
import {
  categoryFilter,
  LINE_PATTERN,
  ListedProvider,
  NewProvider,
  OwnProvider,
  PROVIDERS_PER_OWNER_MAX,
  ProviderChange,
  type ProviderRow,
  presentListedProvider,
  presentOwnProvider,
  presentTeamProvider,
  TeamProvider,
} from './provider.ts'
import type { Suspending } from './review-provider.ts'
import { registerReviewRoutes } from './review-routes.ts'

/** What other domains bring, wired where both are known. */
export interface ProviderSeams extends Suspending {
  /** Counts a look at a listed provider. Neither throws nor waits. */
  onListingSeen: (look: {
    tenantId: string
    providerId: string
    address: string
    headers: FastifyRequest['headers']
  }) => void
}

const positionOf = ({ id }: ProviderRow) => id

export function registerProviderRoutes(app: App, deps: Deps, seams: ProviderSeams): void {
  const { db, clock, config, edge, cursors } = deps
  const isReviewed = config.providerReview === 'manual'

  app.get(
    '/providers',
    {
      config: { callers: ['open'] },
      schema: {
        operationId: 'listProviders',
        tags: ['Providers'],
        summary: 'Browse and search the catalogue',
        description:
          'Listed providers, newest first. Search asks every word to stand in name, category or description.',
        querystring: Shape({
          q: Type.Optional(
            Type.String({
              maxLength: 200,
              pattern: LINE_PATTERN,
              description: 'Words to look for, in any case.',
              examples: ['focus timer'],
            }),
          ),
          category: Type.Optional(categoryFilter),
          ...PageQuery,
        }),
        response: { 200: Page(ListedProvider), 304: NotModified, ...problems() },
      },
    },
    async (request, reply) => {
      const { limit = 20, cursor, ...filter } = request.query
      const after = cursors.of(request).decode(cursor)
      const rows = await db.inTenant(request.actor.tenantId, (tx) =>
        listProviders(tx, { ...filter, after, limit }),
      )
      const page = toPage(rows, limit, cursors.of(request), positionOf, presentListedProvider)
      return sendWithEtag(request, reply, page)
    },
  )

  app.get(
    '/providers/mine',
    {
      config: { callers: ['user', 'key'], scope: 'providers:write' },
      schema: {
        operationId: 'listOwnProviders',
        tags: ['Providers'],
        summary: 'The caller’s own providers',
        description:
          'All that the caller is on the team of, and as what: drafts, providers in review and suspended ones included, newest first. For an API key: the one it was made for.',
        querystring: Shape(PageQuery),
        response: { 200: Page(TeamProvider), ...problems() },
      },
    },
    async (request) => {
      const { actor, query } = request
      const { limit = 20, cursor } = query
      const after = cursors.of(request).decode(cursor)
      const rows = await db.inTenant(actor.tenantId, (tx) => listOwnProviders(tx, { actor, after, limit }))
      return toPage(rows, limit, cursors.of(request), positionOf, presentTeamProvider)
    },
  )

  app.get(
    '/providers/:id',
    {
      config: { callers: ['open'] },
      schema: {
        operationId: 'getProvider',
        tags: ['Providers'],
        summary: 'One listed provider',
        description: 'What is not listed does not exist here; owners read theirs from GET /providers/mine.',
        params: Shape({ id: Id('prv') }),
        response: { 200: ListedProvider, 304: NotModified, ...problems('provider_not_found') },
      },
    },
    async (request, reply) => {
      const { actor, params } = request
      const { tenantId } = actor
      const row = await db.inTenant(tenantId, (tx) => getListedProvider(tx, params.id))
      // HEAD comes here, too, and shows nobody anything.
      if (request.method === 'GET')
        seams.onListingSeen({
          tenantId,
          providerId: row.id,
          address: addressOf(request),
          headers: request.headers,
        })
      return sendWithEtag(request, reply, presentListedProvider(row))
    },
  )

  app.post(
    '/providers',
    {
      config: { callers: ['user'] },
      schema: {
        operationId: 'createProvider',
        tags: ['Providers'],
        summary: 'Register a provider',
        description:
          `The caller becomes its owner; an account has at most ${PROVIDERS_PER_OWNER_MAX}. ` +
          'Listed at once, or a `draft` where an operator reviews: then PATCH `status` to `in_review`.',
        body: NewProvider,
        response: { 201: OwnProvider, ...problems('limit_reached') },
      },
    },
    (request, reply) => {
      const { userId } = userOf(request)
      checkAddresses(request.body, config)
      return edge.once(request, reply, 201, async (tx) => {
        const now = clock()
        const created = await createProvider(tx, { ownerId: userId, provider: request.body, isReviewed, now })
        const provider = presentOwnProvider(created)
        await recordAction(tx, {
          by: request,
          action: 'provider.create',
          subjectId: provider.id,
          after: provider,
          now,
        })
        return provider
      }) as never
    },
  )

  app.patch(
    '/providers/:id',
    {
      config: { callers: ['user', 'key'], scope: 'providers:write' },
      schema: {
        operationId: 'changeProvider',
        tags: ['Providers'],
        summary: 'Change a provider, or ask for its listing',
        description:
          'What is not sent stays as it is. A new price applies to new sessions; running ones keep theirs. Where nobody reviews, `in_review` lists at once; where operators do, addresses of new hosts of what is listed wait for them as `heldAddresses`, and other changes are live and looked at afterwards.',
        params: Shape({ id: Id('prv') }),
        body: ProviderChange,
        response: { 200: OwnProvider, ...problems('provider_not_found', 'provider_status_invalid') },
      },
    },
    async (request) => {
      const { actor, body, params } = request
      checkAddresses(body, config)
      const now = clock()
      return db.inTenant(actor.tenantId, async (tx) => {
        const before = presentOwnProvider(await getProviderToChange(tx, params.id, actor))
        const after = presentOwnProvider(
          await changeProvider(tx, { id: params.id, actor, change: body, isReviewed, now }),
        )
        await recordAction(tx, {
          by: request,
          action: 'provider.change',
          subjectId: params.id,
          before,
          after,
          now,
        })
        return after
      })
    },
  )

  registerReviewRoutes(app, deps, seams)
  registerApiKeyRoutes(app, deps)
}
