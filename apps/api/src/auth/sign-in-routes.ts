import { Type } from '@fastify/type-provider-typebox'
import type { Deps } from '../deps.ts'
import { userOf } from '../http/authenticate.ts'
import { toPage } from '../http/paging.ts'
import { Id, Instant, Nullable, Page, PageQuery, problems, Shape } from '../http/schema.ts'
import type { App } from '../http/server.ts'
import { listSignIns } from './list-sign-ins.ts'
import { revokeSignIn } from './revoke-sign-ins.ts'

const SignIn = Shape(
  {
    id: Id('fam'),
    userAgent: Nullable(
      Type.String({
        description: 'What the browser called itself; nothing proves it.',
        examples: ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'],
      }),
    ),
    signedInAt: Instant('When the password was given.'),
    lastUsedAt: Instant('When it last traded its refresh token.'),
    expiresAt: Instant('When it ends unless it is used again.'),
  },
  { description: 'A place where the account is signed in.' },
)

export function registerSignInRoutes(app: App, deps: Deps): void {
  const { db, clock, cursors } = deps

  app.get(
    '/auth/sign-ins',
    {
      config: { callers: ['user'] },
      schema: {
        operationId: 'listSignIns',
        tags: ['Accounts'],
        summary: 'Where the caller is signed in',
        description: 'Those that still work, newest first.',
        querystring: Shape(PageQuery),
        response: { 200: Page(SignIn), ...problems() },
      },
    },
    async (request) => {
      const { tenantId, userId } = userOf(request)
      const { limit = 20, cursor } = request.query
      const before = cursors.of(request).decode(cursor)
      const rows = await db.inTenant(tenantId, (tx) =>
        listSignIns(tx, { userId, limit: limit + 1, before, now: clock() }),
      )
      return toPage(
        rows,
        limit,
        cursors.of(request),
        ({ id }) => id,
        ({ id, userAgent, signedInAt, lastUsedAt, expiresAt }) => ({
          id,
          userAgent,
          signedInAt: signedInAt.toISOString(),
          lastUsedAt: lastUsedAt.toISOString(),
          expiresAt: expiresAt.toISOString(),
        }),
      )
    },
  )

  app.delete(
    '/auth/sign-ins/:id',
    {
      config: { callers: ['user'] },
      schema: {
        operationId: 'revokeSignIn',
        tags: ['Accounts'],
        summary: 'End one of the caller’s sign-ins',
        description: 'It cannot refresh any more; the access token it holds stays good for its 15 minutes.',
        params: Shape({ id: Id('fam', 'The sign-in.') }),
        response: { 204: Type.Null({ description: 'Ended.' }), ...problems('sign_in_not_found') },
      },
    },
    async (request, reply) => {
      const { tenantId, userId } = userOf(request)
      const { id: signInId } = request.params
      await db.inTenant(tenantId, (tx) => revokeSignIn(tx, { signInId, userId, now: clock() }))
      return reply.code(204).send(null)
    },
  )
}
