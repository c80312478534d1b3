import { accessTokenOf, addProvider, addUser, startTestApi, type TestApi, type TestUser } from './harness.ts'

export type SessionMarket = Awaited<ReturnType<typeof startSessionMarket>>

/**
 * An owner with a provider at 4 tokens a minute, users with tokens, and whole sessions in one call.
 *
 * @example
 * const it = await startSessionMarket()
 * await it.play({ user: it.users[0]!, minutes: 7.2 })
 */
export async function startSessionMarket({
  users: count = 3,
  env = {},
}: {
  users?: number
  env?: Record<string, string>
} = {}) {
  const api: TestApi = await startTestApi({ env })
  const owner = await addUser(api)
  const providerId = await addProvider(api, { ownerId: owner.id, tokensPerMinute: 4 })
  const users = await Promise.all(Array.from({ length: count }, () => addUser(api, { tokens: 1_000_000 })))
  let clients = 0

  /** Calls as a user, with a token that is good now: the clock moves by days. */
  const as = async (user: { id: string }, ...[method, url, options]: Parameters<TestApi['call']>) =>
    api.call(method, url, { token: await accessTokenOf(api, user.id), ...options })

  async function open(user: TestUser, of = providerId, durationMinutes = 30) {
    const { status, body, text } = await as(user, 'POST', '/sessions', {
      body: { providerId: of, durationMinutes },
    })
    if (status !== 201) throw new Error(text)
    return body as { session: { id: string }; launchJwt: string }
  }

  async function validate({ launchJwt }: { launchJwt: string }) {
    const clientId = `client_${String(++clients).padStart(6, '0')}`
    const { status, body, text } = await api.call('POST', '/api/v1/sessions/validate', {
      body: { launchJwt, clientId },
    })
    if (status !== 200) throw new Error(text)
    return { clientId, ...body } as { clientId: string; sessionJwt: string; session: { id: string } }
  }

  /** Opens, uses for that long with a beat every half minute, and completes. Resolves to the session's id. */
  async function play({
    user,
    minutes,
    of,
  }: {
    user: TestUser
    minutes: number
    of?: string
  }): Promise<string> {
    const { clientId, sessionJwt, session } = await validate(await open(user, of, Math.ceil(minutes) + 1))
    const tell = (verb: string, body: object) =>
      api.call('POST', `/api/v1/sessions/${session.id}/${verb}`, {
        token: sessionJwt,
        body: { clientId, ...body },
      })
    let leftMs = minutes * 60_000
    for (let sequence = 1; leftMs > 0; sequence += 1) {
      const activeMs = Math.min(30_000, leftMs)
      leftMs -= activeMs
      api.clock.advance({ ms: activeMs })
      const { status, text } = await tell(leftMs > 0 ? 'heartbeat' : 'complete', { sequence, activeMs })
      if (status !== 200) throw new Error(text)
    }
    return session.id
  }

  return { api, owner, providerId, users, as, open, validate, play, close: () => api.close() }
}
