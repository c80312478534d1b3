import { Type } from '@fastify/type-provider-typebox'
import type { Deps } from '../deps.ts'
import { userOf } from '../http/authenticate.ts'
import { NoContent, Nullable, problems, Shape } from '../http/schema.ts'
import type { App } from '../http/server.ts'
import { enqueueAccountMail } from './account-mail.ts'
import { changeEmail, getEmailStatus, verifyEmail } from './change-email.ts'
import { checkPassword } from './check-password.ts'
import type { Passwords } from './password.ts'
import { LinkTokenField } from './password-routes.ts'
import { readEmail } from './read-email.ts'
import { CurrentPasswordField, EmailField } from './user.ts'

const EmailStatus = Shape(
  {
    email: Type.String({ description: 'The account’s address.', examples: ['ada@example.com'] }),
    emailVerified: Type.Boolean({
      description: 'Whether a link sent there was opened. Payouts wait for it, and nothing else does.',
      examples: [true],
    }),
    pendingEmail: Nullable(
      Type.String({
        description: 'The address asked for, until its link is opened.',
        examples: ['ada.l@example.com'],
      }),
    ),
  },
  { description: 'An account’s e-mail address and how far it is proven.' },
)

export function registerEmailRoutes(app: App, deps: Deps, passwords: Passwords): void {
  const { db, clock } = deps

  app.get(
    '/auth/email',
    {
      config: { callers: ['user'] },
      schema: {
        operationId: 'getEmail',
        tags: ['Accounts'],
        summary: 'The caller’s e-mail address',
        description: 'Whether it is verified, and which other one was asked for.',
        response: { 200: EmailStatus, ...problems() },
      },
    },
    async (request) => {
      const { tenantId, userId } = userOf(request)
      return db.inTenant(tenantId, (tx) => getEmailStatus(tx, userId))
    },
  )

  app.post(
    '/auth/email',
    {
      config: { callers: ['user'], limit: 'auth' },
      schema: {
        operationId: 'changeEmail',
        tags: ['Accounts'],
        summary: 'Ask for another e-mail address',
        description:
          'A link goes to the new address and a notice to the old one. The account keeps the old one until the link is ' +
          'opened; asking again replaces what was asked for before.',
        body: Shape({ currentPassword: CurrentPasswordField, newEmail: EmailField }),
        response: { 200: EmailStatus, ...problems('password_wrong', 'email_taken') },
      },
    },
    async (request) => {
      const { tenantId, userId } = userOf(request)
      const { currentPassword, newEmail } = request.body
      const email = readEmail(newEmail, '/newEmail')
      const seenHash = await checkPassword({ db, passwords }, { tenantId, userId, password: currentPassword })
      return db.inTenant(tenantId, (tx) => changeEmail(tx, { tenantId, userId, seenHash, email }))
    },
  )

  app.post(
    '/auth/email/verify',
    {
      config: { callers: ['open'] },
      schema: {
        operationId: 'verifyEmail',
        tags: ['Accounts'],
        summary: 'Open a link that confirms an address',
        description:
          'Anybody who holds the token may: it was sent to that address and nowhere else. Where another address was ' +
          'asked for, it becomes the account’s now.',
        body: Shape({ token: LinkTokenField }),
        response: { 200: EmailStatus, ...problems('link_invalid', 'email_taken') },
      },
    },
    async (request) => {
      const { tenantId } = request.actor
      const { token } = request.body
      return db.inTenant(tenantId, (tx) => verifyEmail(tx, { token, now: clock() }))
    },
  )

  app.post(
    '/auth/email/resend',
    {
      config: { callers: ['user'] },
      schema: {
        operationId: 'resendVerification',
        tags: ['Accounts'],
        summary: 'Have the confirming link mailed again',
        description:
          'To the address asked for, else to the account’s. Nothing is sent where nothing is left to confirm, nor more ' +
          'than three an hour.',
        response: { 202: NoContent('A link is on its way.'), ...problems() },
      },
    },
    async (request, reply) => {
      const { tenantId, userId } = userOf(request)
      await db.inTenant(tenantId, (tx) => enqueueAccountMail(tx, { kind: 'verify_email', tenantId, userId }))
      return reply.code(202).send()
    },
  )
}
