/**
 * A user and an app that play a session through the wire, a call at a time.
 *
 * @module
 */
import { type Answer, accessTokenOf, addProvider, addUser, type TestApi, type TestUser } from './harness.ts'

export interface Play {
  api: TestApi
  user: TestUser
  providerId: string
  sessionId: string
  launchJwt: string
  clientId: string
  sessionJwt: string
  sequence: number
  /** Beats after `afterSeconds`; `activeMs` as the SDK would send it, or not at all. */
  beat(options?: { afterSeconds?: number; activeMs?: number; final?: boolean }): Promise<Answer>
  /** Beats every 30 s for so long. */
  use(seconds: number): Promise<Answer>
  call(verb: 'pause' | 'resume' | 'complete', body?: object): Promise<Answer>
  read(): Promise<Answer>
  /** What the marketplace sees. */
  look(): Promise<Answer>
  /** A call of the session's user in the marketplace, with a fresh access token. */
  market(method: 'GET' | 'POST', path: string, body?: object): Promise<Answer>
}

let clients = 0

export interface Market {
  api: TestApi
  user: TestUser
  providerId: string
}

/** A user with tokens and a provider, for `openSession`. */
export async function createMarket(
  api: TestApi,
  options: { tokens?: number; tokensPerMinute?: number } = {},
): Promise<Market> {
  const owner = await addUser(api)
  const providerId = await addProvider(api, {
    ownerId: owner.id,
    tokensPerMinute: options.tokensPerMinute ?? 4,
  })
  return { api, user: await addUser(api, { tokens: options.tokens ?? 10_000 }), providerId }
}

/** The same with a user of their own, whose wallet, allowance and unbilled time nobody else has touched. */
export async function withNewUser(market: Market, { tokens = 100_000 } = {}): Promise<Market> {
  return { ...market, user: await addUser(market.api, { tokens }) }
}

/** Opens a session and validates it, as a browser without an Origin header would. */
export async function openSession(
  { api, user, providerId }: Market,
  {
    minutes = 30,
    validate = true,
    isTest = false,
  }: { minutes?: number; validate?: boolean; isTest?: boolean } = {},
): Promise<Play> {
  const created = await api.call('POST', isTest ? `/providers/${providerId}/test-sessions` : '/sessions', {
    token: await accessTokenOf(api, user.id),
    body: { ...(!isTest && { providerId }), durationMinutes: minutes },
  })
  if (created.status !== 201) throw new Error(`session not opened: ${created.text}`)
  clients += 1
  const play: Play = {
    api,
    user,
    providerId,
    sessionId: created.body.session.id,
    launchJwt: created.body.launchJwt,
    clientId: `client_${String(clients).padStart(6, '0')}`,
    sessionJwt: '',
    sequence: 0,
    beat({ afterSeconds = 0, activeMs, final } = {}) {
      api.clock.advance({ seconds: afterSeconds })
      play.sequence += 1
      return api.call('POST', `/api/v1/sessions/${play.sessionId}/heartbeat`, {
        token: play.sessionJwt,
        body: {
          clientId: play.clientId,
          sequence: play.sequence,
          ...(activeMs === undefined ? {} : { activeMs }),
          ...(final === undefined ? {} : { final }),
        },
      })
    },
    async use(seconds) {
      let answer: Answer | undefined
      for (let used = 0; used < seconds; used += 30) {
        answer = await play.beat({ afterSeconds: Math.min(30, seconds - used) })
      }
      if (!answer) throw new Error('nothing was used')
      return answer
    },
    call: (verb, body = {}) =>
      api.call('POST', `/api/v1/sessions/${play.sessionId}/${verb}`, { token: play.sessionJwt, body }),
    read: () => api.call('GET', `/api/v1/sessions/${play.sessionId}`, { token: play.sessionJwt }),
    look: () => play.market('GET', ''),
    market: async (method, path, body) =>
      api.call(method, `/sessions/${play.sessionId}${path}`, {
        token: await accessTokenOf(api, user.id),
        ...(body === undefined ? {} : { body }),
      }),
  }
  if (validate) {
    const validated = await validateLaunch(play)
    if (validated.status !== 200) throw new Error(`not validated: ${validated.text}`)
  }
  return play
}

export async function validateLaunch(
  play: Play,
  options: { launchJwt?: string; clientId?: string; origin?: string } = {},
): Promise<Answer> {
  const clientId = options.clientId ?? play.clientId
  const validated = await play.api.call('POST', '/api/v1/sessions/validate', {
    body: { launchJwt: options.launchJwt ?? play.launchJwt, clientId },
    ...(options.origin === undefined ? {} : { headers: { origin: options.origin } }),
  })
  if (validated.status === 200 && clientId === play.clientId) {
    play.sessionJwt = validated.body.sessionJwt
    play.sequence = validated.body.session.sequence
  }
  return validated
}
