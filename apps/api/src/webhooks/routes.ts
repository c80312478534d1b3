/**
 * A provider's webhook endpoints: for its owner signed in, and for its own API keys that may manage them.
 *
 * @module
 */
import { Type } from '@fastify/type-provider-typebox'
import { recordAction } from '../audit/record-action.ts'
import type { Deps } from '../deps.ts'
import { Problem } from '../errors.ts'
import { toPage } from '../http/paging.ts'
import { Id, Page, PageQuery, problems, Shape } from '../http/schema.ts'
import type { App } from '../http/server.ts'
import { findWrongInUrl } from '../outgoing.ts'
import { getProviderToChange, getProviderToRead } from '../providers/get-provider.ts'
import { changeEndpoint } from './change-endpoint.ts'
import { createEndpoint } from './create-endpoint.ts'
import { registerDeliveryRoutes } from './delivery-routes.ts'
import {
  ENDPOINTS_PER_PROVIDER_MAX,
  Endpoint,
  EndpointChange,
  IssuedEndpoint,
  NewEndpoint,
  presentEndpoint,
  SECRET_OVERLAP_HOURS,
  SECRET_OVERLAP_HOURS_MAX,
} from './endpoint.ts'
import { getEndpoint, listEndpoints } from './get-endpoint.ts'
import { removeEndpoint } from './remove-endpoint.ts'
import { rotateSecret } from './rotate-secret.ts'

const ENDPOINTS_PATH = '/providers/:id/webhook-endpoints'
const ProviderParams = Shape({ id: Id('prv', 'The provider.') })
const EndpointParams = Shape({ id: Id('prv', 'The provider.'), endpointId: Id('whe', 'The endpoint.') })
const callers = { callers: ['user', 'key'], scope: 'webhooks:write' } as const
const MISSING = ['provider_not_found', 'webhook_endpoint_not_found'] as const

export function registerWebhookEndpointRoutes(app: App, deps: Deps): void {
  const { db, clock, edge, cursors, config } = deps
  const { keyEncryptionKey } = config

  function checkUrl(url: string | undefined): void {
    const wrong = url === undefined ? undefined : findWrongInUrl(url, config)
    if (wrong) throw new Problem('validation_failed', { errors: [{ path: '/url', message: wrong }] })
  }

  app.post(
    ENDPOINTS_PATH,
    {
      config: { ...callers, limit: 'write', isIdempotent: true },
      schema: {
        operationId: 'createWebhookEndpoint',
        tags: ['Webhooks'],
        summary: 'Be told what happens',
        description:
          'From now on the chosen events are sent to the address, signed as Standard Webhooks. The secret is shown this once. ' +
          `At most ${ENDPOINTS_PER_PROVIDER_MAX} per provider.`,
        params: ProviderParams,
        body: NewEndpoint,
        response: { 201: IssuedEndpoint, ...problems('provider_not_found', 'limit_reached') },
      },
    },
    (request, reply) => {
      const { actor, params, body: endpoint } = request
      checkUrl(endpoint.url)
      return edge.once(request, reply, 201, async (tx) => {
        await getProviderToChange(tx, params.id, actor)
        const now = clock()
        const created = await createEndpoint(tx, { providerId: params.id, endpoint, keyEncryptionKey, now })
        const after = { providerId: params.id, ...created }
        await recordAction(tx, {
          by: request,
          action: 'webhook_endpoint.create',
          subjectId: created.id,
          after,
          now,
        })
        return created
      }) as never
    },
  )

  app.get(
    ENDPOINTS_PATH,
    {
      config: { ...callers, limit: 'read' },
      schema: {
        operationId: 'listWebhookEndpoints',
        tags: ['Webhooks'],
        summary: 'A provider’s webhook endpoints',
        description: 'Without their secrets, disabled ones included, newest first.',
        params: ProviderParams,
        querystring: Shape(PageQuery),
        response: { 200: Page(Endpoint), ...problems('provider_not_found') },
      },
    },
    async (request) => {
      const { actor, params, query } = request
      const { limit = 20, cursor } = query
      const before = cursors.of(request).decode(cursor)
      const now = clock()
      const rows = await db.inTenant(actor.tenantId, async (tx) => {
        await getProviderToRead(tx, params.id, actor)
        return listEndpoints(tx, { providerId: params.id, before, limit: limit + 1 })
      })
      return toPage(
        rows,
        limit,
        cursors.of(request),
        ({ id }) => id,
        (row) => presentEndpoint(row, now),
      )
    },
  )

  app.get(
    `${ENDPOINTS_PATH}/:endpointId`,
    {
      config: { ...callers, limit: 'read' },
      schema: {
        operationId: 'getWebhookEndpoint',
        tags: ['Webhooks'],
        summary: 'One webhook endpoint',
        description: 'Without its secret; says since when it fails and why it was disabled.',
        params: EndpointParams,
        response: { 200: Endpoint, ...problems(...MISSING) },
      },
    },
    async ({ actor, params }) => {
      const row = await db.inTenant(actor.tenantId, async (tx) => {
        await getProviderToRead(tx, params.id, actor)
        return getEndpoint(tx, { providerId: params.id, id: params.endpointId })
      })
      return presentEndpoint(row, clock())
    },
  )

  app.patch(
    `${ENDPOINTS_PATH}/:endpointId`,
    {
      config: { ...callers, limit: 'write' },
      schema: {
        operationId: 'changeWebhookEndpoint',
        tags: ['Webhooks'],
        summary: 'Change a webhook endpoint, disable or enable it',
        description:
          'What is not sent stays as it is. While disabled nothing is sent and no event is kept for it; a replay of the range makes up for that.',
        params: EndpointParams,
        body: EndpointChange,
        response: { 200: Endpoint, ...problems(...MISSING) },
      },
    },
    async (request) => {
      const { actor, params, body: change } = request
      checkUrl(change.url)
      const now = clock()
      const row = await db.inTenant(actor.tenantId, async (tx) => {
        await getProviderToChange(tx, params.id, actor)
        const which = { providerId: params.id, id: params.endpointId }
        const before = presentEndpoint(await getEndpoint(tx, which), now)
        const changed = await changeEndpoint(tx, { ...which, change, keyEncryptionKey, now })
        await recordAction(tx, {
          by: request,
          action: 'webhook_endpoint.change',
          subjectId: which.id,
          before,
          after: presentEndpoint(changed, now),
          now,
        })
        return changed
      })
      return presentEndpoint(row, now)
    },
  )

  app.delete(
    `${ENDPOINTS_PATH}/:endpointId`,
    {
      config: { ...callers, limit: 'write' },
      schema: {
        operationId: 'removeWebhookEndpoint',
        tags: ['Webhooks'],
        summary: 'Delete a webhook endpoint',
        description: 'Nothing more is sent to it, and its log is gone.',
        params: EndpointParams,
        response: { 204: Type.Null({ description: 'It is gone.' }), ...problems(...MISSING) },
      },
    },
    async (request, reply) => {
      const { actor, params } = request
      await db.inTenant(actor.tenantId, async (tx) => {
        const now = clock()
        await getProviderToChange(tx, params.id, actor)
        const which = { providerId: params.id, id: params.endpointId }
        const before = presentEndpoint(await getEndpoint(tx, which), now)
        await removeEndpoint(tx, { ...which, now })
        await recordAction(tx, {
          by: request,
          action: 'webhook_endpoint.remove',
          subjectId: which.id,
          before,
          now,
        })
      })
      return reply.code(204).send(null)
    },
  )

  app.post(
    `${ENDPOINTS_PATH}/:endpointId/rotate-secret`,
    {
      config: { ...callers, limit: 'write', isIdempotent: true },
      schema: {
        operationId: 'rotateWebhookSecret',
        tags: ['Webhooks'],
        summary: 'Replace the secret of a webhook endpoint',
        description:
          'Every webhook is signed with both secrets until the overlap is over; a receiver accepts whichever signature it can verify. An ed25519 key is replaced, too.',
        params: EndpointParams,
        body: Shape({
          overlapHours: Type.Optional(
            Type.Integer({
              minimum: 0,
              maximum: SECRET_OVERLAP_HOURS_MAX,
              description: `How long the old secret signs, too; ${SECRET_OVERLAP_HOURS} when not said.`,
              examples: [SECRET_OVERLAP_HOURS],
            }),
          ),
        }),
        response: { 201: IssuedEndpoint, ...problems(...MISSING) },
      },
    },
    (request, reply) => {
      const { actor, params, body } = request
      const { overlapHours = SECRET_OVERLAP_HOURS } = body
      return edge.once(request, reply, 201, async (tx) => {
        await getProviderToChange(tx, params.id, actor)
        const which = { providerId: params.id, id: params.endpointId }
        const now = clock()
        const rotated = await rotateSecret(tx, { ...which, overlapHours, keyEncryptionKey, now })
        await recordAction(tx, {
          by: request,
          action: 'webhook_endpoint.rotate',
          subjectId: which.id,
          after: { providerId: params.id, overlapHours },
          now,
        })
        return rotated
      }) as never
    },
  )

  registerDeliveryRoutes(app, deps)
}
