/**
 * What provider pages call, through the SDK: other origins, pages that are being closed, clocks that are wrong.
 *
 * @module
 */
import { Type } from '@fastify/type-provider-typebox'
import type { FastifyInstance } from 'fastify'
import { assert } from '../assert.ts'
import type { Deps } from '../deps.ts'
import { Problem } from '../errors.ts'
import type { Actor } from '../http/authenticate.ts'
import { registerJsonBodies } from '../http/body.ts'
import { addressOf } from '../http/caller-address.ts'
import { Id, problems, Shape } from '../http/schema.ts'
import type { App } from '../http/server.ts'
import { checkOrigin } from './check-origin.ts'
import { completeSession, createCompletion } from './complete-session.ts'
import { registerExposureRoute } from './exposure-routes.ts'
import { createFingerprint } from './fingerprint.ts'
import { getSession } from './get-session.ts'
import { type BeatTuning, createHeartbeat } from './heartbeat.ts'
import { signSessionJwt } from './launch.ts'
import { listening } from './left-leases.ts'
import { pauseSession, resumeSession, type Speaker } from './pause-session.ts'
import { readLaunch } from './read-launch.ts'
import { presentSession, SESSION_LIFE_MS, Session, type SessionRow } from './session.ts'
import { sessionActor } from './session-actor.ts'
import { createValidation } from './validate-session.ts'

const ClientId = Type.String({
  pattern: '^[A-Za-z0-9_-]{8,64}$',
  description:
    'Names the browser that holds the session: random, made by the SDK, the same for all its tabs.',
  examples: ['c_4k2v9x3t5r6w1c0b'],
})
const Sequence = Type.Integer({
  minimum: 1,
  maximum: Number.MAX_SAFE_INTEGER,
  description:
    'Rises with every call of this client. One that is not above the last accepted changes nothing.',
  examples: [16],
})
const ActiveMs = Type.Integer({
  minimum: 0,
  maximum: SESSION_LIFE_MS,
  description: 'Milliseconds the SDK saw pass since its last acknowledged beat; sleep left out.',
  examples: [30012],
})
const Told = {
  clientId: Type.Optional(ClientId),
  sequence: Type.Optional(Sequence),
  activeMs: Type.Optional(ActiveMs),
}
const Params = Shape({ id: Id('ses', 'The session.') })
const Answer = Shape({ session: Session })
const REFUSALS = ['session_not_found', 'unauthenticated', 'origin_not_allowed', 'session_superseded'] as const

/** Who claims to be another client than the JWT was given to holds no session, which changes nothing once it has ended. */
const holderOf = (actor: { clientId: string }, told = actor.clientId) => (told === actor.clientId ? told : '')

export function registerSdkRoutes(app: App, deps: Deps, tuning?: BeatTuning): void {
  const { db, keys, clock, config, edge, origins } = deps
  const { marketplaceUrl, marketplaceOrigins } = config
  const beat = createHeartbeat(db, marketplaceUrl, tuning)
  const validate = createValidation(db, marketplaceUrl)
  const complete = createCompletion(db, marketplaceUrl)
  const present = (row: SessionRow, now: Date) => presentSession(row, now, marketplaceUrl)
  const fingerprint = createFingerprint(config.keyEncryptionKey)

  function speakerOf(
    actor: Actor,
    told: { clientId?: string; sequence?: number; activeMs?: number },
  ): Speaker {
    if (actor.kind === 'user') return { kind: 'user', userId: actor.userId }
    assert(actor.kind === 'session', 'users and session JWTs speak')
    return {
      kind: 'client',
      clientId: holderOf(actor, told.clientId),
      providerId: actor.providerId,
      sequence: told.sequence ?? null,
      activeMs: told.activeMs ?? null,
    }
  }

  app.post(
    '/api/v1/sessions/validate',
    {
      config: { callers: ['open'] },
      schema: {
        operationId: 'validateSession',
        tags: ['Provider SDK'],
        summary: 'Trade the launch JWT for a session JWT',
        description:
          'Spends the launch JWT for this client and starts the clock. The same client may ask again and gets the same session. ' +
          'From a browser, only pages of the provider’s `allowedOrigins`.',
        body: Shape({
          launchJwt: Type.String({
            minLength: 1,
            maxLength: 4096,
            description: 'From the launch URL.',
            examples: ['eyJhbGciOiJFUzI1NiIsInR5cCI6ImxhdW5jaCtqd3QifQ.e30.c2ln'],
          }),
          clientId: ClientId,
        }),
        response: {
          200: Shape({
            session: Session,
            sessionJwt: Type.String({
              description: 'The credential of all further calls. `cid` binds it to this client.',
              examples: ['eyJhbGciOiJFUzI1NiIsInR5cCI6InNlc3Npb24rand0In0.e30.c2ln'],
            }),
          }),
          ...problems(
            'launch_invalid',
            'launch_expired',
            'launch_already_used',
            'session_ended',
            'origin_not_allowed',
          ),
        },
      },
    },
    async (request) => {
      const { launchJwt, clientId } = request.body
      const now = clock()
      const launch = await readLaunch(keys, launchJwt, marketplaceUrl)
      const session = await validate({ ...launch, clientId, origin: request.headers.origin, now })
      const { tenantId, sessionId, providerId } = launch
      const { userRef, createdAt } = session
      const subject = { tenantId, sessionId, providerId, userRef, clientId, createdAt, now }
      return { session: present(session, now), sessionJwt: await signSessionJwt(keys, subject) }
    },
  )

  app.get(
    '/api/v1/sessions/:id',
    {
      config: { callers: ['session', 'key'], scope: 'sessions:read' },
      schema: {
        operationId: 'getProviderSession',
        tags: ['Provider SDK'],
        summary: 'The session, as the app may know it',
        description:
          'For pages with their session JWT, for the provider’s server with an API key. To a `test` key only test sessions exist, to a ' +
          '`live` key only the others.',
        params: Params,
        response: {
          200: Answer,
          ...problems(...REFUSALS, 'forbidden'),
        },
      },
    },
    async (request) => {
      const { actor } = request
      const sessionId = request.params.id
      const provider = actor.kind === 'key' ? actor : sessionActor(actor, sessionId)
      await checkOrigin(origins, request.headers.origin, provider)
      const now = clock()
      const { providerId, tenantId } = provider
      const get = () =>
        db.inTenant(tenantId, (tx) => getSession(tx, { sessionId, providerId, now, marketplaceUrl }))
      if (actor.kind === 'key') {
        const session = await get()
        // A key knows the sessions of its own mode: a test key nothing of who pays, a live key nothing that was not paid.
        if (session.isTest !== (actor.mode === 'test')) throw new Problem('session_not_found')
        return { session: present(session, now) }
      }
      const { clientId } = sessionActor(actor, sessionId)
      const session = await listening(deps, { tenantId, sessionId, clientId, now }, async () => {
        const found = await get()
        if (found.status !== 'ended' && found.clientId !== clientId) throw new Problem('session_superseded')
        return found
      })
      return { session: present(session, now) }
    },
  )

  app.register(async (closing) => {
    // A page that is being closed can send text/plain without a preflight, with its session JWT inside.
    registerJsonBodies(closing as unknown as FastifyInstance, 'text/plain')
    closing.addHook('onRoute', ({ schema }) => {
      if (schema) schema.consumes = ['application/json', 'text/plain']
    })
    // Nothing to tell is written as no body or as {}.
    closing.addHook('preValidation', (request, _reply, done) => {
      request.body ??= {}
      done()
    })
    const sdk = closing as unknown as App
    registerExposureRoute(sdk, deps)

    sdk.post(
      '/api/v1/sessions/:id/heartbeat',
      {
        config: { callers: ['session'] },
        schema: {
          operationId: 'heartbeatSession',
          tags: ['Provider SDK'],
          summary: 'The app is being used',
          description:
            'Confirms the time since the last beat and prolongs the lease (`serveUntil`). A repeated or late one changes ' +
            'nothing and gets the current state; one on an ended session too. `final` says that the page is being left.',
          params: Params,
          body: Shape({
            clientId: ClientId,
            sequence: Sequence,
            activeMs: Type.Optional(ActiveMs),
            final: Type.Optional(Type.Boolean({ description: 'The page is being left.', examples: [false] })),
          }),
          response: { 200: Answer, ...problems(...REFUSALS) },
        },
      },
      async (request) => {
        const actor = sessionActor(request.actor, request.params.id)
        const { sequence, activeMs = null, final: isFinal = false } = request.body
        await checkOrigin(origins, request.headers.origin, actor)
        const at = clock()
        const { tenantId, sessionId, providerId } = actor
        const clientId = holderOf(actor, request.body.clientId)
        const origin = fingerprint(sessionId, {
          address: addressOf(request),
          browser: request.headers['user-agent'] ?? '',
        })
        const said = { tenantId, sessionId, providerId, clientId, sequence, activeMs, isFinal, at, origin }
        const session = await listening(deps, { tenantId, sessionId, clientId, now: at }, () => beat(said))
        return { session: present(session, at) }
      },
    )

    for (const [verb, run, operationId, summary, description] of [
      [
        'pause',
        pauseSession,
        'pauseSession',
        'Stop the clock',
        'While paused nothing is served and nothing counts. 30 minutes of pause in total end a session.',
      ],
      [
        'resume',
        resumeSession,
        'resumeSession',
        'Let the clock run again',
        'From now. A pause that the user made in the marketplace is resumed only there. What runs already runs on: a repetition, or a ' +
          'call without `sequence`, changes nothing. A new `sequence` there says that the app was closed, because it had not heard that ' +
          'it may go on; then the clock starts now. Of the time since the last beat `activeMs` is billed, at most what a beat would ' +
          'count and nothing after a final one; the rest counts towards the allowance of unbilled time.',
      ],
    ] as const) {
      sdk.post(
        `/api/v1/sessions/:id/${verb}`,
        {
          config: { callers: ['session'] },
          schema: {
            operationId,
            tags: ['Provider SDK'],
            summary,
            description,
            params: Params,
            body: Shape(Told),
            response: {
              200: Answer,
              ...problems(...REFUSALS, ...(verb === 'resume' ? ['session_paused_by_user' as const] : [])),
            },
          },
        },
        async (request) => {
          const actor = sessionActor(request.actor, request.params.id)
          await checkOrigin(origins, request.headers.origin, actor)
          const now = clock()
          const { tenantId, sessionId } = actor
          const clientId = holderOf(actor, request.body.clientId)
          const input = { sessionId, speaker: speakerOf(actor, request.body), now, marketplaceUrl }
          const session = await listening(deps, { tenantId, sessionId, clientId, now }, () =>
            db.inTenant(tenantId, (tx) => run(tx, input)),
          )
          return { session: present(session, now) }
        },
      )
    }

    sdk.post(
      '/api/v1/sessions/:id/complete',
      {
        config: { callers: ['session', 'user'] },
        schema: {
          operationId: 'completeSession',
          tags: ['Provider SDK'],
          summary: 'End the session and charge the time used',
          description:
            'Charges `ceil(tokensPerMinute × usedMs / 60000)` and releases the rest. Repeating it changes nothing. Also ' +
            'open to the session’s user, who ends it from the marketplace; then the last gap counts up to 45 s.',
          params: Params,
          body: Shape({
            ...Told,
            reason: Type.Optional(
              Type.String({
                maxLength: 200,
                description: 'For the log: why the app ended it.',
                examples: ['finished'],
              }),
            ),
          }),
          response: {
            200: Shape({
              session: Session,
              returnUrl: Type.String({
                description: 'Where the user goes back to.',
                examples: ['https://marketplace.example/?session=ses_01k4w3t9x2qv5m8r7c6z1n0hbd'],
              }),
            }),
            ...problems(...REFUSALS),
          },
        },
      },
      async (request, reply) => {
        const { actor } = request
        const sessionId = request.params.id
        if (actor.kind === 'session')
          await checkOrigin(
            origins,
            request.headers.origin,
            sessionActor(actor, sessionId),
            marketplaceOrigins,
          )
        else if (
          request.headers.origin !== undefined &&
          !marketplaceOrigins.includes(request.headers.origin)
        ) {
          throw new Problem('origin_not_allowed')
        }
        const now = clock()
        request.noted = { sessionId, reason: request.body.reason }
        const { tenantId } = actor
        const speaker = speakerOf(actor, request.body)
        const completion = { tenantId, sessionId, speaker, now }
        const answer = (row: SessionRow) => {
          const session = present(row, now)
          return { session, returnUrl: session.returnUrl }
        }
        if (request.headers['idempotency-key'] === undefined) {
          if (speaker.kind === 'user') return answer(await complete(completion))
          const { clientId } = speaker
          const client = { tenantId, sessionId, clientId, now }
          return answer(await listening(deps, client, () => complete(completion)))
        }
        return edge.once(request, reply, 200, async (tx) =>
          answer(await completeSession(tx, completion, marketplaceUrl)),
        )
      },
    )
  })
}
