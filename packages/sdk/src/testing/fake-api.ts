/**
 * The SDK surface of the API, answering from memory.
 *
 * @module
 */
import {
  applyUse,
  changeFakeStatus,
  expireByClock,
  type FakeSession,
  restartFakeSession,
  startFakeSession,
  toWire,
  type Use,
} from './fake-session.ts'
import { type Duration, toMs } from './virtual-time.ts'

const LAUNCH_LIFE_MS = 120_000
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

interface Exposure {
  experiment: string
  variant: string
}

/** The provider that every fake session belongs to. */
export const FAKE_PROVIDER_ID = 'prv_fake'

export interface LaunchOptions {
  duration?: Duration | undefined
  tokensPerMinute?: number | undefined
  warningSeconds?: number | undefined
}

const encode = (value: object) =>
  btoa(JSON.stringify(value)).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '')

const statusOf: Record<string, number> = {
  launch_invalid: 401,
  launch_expired: 401,
  launch_already_used: 409,
  session_ended: 409,
  session_superseded: 409,
  session_invalid: 401,
  origin_not_allowed: 403,
  not_found: 404,
  validation_failed: 400,
}

/** A request as the fake saw it, for tests that look. */
export interface SeenRequest {
  at: number
  path: string
  body: Record<string, unknown>
}

export interface FakeApi {
  sessions: Map<string, FakeSession>
  requests: SeenRequest[]
  /** Answers the next requests with this instead; `undefined` lets them through. */
  failWith: { status: number; code?: string | undefined; retryAfterSeconds?: number | undefined } | undefined
  /** Opens a session; its launch JWT has no real signature, so the page must leave that to the server. */
  launch(options?: LaunchOptions): { session: FakeSession; launchJwt: string }
  /** Makes a further launch JWT; older unused ones are void. */
  relaunch(id: string): string
  handle(url: string, body: string | null, authorization?: string): Response
}

/** Jest's jsdom has no `Response`; what is read of one is little. */
function toResponse(text: string, status: number, headers: Record<string, string>): Response {
  if (typeof Response === 'function') return new Response(text, { status, headers })
  return {
    ok: status < 300,
    status,
    headers: { get: (name: string) => headers[name.toLowerCase()] ?? null },
    text: async () => text,
    json: async () => JSON.parse(text) as unknown,
  } as Response
}

/** Makes the API over a clock. */
export function createFakeApi(now: () => number): FakeApi {
  const sessions = new Map<string, FakeSession>()
  let launches = 0

  const answer = (body: object, status = 200, headers = {}) =>
    toResponse(JSON.stringify(body), status, { 'content-type': 'application/json', ...headers })
  const refuse = (code: string, extra = {}) =>
    answer({ code, title: code, status: statusOf[code], ...extra }, statusOf[code])

  function validate({ launchJwt, clientId }: { launchJwt: string; clientId: string }): Response {
    const session = [...sessions.values()].find(({ launches }) => launches.has(launchJwt))
    const launch = session?.launches.get(launchJwt)
    if (!session || !launch) return refuse('launch_invalid')
    if (launch.clientId && launch.clientId !== clientId) return refuse('launch_already_used')
    if (!launch.clientId && now() > launch.expiresAt)
      return refuse('launch_expired', { returnUrl: toWire(session, now()).returnUrl })
    if (session.status === 'ended') return refuse('session_ended')
    launch.clientId = clientId
    startFakeSession(session, clientId, now())
    return answer({ session: toWire(session, now()), sessionJwt: `${session.id}~${clientId}` })
  }

  function act(
    session: FakeSession,
    action: string | undefined,
    use: Use,
    sessionJwt: string | undefined,
  ): Response {
    const [id, clientId] = sessionJwt?.split('~') ?? []
    if (id !== session.id) return refuse('session_invalid')
    if (clientId !== session.clientId) return refuse('session_superseded')
    // Without an action it is the state that is read, and reading changes nothing.
    if (action && session.status !== 'ended') {
      // Resuming what runs: the answer was lost, the clock starts now, but for the use it tells of.
      if (action === 'resume' && session.status === 'active') restartFakeSession(session, use, now())
      const isNew = applyUse(session, use, now())
      if (action === 'pause' && isNew) changeFakeStatus(session, 'paused', now())
      if (action === 'resume' && isNew) changeFakeStatus(session, 'active', now())
      if (action === 'complete') changeFakeStatus(session, 'ended', now())
    }
    const wire = toWire(session, now())
    return answer({ session: wire, ...(action === 'complete' && { returnUrl: wire.returnUrl }) })
  }

  /** The first variant that is told stands. */
  function expose(session: FakeSession, jwt: string | undefined, told: Exposure): Response {
    const { experiment, variant } = told
    if (jwt?.split('~')[0] !== session.id) return refuse('session_invalid')
    if (!NAME.test(experiment) || !NAME.test(variant)) return refuse('validation_failed')
    const first = session.exposures.get(experiment) ?? variant
    if (session.status === 'ended' && !session.exposures.has(experiment)) return refuse('session_ended')
    session.exposures.set(experiment, first)
    return answer({ experiment, variant: first })
  }

  function issue(session: FakeSession): string {
    const claims = { aud: session.providerId, sid: session.id, jti: `jti_${++launches}` }
    const jwt = `${encode({ alg: 'ES256', typ: 'launch+jwt', kid: 'fake' })}.${encode(claims)}.AAAA`
    session.launches.set(jwt, { expiresAt: now() + LAUNCH_LIFE_MS })
    return jwt
  }

  const api: FakeApi = {
    sessions,
    launch(options = {}) {
      const { duration = '30m', tokensPerMinute = 4, warningSeconds } = options
      const durationMs = toMs(duration)
      const session: FakeSession = {
        id: `ses_${sessions.size + 1}`,
        providerId: FAKE_PROVIDER_ID,
        status: 'pending',
        endReason: null,
        durationMs,
        usedMs: 0,
        tokensPerMinute,
        warningSeconds: warningSeconds ?? Math.min(300, durationMs / 2000),
        launches: new Map(),
        clientId: undefined,
        sequence: 0,
        createdAt: now(),
        startedAt: 0,
        endedAt: 0,
        lastBeatAt: 0,
        leaseEnd: null,
        hasLeft: false,
        exposures: new Map(),
      }
      sessions.set(session.id, session)
      return { session, launchJwt: issue(session) }
    },
    relaunch(id) {
      const session = sessions.get(id)!
      for (const [jwt, { clientId }] of session.launches) if (!clientId) session.launches.delete(jwt)
      return issue(session)
    },
    requests: [],
    failWith: undefined,
    handle(url, text, authorization) {
      const path = new URL(url).pathname.replace('/api/v1', '')
      const body = text ? JSON.parse(text) : {}
      api.requests.push({ at: now(), path, body })
      if (api.failWith) {
        const { status, code, retryAfterSeconds } = api.failWith
        const headers = retryAfterSeconds ? { 'retry-after': String(retryAfterSeconds) } : {}
        return answer(code ? { code, status } : {}, status, headers)
      }
      if (path === '/keys/public') return answer({ keys: [] })
      if (path === `/providers/${FAKE_PROVIDER_ID}/theme`) return answer({ properties: {} })
      for (const session of sessions.values()) expireByClock(session, now())
      if (path === '/sessions/validate') return validate(body)
      const [, , id, action] = path.split('/')
      const session = sessions.get(id!)
      const { sessionJwt = authorization?.replace('Bearer ', ''), ...use } = body
      if (!session) return refuse('not_found')
      if (action === 'exposures') return expose(session, sessionJwt, use as Exposure)
      return act(session, action, use, sessionJwt)
    },
  }
  return api
}
