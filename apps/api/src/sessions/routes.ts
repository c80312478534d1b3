/**
 * What the marketplace calls. The surface of provider pages is in `sdk-routes.ts`.
 *
 * @module
 */
import { Type } from '@fastify/type-provider-typebox'
import type { Deps } from '../deps.ts'
import { Problem } from '../errors.ts'
import { userOf } from '../http/authenticate.ts'
import { toPage } from '../http/paging.ts'
import { Id, Page, PageQuery, problems, Shape } from '../http/schema.ts'
import type { App } from '../http/server.ts'
import { TOKENS_PER_MINUTE_MAX } from '../providers/provider.ts'
import { createOpening, createSession, type Launch } from './create-session.ts'
import { extendSession } from './extend-session.ts'
import { getSession, listSessions } from './get-session.ts'
import type { BeatTuning } from './heartbeat.ts'
import { Launched } from './launch.ts'
import { pauseSession, resumeSession } from './pause-session.ts'
import { relaunchSession } from './relaunch-session.ts'
import { registerSdkRoutes } from './sdk-routes.ts'
import { presentSession, SESSION_MINUTES_MAX, Session, type SessionRow } from './session.ts'

const Params = Shape({ id: Id('ses', 'The session.') })
const Minutes = (description: string) =>
  Type.Integer({ minimum: 1, maximum: SESSION_MINUTES_MAX, description, examples: [30] })

export function registerSessionRoutes(app: App, deps: Deps, tuning?: BeatTuning): void {
  const { db, edge, keys, clock, config, cursors } = deps
  const { marketplaceUrl } = config
  const present = (row: SessionRow, now: Date) => presentSession(row, now, marketplaceUrl)
  const presentLaunch = ({ session, ...launch }: Launch, now: Date) => ({
    session: present(session, now),
    ...launch,
  })
  const open = createOpening(db, keys)
  registerSdkRoutes(app, deps, tuning)

  app.post(
    '/sessions',
    {
      config: { callers: ['user'] },
      schema: {
        operationId: 'createSession',
        tags: ['Sessions'],
        summary: 'Reserve the price and open a session with a provider',
        description:
          'Holds `tokensPerMinute × durationMinutes` of the wallet and makes a launch JWT. Time starts when the app ' +
          'validates it; at the end the time used is charged and the rest released. Never validated: cancelled, at no charge.',
        body: Shape({
          providerId: Id('prv', 'Whose app to open.'),
          durationMinutes: Minutes('How long at most.'),
          maxTokensPerMinute: Type.Optional(
            Type.Integer({
              minimum: 0,
              maximum: TOKENS_PER_MINUTE_MAX,
              description:
                'The price that the user was shown. Where the app costs more by now nothing is opened: `price_changed`.',
              examples: [4],
            }),
          ),
        }),
        response: {
          201: Launched,
          ...problems(
            'insufficient_tokens',
            'price_changed',
            'spending_limit_reached',
            'provider_not_found',
            'unauthenticated',
          ),
        },
      },
    },
    async (request, reply) => {
      const { tenantId, userId } = userOf(request)
      const now = clock()
      const wanted = { ...request.body, tenantId, userId, feeBasisPoints: config.platformFeeBasisPoints, now }
      if (request.headers['idempotency-key'] === undefined) {
        const launch = presentLaunch(await open(wanted), now)
        return reply.code(201).send(launch)
      }
      return edge.once(request, reply, 201, async (tx) =>
        presentLaunch(await createSession(tx, wanted, keys), now),
      )
    },
  )

  app.get(
    '/sessions',
    {
      config: { callers: ['user'] },
      schema: {
        operationId: 'listSessions',
        tags: ['Sessions'],
        summary: 'Your sessions, newest first',
        description: 'All of them, or those of one status.',
        querystring: Shape({
          ...PageQuery,
          status: Type.Optional(
            Type.Union(
              [
                Type.Literal('pending'),
                Type.Literal('active'),
                Type.Literal('paused'),
                Type.Literal('ended'),
              ],
              { description: 'Only sessions of this status.', examples: ['active'] },
            ),
          ),
        }),
        response: { 200: Page(Session), ...problems('unauthenticated') },
      },
    },
    async (request) => {
      const { tenantId, userId } = userOf(request)
      const { limit = 20, cursor, status } = request.query
      const now = clock()
      const before = cursors.of(request).decode(cursor)
      const rows = await db.inTenant(tenantId, (tx) =>
        listSessions(tx, { userId, status, limit: limit + 1, before, now }),
      )
      return toPage(
        rows,
        limit,
        cursors.of(request),
        (row) => row.id,
        (row) => present(row, now),
      )
    },
  )

  app.get(
    '/sessions/:id',
    {
      config: { callers: ['user'] },
      schema: {
        operationId: 'getSession',
        tags: ['Sessions'],
        summary: 'One of your sessions',
        description: 'As it is now; time that is being served is counted in.',
        params: Params,
        response: { 200: Session, ...problems('session_not_found', 'unauthenticated') },
      },
    },
    async (request) => {
      const { tenantId, userId } = userOf(request)
      const now = clock()
      const input = { sessionId: request.params.id, userId, now, marketplaceUrl }
      return present(await db.inTenant(tenantId, (tx) => getSession(tx, input)), now)
    },
  )

  app.post(
    '/sessions/:id/relaunch',
    {
      config: { callers: ['user'] },
      schema: {
        operationId: 'relaunchSession',
        tags: ['Sessions'],
        summary: 'A way back into a session that has not ended',
        description:
          'Free, on the same clock. Older unused launch JWTs of it are void. Once validated, the new client holds the ' +
          'session and calls of the old one get `session_superseded`; a paused session stays paused.',
        params: Params,
        response: { 200: Launched, ...problems('session_not_found', 'session_ended', 'unauthenticated') },
      },
    },
    async (request, reply) => {
      const { userId } = userOf(request)
      const now = clock()
      const input = { sessionId: request.params.id, userId, keys, now, marketplaceUrl }
      return edge.once(request, reply, 200, async (tx) => {
        const launch = await relaunchSession(tx, input)
        return launch instanceof Problem ? launch : presentLaunch(launch, now)
      })
    },
  )

  app.post(
    '/sessions/:id/extend',
    {
      config: { callers: ['user'] },
      schema: {
        operationId: 'extendSession',
        tags: ['Sessions'],
        summary: 'More minutes for a session that has not ended',
        description:
          'A further hold, at the price the session was opened with. The app learns of it with its next beat.',
        params: Params,
        body: Shape({ minutes: Minutes('How many more.') }),
        response: {
          200: Shape({ session: Session }),
          ...problems(
            'session_not_found',
            'session_ended',
            'session_too_long',
            'insufficient_tokens',
            'spending_limit_reached',
            'unauthenticated',
          ),
        },
      },
    },
    async (request, reply) => {
      const { userId } = userOf(request)
      const now = clock()
      const input = {
        sessionId: request.params.id,
        userId,
        minutes: request.body.minutes,
        now,
        marketplaceUrl,
      }
      return edge.once(request, reply, 200, async (tx) => {
        const extended = await extendSession(tx, input)
        return extended instanceof Problem ? extended : { session: present(extended, now) }
      })
    },
  )

  for (const [verb, run, operationId, summary, description] of [
    [
      'pause',
      pauseSession,
      'pauseSessionFromMarketplace',
      'Stop the clock from the marketplace',
      'The app stops serving with its next beat. Only the marketplace resumes such a pause. 30 minutes of pause in total end a session.',
    ],
    [
      'resume',
      resumeSession,
      'resumeSessionFromMarketplace',
      'Let the clock run again',
      'Whoever paused it, and from when the app hears of it, with its next beat. Resuming a running session changes nothing.',
    ],
  ] as const) {
    app.post(
      `/sessions/:id/${verb}`,
      {
        config: { callers: ['user'] },
        schema: {
          operationId,
          tags: ['Sessions'],
          summary,
          description,
          params: Params,
          response: {
            200: Shape({ session: Session }),
            ...problems('session_not_found', 'session_not_started', 'unauthenticated'),
          },
        },
      },
      async (request, reply) => {
        const { userId } = userOf(request)
        const now = clock()
        const speaker = { kind: 'user' as const, userId }
        return edge.once(request, reply, 200, async (tx) => ({
          session: present(
            await run(tx, { sessionId: request.params.id, speaker, now, marketplaceUrl }),
            now,
          ),
        }))
      },
    )
  }
}
