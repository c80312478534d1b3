import { Type } from '@fastify/type-provider-typebox'
import { recordAction } from '../audit/record-action.ts'
import type { Deps } from '../deps.ts'
import { toPage } from '../http/paging.ts'
import { Id, Page, PageQuery, problems, Shape } from '../http/schema.ts'
import type { App } from '../http/server.ts'
import {
  API_KEYS_PER_PROVIDER_MAX,
  ApiKey,
  IssuedApiKey,
  NewApiKey,
  presentApiKey,
  ROTATION_OVERLAP_HOURS,
  ROTATION_OVERLAP_HOURS_MAX,
} from './api-key.ts'
import { getProviderToChange, getProviderToRead } from './get-provider.ts'
import { issueApiKey, rotateApiKey } from './issue-api-key.ts'
import { listApiKeys } from './list-api-keys.ts'
import { revokeApiKey } from './revoke-api-key.ts'

/** A provider's API keys, managed by its developers and owners, and by keys that were given the scope for it. */
export function registerApiKeyRoutes(app: App, deps: Deps): void {
  const { db, clock, edge, cursors } = deps
  const params = Shape({ id: Id('prv', 'The provider.') })
  const keyParams = Shape({ id: Id('prv', 'The provider.'), keyId: Id('key', 'The key.') })

  app.post(
    '/providers/:id/api-keys',
    {
      config: { callers: ['user', 'key'], scope: 'keys:write' },
      schema: {
        operationId: 'issueApiKey',
        tags: ['Providers'],
        summary: 'Make an API key',
        description:
          `For the provider’s server, at most ${API_KEYS_PER_PROVIDER_MAX} that work. ` +
          'The secret is shown this once. A key with `keys:write` makes keys of its own mode and with scopes that it has itself; revoking it leaves those at work.',
        params,
        body: NewApiKey,
        response: { 201: IssuedApiKey, ...problems('provider_not_found', 'forbidden', 'limit_reached') },
      },
    },
    (request, reply) => {
      const { actor, params } = request
      const { id } = params
      return edge.once(request, reply, 201, async (tx) => {
        await getProviderToChange(tx, id, actor)
        const now = clock()
        const issued = await issueApiKey(tx, {
          providerId: id,
          by: actor,
          key: request.body,
          now,
        })
        await recordAction(tx, {
          by: request,
          action: 'api_key.issue',
          subjectId: issued.id,
          after: { providerId: id, ...issued },
          now,
        })
        return issued
      }) as never
    },
  )

  app.get(
    '/providers/:id/api-keys',
    {
      config: { callers: ['user', 'key'], scope: 'keys:write' },
      schema: {
        operationId: 'listApiKeys',
        tags: ['Providers'],
        summary: 'A provider’s API keys',
        description: 'Without their secrets; revoked ones included, newest first.',
        params,
        querystring: Shape(PageQuery),
        response: { 200: Page(ApiKey), ...problems('provider_not_found', 'forbidden') },
      },
    },
    async (request) => {
      const { actor, params, query } = request
      const { limit = 20, cursor } = query
      const after = cursors.of(request).decode(cursor)
      const rows = await db.inTenant(actor.tenantId, async (tx) => {
        await getProviderToRead(tx, params.id, actor)
        return listApiKeys(tx, { providerId: params.id, after, limit })
      })
      return toPage(rows, limit, cursors.of(request), ({ id }) => id, presentApiKey)
    },
  )

  app.post(
    '/providers/:id/api-keys/:keyId/rotate',
    {
      config: { callers: ['user', 'key'], scope: 'keys:write' },
      schema: {
        operationId: 'rotateApiKey',
        tags: ['Providers'],
        summary: 'Replace an API key',
        description:
          'A new secret with the same name, scopes and mode; the old one works on for the overlap, then never again. ' +
          `Meanwhile both count: at most ${API_KEYS_PER_PROVIDER_MAX} keys of a provider work.`,
        params: keyParams,
        body: Shape({
          overlapHours: Type.Optional(
            Type.Integer({
              minimum: 0,
              maximum: ROTATION_OVERLAP_HOURS_MAX,
              description: `How long the old secret works on; ${ROTATION_OVERLAP_HOURS} when not said.`,
              examples: [ROTATION_OVERLAP_HOURS],
            }),
          ),
        }),
        response: {
          201: IssuedApiKey,
          ...problems('provider_not_found', 'forbidden', 'api_key_not_found', 'limit_reached'),
        },
      },
    },
    (request, reply) => {
      const { actor, params } = request
      const { id, keyId } = params
      const { overlapHours = ROTATION_OVERLAP_HOURS } = request.body
      return edge.once(request, reply, 201, async (tx) => {
        await getProviderToChange(tx, id, actor)
        const now = clock()
        const issued = await rotateApiKey(tx, {
          providerId: id,
          id: keyId,
          overlapHours,
          by: actor,
          now,
        })
        await recordAction(tx, {
          by: request,
          action: 'api_key.rotate',
          subjectId: keyId,
          after: { providerId: id, replacedById: issued.id, overlapHours },
          now,
        })
        return issued
      }) as never
    },
  )

  app.delete(
    '/providers/:id/api-keys/:keyId',
    {
      config: { callers: ['user', 'key'], scope: 'keys:write' },
      schema: {
        operationId: 'revokeApiKey',
        tags: ['Providers'],
        summary: 'Revoke an API key',
        description: 'At once, on every instance. Repeating it changes nothing.',
        params: keyParams,
        response: {
          204: Type.Null({ description: 'It works no more.' }),
          ...problems('provider_not_found', 'forbidden', 'api_key_not_found'),
        },
      },
    },
    async (request, reply) => {
      const { actor, params } = request
      await db.inTenant(actor.tenantId, async (tx) => {
        await getProviderToChange(tx, params.id, actor)
        const now = clock()
        await revokeApiKey(tx, { providerId: params.id, id: params.keyId, by: actor, now })
        await recordAction(tx, {
          by: request,
          action: 'api_key.revoke',
          subjectId: params.keyId,
          after: { providerId: params.id },
          now,
        })
      })
      return reply.code(204).send(null)
    },
  )
}
