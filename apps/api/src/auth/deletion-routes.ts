import { Type } from '@fastify/type-provider-typebox'
import type { Deps } from '../deps.ts'
import { userOf } from '../http/authenticate.ts'
import { problems, Shape } from '../http/schema.ts'
import type { App } from '../http/server.ts'
import { checkPassword } from './check-password.ts'
import { deleteAccount } from './delete-account.ts'
import type { Passwords } from './password.ts'
import { CurrentPasswordField } from './user.ts'

export function registerDeletionRoutes(app: App, deps: Deps, passwords: Passwords): void {
  const { db, clock, signedOut } = deps

  app.post(
    '/auth/account/delete',
    {
      config: { callers: ['user'], limit: 'auth' },
      schema: {
        operationId: 'deleteAccount',
        tags: ['Accounts'],
        summary: 'Delete the caller’s account',
        description:
          'Name, address and sign-ins are gone for good; the books keep what was bought and spent under an id that says ' +
          'nobody. Refused while sessions run, providers are owned, something is owed, a payment is on its way, or tokens are ' +
          'left that were not given up.',
        body: Shape({
          currentPassword: CurrentPasswordField,
          forfeitTokens: Type.Optional(
            Type.Integer({
              minimum: 0,
              description: 'How many tokens are given up: exactly those that are left. 0 when not said.',
              examples: [120],
            }),
          ),
        }),
        response: {
          204: Type.Null({ description: 'Deleted.' }),
          ...problems('password_wrong', 'account_in_use'),
        },
      },
    },
    async (request, reply) => {
      const { tenantId, userId } = userOf(request)
      const { currentPassword, forfeitTokens = 0 } = request.body
      const seenHash = await checkPassword({ db, passwords }, { tenantId, userId, password: currentPassword })
      await db.inTenant(tenantId, (tx) =>
        deleteAccount(tx, { tenantId, userId, seenHash, forfeitTokens, now: clock() }),
      )
      signedOut.forget()
      return reply.code(204).send(null)
    },
  )
}
