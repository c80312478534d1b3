import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { accessTokenOf, addProvider, addUser, startTestApi, type TestApi } from '../../test/harness.ts'
import { createMarket, openSession, validateLaunch } from '../../test/play.ts'
import { PUBLIC_TENANT_ID } from '../id.ts'
import { createOrigins } from './origins.ts'

let api: TestApi

beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())

test('a change of a provider’s origins is felt by the next preflight and the next call', async () => {
  const market = await createMarket(api)
  const [row] = await api.deps.db.batch.query<{ ownerId: string }>(
    'select owner_id as "ownerId" from providers where id = $1',
    [market.providerId],
  )
  const token = await accessTokenOf(api, row?.ownerId ?? '')
  const play = await openSession(market, { validate: false })
  const preflight = async (origin: string) =>
    (
      await api.call('OPTIONS', '/api/v1/sessions/validate', {
        headers: { origin, 'access-control-request-method': 'POST' },
      })
    ).headers['access-control-allow-origin']
  const beat = (origin: string, sequence: number) =>
    api.call('POST', `/api/v1/sessions/${play.sessionId}/heartbeat`, {
      token: play.sessionJwt,
      body: { clientId: play.clientId, sequence },
      headers: { origin },
    })
  const [before, after] = ['http://localhost:4002', 'http://localhost:4012']
  await validateLaunch(play, { origin: before })
  expect([await preflight(before), await preflight(after)]).toEqual([before, undefined])
  expect([(await beat(before, 1)).status, (await beat(after, 2)).status]).toEqual([200, 403])

  const changed = await api.call('PATCH', `/providers/${market.providerId}`, {
    token,
    body: { allowedOrigins: [after] },
  })
  expect(changed.status).toBe(200)
  expect([await preflight(before), await preflight(after)]).toEqual([undefined, after])
  expect([(await beat(before, 3)).status, (await beat(after, 4)).status]).toEqual([403, 200])
})

test('origins that were read before a change and answered after it are not kept', async () => {
  const { providerId } = await createMarket(api)
  const { db, clock } = api.deps
  let answer = () => {}
  const query: typeof db.batch.query = async (sql, values) => {
    const rows = await db.batch.query<never>(sql, values)
    await new Promise<void>((resolve) => {
      answer = resolve
    })
    return rows
  }
  const origins = createOrigins({ db: { ...db, batch: { query } }, clock })
  const read = async (whileReading?: () => Promise<unknown>) => {
    const [answered, before] = [origins.of({ tenantId: PUBLIC_TENANT_ID, providerId }), answer]
    await expect.poll(() => answer !== before).toBe(true)
    await whileReading?.()
    answer()
    return answered
  }
  await read(async () => {
    await db.batch.query(`update providers set allowed_origins = '{http://localhost:4012}' where id = $1`, [
      providerId,
    ])
    origins.forget()
  })
  expect(await read()).toEqual(['http://localhost:4012'])
})

test('however many pages of an app call at once, the database is asked once, and who may not ask refuses nobody else', async () => {
  const { db, clock } = api.deps
  let answer = () => {}
  const answered = new Promise<never[]>((resolve) => {
    answer = () => resolve([])
  })
  const query = vi.fn(() => answered)
  const origins = createOrigins({ db: { ...db, batch: { query } }, clock })
  const count = vi.fn(async () => undefined)
  const refused = origins.isKnown('https://app.example', () => Promise.reject(new Error('too many')))
  const calls = Array.from({ length: 50 }, () => origins.isKnown('https://app.example', count))
  await expect(refused).rejects.toThrow('too many')
  const late = Array.from({ length: 50 }, () => origins.isKnown('https://app.example', count))
  answer()
  expect(new Set(await Promise.all([...calls, ...late]))).toEqual(new Set([false]))
  expect([query.mock.calls.length, count.mock.calls.length]).toEqual([1, 50])
})

test('a page of a provider that was suspended hears that its session was revoked, for as long as one lives', async () => {
  const market = await createMarket(api)
  const origin = 'http://localhost:4022'
  const providerId = await addProvider(api, { ownerId: market.user.id, origin })
  const play = await openSession({ ...market, providerId })
  const operator = await addUser(api, { isOperator: true })
  const suspended = await api.call('POST', `/providers/${providerId}/suspend`, {
    token: operator.token,
    body: { reason: 'Not what it said.' },
  })
  expect(suspended.status).toBe(200)

  const preflight = () =>
    api.call('OPTIONS', `/api/v1/sessions/${play.sessionId}/heartbeat`, {
      headers: { origin, 'access-control-request-method': 'POST' },
    })
  expect((await preflight()).headers['access-control-allow-origin']).toBe(origin)
  const beat = await api.call('POST', `/api/v1/sessions/${play.sessionId}/heartbeat`, {
    token: play.sessionJwt,
    body: { clientId: play.clientId, sequence: 1 },
    headers: { origin },
  })
  expect([beat.status, beat.body.session.endReason]).toEqual([200, 'revoked'])
  expect(beat.headers['access-control-allow-origin']).toBe(origin)

  api.clock.advance({ hours: 24, seconds: 1 })
  api.deps.origins.forget()
  expect((await preflight()).headers['access-control-allow-origin']).toBeUndefined()
})
