/**
 * What only the dashboard's pages ask for.
 *
 * @module
 */
import { Type } from '@fastify/type-provider-typebox'
import { recordAction } from '../audit/record-action.ts'
import { ACCESS_TOKEN_SECONDS } from '../auth/issue-access-token.ts'
import type { Deps } from '../deps.ts'
import { Problem } from '../errors.ts'
import { userOf } from '../http/authenticate.ts'
import { addressOf } from '../http/caller-address.ts'
import { toPage } from '../http/paging.ts'
import { Id, Page, PageQuery, problems, Shape } from '../http/schema.ts'
import type { App } from '../http/server.ts'
import { getProviderToChange, getProviderToRead } from '../providers/get-provider.ts'
import type { SessionRow } from '../sessions/session.ts'
import { changeTheme, getTheme } from './change-theme.ts'
import { listLiveSessions, listProviderSessions } from './list-provider-sessions.ts'
import { registerPages } from './pages.ts'
import { ProviderSession, presentProviderSession } from './provider-session.ts'
import { Theme } from './theme.ts'
import { propertiesOf } from './theme-colors.ts'
import { createWatches } from './watch.ts'

const LIVE_MAX = 100

export function registerDashboardRoutes(app: App, deps: Deps): void {
  const { db, clock, config, cursors, signedOut } = deps
  const { marketplaceUrl } = config
  const params = Shape({ id: Id('prv', 'The provider.') })
  const watches = createWatches()
  app.addHook('preClose', async () => watches.end())

  registerPages(app, deps)

  app.get(
    '/providers/:id/sessions',
    {
      config: { callers: ['user', 'key'], scope: 'sessions:read' },
      schema: {
        operationId: 'listProviderSessions',
        tags: ['Sessions'],
        summary: 'A provider’s sessions, newest first',
        description:
          'For its team, or a key, which sees the sessions of its own mode. Users are told apart by `userRef`; who they are is not said.',
        params,
        querystring: Shape({
          status: Type.Optional(
            Type.Enum(['pending', 'active', 'paused', 'ended'], {
              type: 'string',
              description: 'Only sessions of this status.',
              examples: ['active'],
            }),
          ),
          test: Type.Optional(
            Type.Boolean({ description: 'Only test sessions, or none of them.', examples: [false] }),
          ),
          ...PageQuery,
        }),
        response: { 200: Page(ProviderSession), ...problems('provider_not_found') },
      },
    },
    async (request) => {
      const { actor, params, query } = request
      const { limit = 20, cursor, status, test } = query
      const after = cursors.of(request).decode(cursor)
      const now = clock()
      // A key sees the sessions of its own mode, whatever it asks for.
      const isTest = actor.kind === 'key' ? actor.mode === 'test' : test
      const rows = await db.inTenant(actor.tenantId, async (tx) => {
        await getProviderToRead(tx, params.id, actor)
        return listProviderSessions(tx, { providerId: params.id, status, isTest, after, limit, now })
      })
      return toPage(
        rows,
        limit,
        cursors.of(request),
        ({ id }) => id,
        (row) => presentProviderSession(row, now, marketplaceUrl),
      )
    },
  )

  app.get(
    '/providers/:id/theme',
    {
      config: { callers: ['user', 'key'], scope: 'providers:write' },
      schema: {
        operationId: 'getTheme',
        tags: ['Providers'],
        summary: 'How the SDK’s dialog looks in this app',
        description: 'The plain theme until another one was saved.',
        params,
        response: { 200: Theme, ...problems('provider_not_found') },
      },
    },
    ({ actor, params }) =>
      db.inTenant(actor.tenantId, async (tx) => {
        await getProviderToRead(tx, params.id, actor)
        return getTheme(tx, params.id)
      }),
  )

  app.get(
    '/api/v1/providers/:id/theme',
    {
      config: { callers: ['open'] },
      schema: {
        operationId: 'getDialogTheme',
        tags: ['Provider SDK'],
        summary: 'How the dialog looks, for the SDK',
        description:
          'Custom properties of CSS, those that were chosen. The page’s own rules for `token-marketplace` go before them. Cacheable for a minute.',
        params,
        response: {
          200: Shape({
            properties: Type.Record(Type.String(), Type.String(), {
              description: 'Name and value.',
              examples: [{ '--tm-accent': '#4338ca', '--tm-on-accent': '#ffffff' }],
            }),
          }),
          ...problems('provider_not_found'),
        },
      },
    },
    async (request, reply) => {
      const theme = await db.inTenant(request.actor.tenantId, (tx) => getTheme(tx, request.params.id))
      reply.header('cache-control', 'public, max-age=60')
      return { properties: propertiesOf(theme) }
    },
  )

  app.put(
    '/providers/:id/theme',
    {
      config: { callers: ['user', 'key'], scope: 'providers:write' },
      schema: {
        operationId: 'changeTheme',
        tags: ['Providers'],
        summary: 'Change how the SDK’s dialog looks in this app',
        description: 'The whole theme; repeating it changes nothing.',
        params,
        body: Theme,
        response: { 200: Theme, ...problems('provider_not_found') },
      },
    },
    (request) => {
      const { actor, params, body: theme } = request
      return db.inTenant(actor.tenantId, async (tx) => {
        const now = clock()
        await getProviderToChange(tx, params.id, actor)
        const before = await getTheme(tx, params.id)
        await changeTheme(tx, { providerId: params.id, theme, now })
        await recordAction(tx, {
          by: request,
          action: 'theme.change',
          subjectId: params.id,
          before,
          after: theme,
          now,
        })
        return theme
      })
    },
  )

  app.get(
    '/providers/:id/sessions/live',
    {
      // To open one is a call like any other; how many may be open is counted where they are.
      config: { callers: ['user'] },
      schema: {
        operationId: 'watchLiveSessions',
        tags: ['Sessions'],
        summary: 'A provider’s running sessions, as they change',
        description:
          `Server-sent events: \`sessions\` with \`{ items }\`, the newest ${LIVE_MAX} that have not ended, at once and ` +
          'after each change. Ends after ten minutes, and with the access token: open it again with a fresh one.',
        produces: ['text/event-stream'],
        params,
        response: {
          200: Type.String({
            description: 'A stream of events.',
            examples: ['event: sessions\ndata: {}\n\n'],
          }),
          ...problems('provider_not_found', 'rate_limited'),
        },
      },
    },
    async (request, reply) => {
      const { tenantId, userId, issuedAtSeconds } = userOf(request)
      const { id } = request.params
      await db.inTenant(tenantId, (tx) => getProviderToRead(tx, id, request.actor))
      const expiresAt = (issuedAtSeconds + ACCESS_TOKEN_SECONDS) * 1_000
      const stream = watches.open({ id: userId, address: addressOf(request) }, 'sessions', async () => {
        const now = clock()
        if (now.getTime() >= expiresAt || (await signedOut.isVoid({ userId, issuedAtSeconds })))
          throw new Problem('unauthenticated')
        const rows = await db.inTenant(tenantId, async (tx) => {
          // At every look: whoever left the team sees no more from then on.
          await getProviderToRead(tx, id, request.actor)
          return listLiveSessions(tx, { providerId: id, limit: LIVE_MAX, now })
        })
        return {
          shown: { items: rows.map((row) => presentProviderSession(row, now, marketplaceUrl)) },
          mark: rows.map(markOf).join(),
        }
      })
      if (!stream) {
        throw new Problem('rate_limited', {
          retryAfterSeconds: 30,
          detail: 'Too many live views are open: close one.',
        })
      }
      return (
        reply
          .header('content-type', 'text/event-stream; charset=utf-8')
          // Proxies that gather answers would hold the events back.
          .header('x-accel-buffering', 'no')
          .send(stream as never)
      )
    },
  )
}

/** What changes with a call, and not with the time that passes between two. */
function markOf({ id, status, usedMs, durationMs, sequence, lastBeatAt, isFinal }: SessionRow): string {
  return [id, status, usedMs, durationMs, sequence, lastBeatAt?.getTime(), isFinal].join('/')
}
