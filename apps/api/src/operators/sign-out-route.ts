import { Type } from '@fastify/type-provider-typebox'
import { recordAction } from '../audit/record-action.ts'
import { endSignIns } from '../auth/end-sign-ins.ts'
import type { Deps } from '../deps.ts'
import { Id, problems, Shape } from '../http/schema.ts'
import type { App } from '../http/server.ts'
import { LINE_PATTERN } from '../providers/provider.ts'

const SignedOut = Shape(
  {
    endedCount: Type.Integer({ minimum: 0, description: 'Sign-ins that were alive.', examples: [2] }),
  },
  { description: 'What was ended.' },
)

/** For an account that somebody else may be in. */
export function registerSignOutRoute(app: App, { db, clock, signedOut }: Deps): void {
  app.post(
    '/operators/users/:id/sign-out',
    {
      config: { callers: ['operator'] },
      schema: {
        operationId: 'endSignIns',
        tags: ['Operations'],
        summary: 'End all sign-ins of a person',
        description:
          'Refresh tokens and access tokens given out before stop working, the latter within a second on every instance. ' +
          'The person is told by mail and signs in again; whoever knows the password can do so, too, so ask for a reset ' +
          'of it where it may have got out. Running sessions go on. Operators only.',
        params: Shape({ id: Id('usr') }),
        body: Shape({
          reason: Type.String({
            minLength: 1,
            maxLength: 500,
            pattern: LINE_PATTERN,
            description: 'For the audit log.',
            examples: ['The owner reports sign-ins from abroad'],
          }),
        }),
        response: { 200: SignedOut, ...problems('not_found') },
      },
    },
    async (request) => {
      const { tenantId } = request.actor
      const { id: userId } = request.params
      const { reason } = request.body
      const ended = await db.inTenant(tenantId, async (tx) => {
        const now = clock()
        const result = await endSignIns(tx, { tenantId, userId, now })
        await recordAction(tx, {
          by: request,
          action: 'user.sign_out',
          subjectId: userId,
          after: result,
          reason,
          now,
        })
        return result
      })
      signedOut.forget()
      return ended
    },
  )
}
