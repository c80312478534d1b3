import { Type } from '@fastify/type-provider-typebox'
import type { Acting } from '../audit/audit-entry.ts'
import { recordAction } from '../audit/record-action.ts'
import type { Tx } from '../db.ts'
import type { Deps } from '../deps.ts'
import { Problem } from '../errors.ts'
import { toPage } from '../http/paging.ts'
import { Id, Instant, Nullable, Page, PageQuery, problems, Shape } from '../http/schema.ts'
import type { App } from '../http/server.ts'
import { getProviderToChange, getProviderToRead } from '../providers/get-provider.ts'
import { DELIVERIES_KEPT_DAYS, Delivery, DeliveryStatus, presentDelivery, REPLAY_MAX } from './delivery.ts'
import { getEndpoint } from './get-endpoint.ts'
import { listDeliveries } from './list-deliveries.ts'
import { replayFailed, replayRange } from './replay-deliveries.ts'
import { getDelivery, replayDelivery } from './replay-delivery.ts'
import { sendTestEvent } from './send-test-event.ts'

const PATH = '/providers/:id/webhook-endpoints/:endpointId'
const params = Shape({ id: Id('prv', 'The provider.'), endpointId: Id('whe', 'The endpoint.') })
const deliveryParams = Shape({
  id: Id('prv', 'The provider.'),
  endpointId: Id('whe', 'The endpoint.'),
  deliveryId: Id('dlv', 'The delivery.'),
})
const callers = { callers: ['user', 'key'], scope: 'webhooks:write' } as const
const MISSING = ['provider_not_found', 'webhook_endpoint_not_found'] as const
const REPLAY_DAYS_MAX = 31

/** What was sent to an endpoint, and sending it again. */
export function registerDeliveryRoutes(app: App, deps: Deps): void {
  const { db, clock, edge, cursors } = deps

  /** For what sends something: the provider locked, the endpoint the caller's and enabled, the action on record. */
  async function getEnabled(
    tx: Tx,
    request: Exclude<Acting, { command: string }> & {
      params: { id: string; endpointId: string; deliveryId?: string }
      body?: unknown
    },
    action: string,
  ) {
    const { actor, params, body } = request
    await getProviderToChange(tx, params.id, actor)
    const endpoint = await getEndpoint(tx, { providerId: params.id, id: params.endpointId })
    if (endpoint.status === 'disabled') throw new Problem('webhook_endpoint_disabled')
    await recordAction(tx, {
      by: request,
      action,
      subjectId: params.deliveryId ?? params.endpointId,
      after: { providerId: params.id, ...(body ?? {}) },
      now: clock(),
    })
    return endpoint
  }

  app.get(
    `${PATH}/deliveries`,
    {
      config: { ...callers, limit: 'read' },
      schema: {
        operationId: 'listWebhookDeliveries',
        tags: ['Webhooks'],
        summary: 'What was sent to an endpoint, and how it went',
        description: `Newest first, with each attempt's status, latency and the first kilobyte of the answer. Kept for ${DELIVERIES_KEPT_DAYS} days.`,
        params,
        querystring: Shape({ status: Type.Optional(DeliveryStatus), ...PageQuery }),
        response: { 200: Page(Delivery), ...problems(...MISSING) },
      },
    },
    async (request) => {
      const { actor, params, query } = request
      const { limit = 20, cursor, status } = query
      const before = cursors.of(request).decode(cursor)
      const rows = await db.inTenant(actor.tenantId, async (tx) => {
        await getProviderToRead(tx, params.id, actor)
        const { id: endpointId } = await getEndpoint(tx, { providerId: params.id, id: params.endpointId })
        return listDeliveries(tx, { endpointId, status, before, limit: limit + 1 })
      })
      return toPage(rows, limit, cursors.of(request), ({ id }) => id, presentDelivery)
    },
  )

  app.get(
    `${PATH}/deliveries/:deliveryId`,
    {
      config: { ...callers, limit: 'read' },
      schema: {
        operationId: 'getWebhookDelivery',
        tags: ['Webhooks'],
        summary: 'One delivery',
        description: 'With its payload and its latest attempts.',
        params: deliveryParams,
        response: { 200: Delivery, ...problems(...MISSING, 'webhook_delivery_not_found') },
      },
    },
    async ({ actor, params }) => {
      const row = await db.inTenant(actor.tenantId, async (tx) => {
        await getProviderToRead(tx, params.id, actor)
        const { id: endpointId } = await getEndpoint(tx, { providerId: params.id, id: params.endpointId })
        return getDelivery(tx, { endpointId, id: params.deliveryId })
      })
      return presentDelivery(row)
    },
  )

  app.post(
    `${PATH}/deliveries/:deliveryId/replay`,
    {
      config: { ...callers, limit: 'write', isIdempotent: true },
      schema: {
        operationId: 'replayWebhookDelivery',
        tags: ['Webhooks'],
        summary: 'Send one delivery again',
        description: 'Whatever became of it. The same `webhook-id`, the whole schedule of attempts again.',
        params: deliveryParams,
        response: {
          202: Delivery,
          ...problems(...MISSING, 'webhook_delivery_not_found', 'webhook_endpoint_disabled'),
        },
      },
    },
    (request, reply) =>
      edge.once(request, reply, 202, async (tx) => {
        const { id: endpointId } = await getEnabled(tx, request, 'webhook_delivery.replay')
        return presentDelivery(
          await replayDelivery(tx, { endpointId, id: request.params.deliveryId, now: clock() }),
        )
      }) as never,
  )

  app.post(
    `${PATH}/replay`,
    {
      config: { ...callers, limit: 'write', isIdempotent: true },
      schema: {
        operationId: 'replayWebhookDeliveries',
        tags: ['Webhooks'],
        summary: 'Send many again: what failed, or all of a range',
        description:
          `\`failed\`: what was given up. \`all\`: every event of the range that the endpoint asks for, also those it was never sent. ` +
          `${REPLAY_MAX} at most in one call: while \`hasMore\`, call again, for \`all\` with \`lastEventId\` as \`after\`.`,
        params,
        body: Shape({
          which: Type.Enum(['failed', 'all'], {
            description: 'Only what failed for good, or everything.',
            examples: ['failed'],
          }),
          from: Instant('Events from this instant on.', '2026-11-22T09:30:00.000Z'),
          to: Instant(`Events before this instant; at most ${REPLAY_DAYS_MAX} days after \`from\`.`),
          after: Type.Optional(Id('evt', '`lastEventId` of the call before, with `all`.')),
        }),
        response: {
          202: Shape({
            queued: Type.Integer({ description: 'How many will be sent.', examples: [17] }),
            hasMore: Type.Boolean({ description: 'Whether to call again.', examples: [false] }),
            lastEventId: Nullable(Id('evt', 'The last event of this call; null for none.')),
          }),
          ...problems(...MISSING, 'webhook_endpoint_disabled'),
        },
      },
    },
    (request, reply) => {
      const { which, after, ...range } = request.body
      const [from, to] = [new Date(range.from), new Date(range.to)]
      const lengthMs = to.getTime() - from.getTime()
      if (!(lengthMs > 0 && lengthMs <= REPLAY_DAYS_MAX * 86_400_000)) {
        const message = `must be after from, by at most ${REPLAY_DAYS_MAX} days`
        throw new Problem('validation_failed', { errors: [{ path: '/to', message }] })
      }
      return edge.once(request, reply, 202, async (tx) => {
        const { id: endpointId } = await getEnabled(tx, request, 'webhook_endpoint.replay')
        const replay = { endpointId, from, to, now: clock() }
        const { queued, lastEventId } =
          which === 'failed'
            ? await replayFailed(tx, replay)
            : await replayRange(tx, { ...replay, providerId: request.params.id, after })
        return { queued, hasMore: queued === REPLAY_MAX, lastEventId }
      }) as never
    },
  )

  app.post(
    `${PATH}/test`,
    {
      config: { ...callers, limit: 'write', isIdempotent: true },
      schema: {
        operationId: 'sendWebhookTestEvent',
        tags: ['Webhooks'],
        summary: 'Send a test event',
        description:
          'A `webhook.test`, signed like every other and sent to this endpoint alone, whatever events it asked for. Its delivery tells how it went.',
        params,
        response: { 202: Delivery, ...problems(...MISSING, 'webhook_endpoint_disabled') },
      },
    },
    (request, reply) =>
      edge.once(request, reply, 202, async (tx) => {
        const { id: endpointId } = await getEnabled(tx, request, 'webhook_endpoint.test')
        return presentDelivery(
          await sendTestEvent(tx, { providerId: request.params.id, endpointId, now: clock() }),
        )
      }) as never,
  )
}
