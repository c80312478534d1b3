import { Type } from '@fastify/type-provider-typebox'
import { recordAction } from '../audit/record-action.ts'
import type { Deps } from '../deps.ts'
import { Id, problems, Shape } from '../http/schema.ts'
import type { App } from '../http/server.ts'
import { createTestSession } from './create-test-session.ts'
import { Launched } from './launch.ts'
import { presentSession, SESSION_MINUTES_MAX } from './session.ts'

const TEST_MINUTES = 15

/** How a provider tries its app before anybody has approved it. */
export function registerTestSessionRoutes(app: App, { clock, config, edge, keys }: Deps): void {
  app.post(
    '/providers/:id/test-sessions',
    {
      config: { callers: ['user', 'key'], scope: 'sessions:write' },
      schema: {
        operationId: 'createTestSession',
        tags: ['Sessions'],
        summary: 'Open a session that costs nothing',
        description:
          'For the provider’s developers and owners, or a `test` key: works before the provider is listed, at a price of 0, with the same ' +
          'launch, rules of time and webhooks as a paid session. Origins are checked as ever.',
        params: Shape({ id: Id('prv', 'The provider.') }),
        body: Shape({
          durationMinutes: Type.Optional(
            Type.Integer({
              minimum: 1,
              maximum: SESSION_MINUTES_MAX,
              description: `How long at most; ${TEST_MINUTES} when not said.`,
              examples: [TEST_MINUTES],
            }),
          ),
        }),
        response: {
          201: Launched,
          ...problems('provider_not_found', 'provider_status_invalid', 'forbidden'),
        },
      },
    },
    async (request, reply) => {
      const { actor } = request
      const { durationMinutes = TEST_MINUTES } = request.body
      const now = clock()
      return edge.once(request, reply, 201, async (tx) => {
        const { session, ...launch } = await createTestSession(tx, {
          tenantId: actor.tenantId,
          actor,
          providerId: request.params.id,
          durationMinutes,
          keys,
          now,
        })
        await recordAction(tx, {
          by: request,
          action: 'session.create_test',
          subjectId: session.id,
          after: { providerId: request.params.id, durationMinutes },
          now,
        })
        return { session: presentSession(session, now, config.marketplaceUrl), ...launch }
      })
    },
  )
}
