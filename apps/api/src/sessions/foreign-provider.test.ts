/**
 * A session JWT is one provider's. Only our own key could make one that names a session of another, and it opens nothing.
 *
 * @module
 */
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { accessTokenOf, startTestApi, type TestApi } from '../../test/harness.ts'
import { createMarket, type Market, openSession, type Play } from '../../test/play.ts'

let api: TestApi
let market: Market
let otherProviderId: string

beforeAll(async () => {
  api = await startTestApi()
  market = await createMarket(api)
  otherProviderId = (await createMarket(api)).providerId
})
afterAll(() => api.close())

/** The JWT of a session, signed by us, for another provider. */
async function redirect(play: Play): Promise<string> {
  const { iss: _ours, ...claims } = decodeJwt(play.sessionJwt)
  return api.deps.keys.sign('session+jwt', { ...claims, aud: otherProviderId } as never)
}

const CALLS: [string, object, Record<string, string>?][] = [
  ['heartbeat', { sequence: 2, activeMs: 20_000 }],
  ['heartbeat', { sequence: 2, activeMs: 20_000, final: true }],
  ['pause', { sequence: 2 }],
  ['resume', { sequence: 2 }],
  ['complete', {}],
  ['complete', {}, { 'idempotency-key': 'foreign' }],
  ['exposures', { experiment: 'colour', variant: 'red' }],
]

test.each(CALLS)('%s %o changes nothing, running, paused or ended', async (verb, body, headers = {}) => {
  const play = await openSession(market)
  await play.beat()
  const jwt = await redirect(play)
  for (const state of ['active', 'paused', 'ended']) {
    if (state === 'paused') await play.call('pause')
    if (state === 'ended') await play.call('complete')
    const before = await play.read()
    expect(before.body.session.status).toBe(state)
    api.clock.advance({ seconds: 20 })
    const { status, body: refusal } = await api.call('POST', `/api/v1/sessions/${play.sessionId}/${verb}`, {
      token: jwt,
      body: { ...(verb === 'heartbeat' && { clientId: play.clientId }), ...body },
      headers,
    })
    expect([state, status, refusal.code]).toEqual([state, 404, 'session_not_found'])
    const [row] = await api.deps.db.batch.query<{ sequence: number }>(
      'select status, sequence, used_ms, last_beat_at, paused_at from sessions where id = $1',
      [play.sessionId],
    )
    expect(row).toMatchObject({ status: state, sequence: 1 })
  }
})

test('reading is refused alike', async () => {
  const play = await openSession(market)
  const { status } = await api.call('GET', `/api/v1/sessions/${play.sessionId}`, {
    token: await redirect(play),
  })
  expect(status).toBe(404)
  expect((await play.read()).status).toBe(200)
})

test('a foreign beat that shares its batch with others holds none of them up', async () => {
  const plays = [await openSession(market), await openSession(market), await openSession(market)]
  const jwts = [plays[0]!.sessionJwt, await redirect(plays[1]!), plays[2]!.sessionJwt]
  const answers = await Promise.all(
    plays.map(({ sessionId, clientId }, i) =>
      api.call('POST', `/api/v1/sessions/${sessionId}/heartbeat`, {
        token: jwts[i]!,
        body: { clientId, sequence: 1 },
      }),
    ),
  )
  expect(answers.map(({ status }) => status)).toEqual([200, 404, 200])
  expect(answers.map(({ body }) => body.session?.sequence)).toEqual([1, undefined, 1])
})

test('its user still ends it', async () => {
  const play = await openSession(market)
  const { status } = await api.call('POST', `/api/v1/sessions/${play.sessionId}/complete`, {
    token: await accessTokenOf(api, market.user.id),
    body: {},
  })
  expect(status).toBe(200)
})
