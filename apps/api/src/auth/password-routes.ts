import { Type } from '@fastify/type-provider-typebox'
import type { Deps } from '../deps.ts'
import { userOf } from '../http/authenticate.ts'
import { NoContent, problems, Shape } from '../http/schema.ts'
import type { App } from '../http/server.ts'
import { enqueueAccountMail } from './account-mail.ts'
import { changePassword, checkResetLink, resetPassword } from './change-password.ts'
import { checkPassword } from './check-password.ts'
import { LINK_TOKEN_CHARACTERS_MAX } from './mailed-link.ts'
import { type Passwords, refuseMalformed } from './password.ts'
import { readEmail } from './read-email.ts'
import { REFRESH_TOKEN_CHARACTERS_MAX } from './refresh-token.ts'
import { CurrentPasswordField, EmailField, PasswordField } from './user.ts'

export const LinkTokenField = Type.String({
  minLength: 1,
  maxLength: LINK_TOKEN_CHARACTERS_MAX,
  description: 'From the link in the mail, behind `token=`.',
  examples: ['tml_0Q3hVv1u8b2mUqkC6l5nN3yq7mX0sPzJwR4tYb9aE1c'],
})

export function registerPasswordRoutes(app: App, deps: Deps, passwords: Passwords): void {
  const { db, clock, signedOut } = deps

  app.post(
    '/auth/password',
    {
      // Guessing the current password is guarded like signing in.
      config: { callers: ['user'], limit: 'auth' },
      schema: {
        operationId: 'changePassword',
        tags: ['Accounts'],
        summary: 'Change the password',
        description:
          'Ends all other sign-ins; the one of `refreshToken` stays. Voids reset links and a change of address that is ' +
          'under way. Access tokens given out before stay good for their 15 minutes.',
        body: Shape({
          currentPassword: CurrentPasswordField,
          newPassword: PasswordField,
          refreshToken: Type.Optional(
            Type.String({
              minLength: 1,
              maxLength: REFRESH_TOKEN_CHARACTERS_MAX,
              description: 'The newest one of the sign-in to keep; without it this one ends as well.',
              examples: ['tmr_0Q3hVv1u8b2mUqkC6l5nN3yq7mX0sPzJwR4tYb9aE1c'],
            }),
          ),
        }),
        response: { 204: Type.Null({ description: 'Changed.' }), ...problems('password_wrong') },
      },
    },
    async (request, reply) => {
      const { tenantId, userId } = userOf(request)
      const { currentPassword, newPassword, refreshToken: keptRefreshToken } = request.body
      refuseMalformed(newPassword, '/newPassword')
      const seenHash = await checkPassword({ db, passwords }, { tenantId, userId, password: currentPassword })
      const passwordHash = await passwords.hash(newPassword)
      const now = clock()
      await db.inTenant(tenantId, (tx) =>
        changePassword(tx, { tenantId, userId, seenHash, passwordHash, keptRefreshToken, now }),
      )
      return reply.code(204).send(null)
    },
  )

  app.post(
    '/auth/password/reset-request',
    {
      // Not as signing in is: a call that always succeeds must not clear the count of wrong guesses.
      config: { callers: ['open'], limit: 'write' },
      schema: {
        operationId: 'requestPasswordReset',
        tags: ['Accounts'],
        summary: 'Have a reset link mailed',
        description:
          'The same answer after the same work, whether or not the address has an account. The link works once, for an ' +
          'hour; at most three are sent to an account in an hour.',
        body: Shape({ email: EmailField }),
        response: {
          202: NoContent('If the address has an account, a link is on its way.'),
          ...problems(),
        },
      },
    },
    async (request, reply) => {
      const { tenantId } = request.actor
      const { normalized: emailNormalized } = readEmail(request.body.email, '/email')
      const requestedAt = clock().toISOString()
      // Whether there is such an account is looked up by the job alone.
      await db.inTenant(tenantId, (tx) =>
        enqueueAccountMail(tx, { kind: 'reset_password', tenantId, emailNormalized, requestedAt }),
      )
      return reply.code(202).send()
    },
  )

  app.post(
    '/auth/password/reset',
    {
      config: { callers: ['open'] },
      schema: {
        operationId: 'resetPassword',
        tags: ['Accounts'],
        summary: 'Choose a new password by a mailed link',
        description:
          'Ends every sign-in of the account, access tokens included, and confirms its address. Sign in afterwards.',
        body: Shape({ token: LinkTokenField, newPassword: PasswordField }),
        response: { 204: Type.Null({ description: 'Changed.' }), ...problems('link_invalid') },
      },
    },
    async (request, reply) => {
      const { tenantId } = request.actor
      const { token, newPassword } = request.body
      refuseMalformed(newPassword, '/newPassword')
      // A stranger's guess costs a look, not a hash.
      await db.inTenant(tenantId, (tx) => checkResetLink(tx, { token, now: clock() }))
      const passwordHash = await passwords.hash(newPassword)
      const now = clock()
      await db.inTenant(tenantId, (tx) => resetPassword(tx, { tenantId, token, passwordHash, now }))
      signedOut.forget()
      return reply.code(204).send(null)
    },
  )
}
