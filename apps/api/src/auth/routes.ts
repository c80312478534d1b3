import { type Static, Type } from '@fastify/type-provider-typebox'
import type { Deps } from '../deps.ts'
import { EMAIL_CHARACTERS_MAX, normalizeEmail } from '../email.ts'
import { Problem } from '../errors.ts'
import { userOf } from '../http/authenticate.ts'
import { Nullable, problems, Shape } from '../http/schema.ts'
import type { App } from '../http/server.ts'
import { enqueueAccountMail } from './account-mail.ts'
import { changeProfile } from './change-profile.ts'
import { createUser } from './create-user.ts'
import { registerDeletionRoutes } from './deletion-routes.ts'
import { registerEmailRoutes } from './email-routes.ts'
import { findUserByEmail } from './find-user-by-email.ts'
import { getProfile } from './get-profile.ts'
import { ACCESS_TOKEN_SECONDS, issueAccessToken, type SignedInUser } from './issue-access-token.ts'
import { issueRefreshToken } from './issue-refresh-token.ts'
import { PASSWORD_CHARACTERS_MAX, type Passwords, refuseMalformed } from './password.ts'
import { registerPasswordRoutes } from './password-routes.ts'
import { readEmail } from './read-email.ts'
import { REFRESH_TOKEN_CHARACTERS_MAX } from './refresh-token.ts'
import { revokeRefreshToken } from './revoke-refresh-token.ts'
import { rotateRefreshToken } from './rotate-refresh-token.ts'
import { registerSignInRoutes } from './sign-in-routes.ts'
import { startSignIn } from './start-sign-in.ts'
import { DisplayNameField, EmailField, PasswordField, Profile, presentUser, User } from './user.ts'

const credentialProperties = {
  accessToken: Type.String({
    description:
      'A JWT for `Authorization: Bearer …`. It stays good until it expires, also after a logout; a reset of the password and an operator end it at once.',
    examples: ['eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiJ1c3JfMDFrIn0.c2lnbmF0dXJl'],
  }),
  refreshToken: Type.String({
    description: 'Opaque; trades for the next pair once, within 30 days. Refresh one at a time.',
    examples: ['tmr_0Q3hVv1u8b2mUqkC6l5nN3yq7mX0sPzJwR4tYb9aE1c'],
  }),
  tokenType: Type.Literal('Bearer', { description: 'How to send it.', examples: ['Bearer'] }),
  expiresInSeconds: Type.Integer({
    description: 'Life of the access token.',
    examples: [ACCESS_TOKEN_SECONDS],
  }),
}
const SignedIn = Shape({ user: User, ...credentialProperties })
const Refreshed = Shape(credentialProperties)

const RefreshTokenField = Type.String({
  minLength: 1,
  maxLength: REFRESH_TOKEN_CHARACTERS_MAX,
  description: 'The last one you got.',
  examples: ['tmr_0Q3hVv1u8b2mUqkC6l5nN3yq7mX0sPzJwR4tYb9aE1c'],
})

export function registerAuthRoutes(app: App, deps: Deps, passwords: Passwords): void {
  const { db, clock } = deps

  registerPasswordRoutes(app, deps, passwords)
  registerEmailRoutes(app, deps, passwords)
  registerSignInRoutes(app, deps)
  registerDeletionRoutes(app, deps, passwords)

  const credentials = async ({ refreshToken, ...user }: SignedInUser & { refreshToken: string }) => ({
    accessToken: await issueAccessToken(deps, user),
    refreshToken,
    tokenType: 'Bearer' as const,
    expiresInSeconds: ACCESS_TOKEN_SECONDS,
  })

  app.post(
    '/auth/register',
    {
      config: { callers: ['open'] },
      schema: {
        operationId: 'createUser',
        tags: ['Accounts'],
        summary: 'Make an account and sign in',
        description:
          'The new account has an empty wallet. Of two that register one address at once, one gets 409. A link to confirm the ' +
          'address is mailed; nothing but payouts waits for it.',
        body: Shape({
          email: EmailField,
          password: PasswordField,
          displayName: Type.Optional(DisplayNameField),
        }),
        response: { 201: SignedIn, ...problems('email_taken') },
      },
    },
    async (request, reply) => {
      const { password, displayName = null } = request.body
      const { tenantId } = request.actor
      const email = readEmail(request.body.email, '/email')
      refuseMalformed(password, '/password')
      const passwordHash = await passwords.hash(password)
      const now = clock()
      const { user, refreshToken } = await db.inTenant(tenantId, async (tx) => {
        const created = await createUser(tx, { email, passwordHash, displayName, now })
        const userId = created.id
        await enqueueAccountMail(tx, { kind: 'verify_email', tenantId, userId })
        const userAgent = request.headers['user-agent']
        return { user: created, refreshToken: await issueRefreshToken(tx, { userId, userAgent, now }) }
      })
      return reply.code(201).send({
        user: presentUser(user),
        ...(await credentials({ tenantId, userId: user.id, signedOutAt: null, now, refreshToken })),
      })
    },
  )

  app.post(
    '/auth/login',
    {
      config: { callers: ['open'] },
      schema: {
        operationId: 'signIn',
        tags: ['Accounts'],
        summary: 'Sign in with e-mail and password',
        description: 'An unknown address and a wrong password get the same answer after the same work.',
        body: Shape({
          email: Type.String({
            minLength: 1,
            maxLength: EMAIL_CHARACTERS_MAX,
            description: 'In whatever case it was registered.',
            examples: ['ada@example.com'],
          }),
          password: Type.String({
            minLength: 1,
            maxLength: PASSWORD_CHARACTERS_MAX,
            description: 'The account’s password.',
            examples: ['correct horse battery staple'],
          }),
        }),
        response: { 200: SignedIn, ...problems('invalid_credentials') },
      },
    },
    async (request) => {
      const { tenantId } = request.actor
      const email = normalizeEmail(request.body.email)
      const user = email && (await db.inTenant(tenantId, (tx) => findUserByEmail(tx, email)))
      const isRight = await passwords.verify(user?.passwordHash, request.body.password)
      if (!user || !isRight) throw new Problem('invalid_credentials')
      const now = clock()
      const { id: userId, passwordHash } = user
      const userAgent = request.headers['user-agent']
      const started = await db.inTenant(tenantId, (tx) =>
        startSignIn(tx, { userId, passwordHash, userAgent, now }),
      )
      return { user: presentUser(user), ...(await credentials({ tenantId, userId, now, ...started })) }
    },
  )

  app.post(
    '/auth/refresh',
    {
      config: { callers: ['open'] },
      schema: {
        operationId: 'rotateRefreshToken',
        tags: ['Accounts'],
        summary: 'Trade a refresh token for a new pair',
        description:
          'Each refresh token works once. Using an old one ends that sign-in, its newest token included, because ' +
          'somebody else may hold a copy. Of several requests that race with one token, one wins.',
        body: Shape({ refreshToken: RefreshTokenField }),
        response: { 200: Refreshed, ...problems('refresh_token_invalid') },
      },
    },
    async (request) => {
      const { tenantId } = request.actor
      const now = clock()
      const rotation = await db.inTenant(tenantId, (tx) =>
        rotateRefreshToken(tx, { refreshToken: request.body.refreshToken, now }),
      )
      if (!rotation.isRotated) {
        throw new Problem(
          'refresh_token_invalid',
          {},
          rotation.isReused
            ? 'a used refresh token came again: its family is revoked'
            : 'unknown, expired or revoked',
        )
      }
      const { userId, signedOutAt, refreshToken } = rotation
      return credentials({ tenantId, userId, signedOutAt, now, refreshToken })
    },
  )

  app.post(
    '/auth/logout',
    {
      config: { callers: ['user'] },
      schema: {
        operationId: 'revokeRefreshToken',
        tags: ['Accounts'],
        summary: 'End this sign-in',
        description:
          'The refresh token and all that came before it stop working. A token that is not yours, or not alive, changes nothing.',
        body: Shape({ refreshToken: RefreshTokenField }),
        response: {
          204: Type.Null({ description: 'Signed out.' }),
          ...problems(),
        },
      },
    },
    async (request, reply) => {
      const { tenantId, userId } = userOf(request)
      const { refreshToken } = request.body
      await db.inTenant(tenantId, (tx) => revokeRefreshToken(tx, { refreshToken, userId, now: clock() }))
      return reply.code(204).send(null)
    },
  )

  app.get(
    '/auth/profile',
    {
      config: { callers: ['user'] },
      schema: {
        operationId: 'getProfile',
        tags: ['Accounts'],
        summary: 'The caller’s account',
        description: 'With the roles it has at this moment.',
        response: { 200: Profile, ...problems() },
      },
    },
    async (request) => {
      const { tenantId, userId } = userOf(request)
      return db.inTenant(tenantId, (tx) => getProfile(tx, userId))
    },
  )

  app.patch(
    '/auth/profile',
    {
      config: { callers: ['user'] },
      schema: {
        operationId: 'changeProfile',
        tags: ['Accounts'],
        summary: 'Change the caller’s account',
        description: 'What is not named stays as it is; null takes the name away.',
        body: Shape({ displayName: Type.Optional(Nullable(DisplayNameField)) }),
        response: { 200: Profile, ...problems() },
      },
    },
    async (request): Promise<Static<typeof Profile>> => {
      const { tenantId, userId } = userOf(request)
      return db.inTenant(tenantId, async (tx) => {
        await changeProfile(tx, { ...request.body, userId })
        return getProfile(tx, userId)
      })
    },
  )
}
