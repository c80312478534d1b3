import { afterAll, beforeAll, expect, test } from 'vitest'
import { addProvider, addUser } from '../../test/harness.ts'
import { type SessionMarket, startSessionMarket } from '../../test/session-market.ts'
import { sweepSessions } from '../sessions/sweep-sessions.ts'

let it: SessionMarket
beforeAll(async () => {
  it = await startSessionMarket()
})
afterAll(() => it.close())

const sweep = () =>
  sweepSessions(it.api.deps.db, { now: it.api.clock.now(), marketplaceUrl: 'http://localhost:4001' })
const beat = (id: string, { clientId, sessionJwt }: { clientId: string; sessionJwt: string }) =>
  it.api.call('POST', `/api/v1/sessions/${id}/heartbeat`, {
    token: sessionJwt,
    body: { clientId, sequence: 1, activeMs: 0 },
  })

test('the funnel says how far sessions came and where the others broke off', async () => {
  const { api, users, owner, providerId } = it
  const user = users[0]!
  await it.play({ user, minutes: 2 })
  await it.play({ user, minutes: 1 })
  // Never validated; validated and never used; used and left.
  await it.open(user)
  await it.validate(await it.open(user))
  const left = await it.validate(await it.open(user))
  await beat(left.session.id, left)
  api.clock.advance({ minutes: 45 })
  await sweep()
  const running = await it.validate(await it.open(user))
  const funnel = async () => (await it.as(owner, 'GET', `/providers/${providerId}/analytics/funnel`)).body
  expect(await funnel()).toMatchObject({
    opened: 6,
    validated: 5,
    firstBeat: 3,
    completed: 2,
    ended: { completed: 2, expired: 0, abandoned: 2, cancelled: 1, revoked: 0 },
    brokenOff: { neverValidated: 1, neverUsed: 1, whileUsed: 1 },
    running: 1,
  })
  await beat(running.session.id, running)
  expect(await funnel()).toMatchObject({ firstBeat: 4, running: 1 })
  // By the day it was opened, not by when it ended.
  api.clock.advance({ hours: 24 })
  const today = api.clock.now().toISOString().slice(0, 10)
  const path = `/providers/${providerId}/analytics/funnel?from=${today}&to=${today}`
  expect((await it.as(owner, 'GET', path)).body).toMatchObject({ opened: 0, running: 0 })
})

test('a timeline tells every change and every token of a session, in order', async () => {
  const { api, users, owner, providerId } = it
  const begin = api.clock.now().getTime()
  const opened = await it.open(users[1]!, providerId, 10)
  api.clock.advance({ seconds: 5 })
  const client = await it.validate(opened)
  const id = opened.session.id
  const tell = (verb: string, body: object) =>
    api.call('POST', `/api/v1/sessions/${id}/${verb}`, {
      token: client.sessionJwt,
      body: { clientId: client.clientId, ...body },
    })
  api.clock.advance({ seconds: 30 })
  await tell('pause', { sequence: 1, activeMs: 30_000 })
  api.clock.advance({ minutes: 2 })
  await tell('resume', { sequence: 2 })
  await it.as(users[1]!, 'POST', `/sessions/${id}/extend`, { body: { minutes: 5 } })
  api.clock.advance({ seconds: 30 })
  await tell('complete', { sequence: 3, activeMs: 30_000 })

  const { status, body } = await it.as(owner, 'GET', `/providers/${providerId}/sessions/${id}/timeline`)
  expect(status).toBe(200)
  expect(body).toMatchObject({
    sessionId: id,
    status: 'ended',
    endReason: 'completed',
    usedMs: 60_000,
    unbilledMs: 0,
    pausedMs: 120_000,
    hasShortLease: false,
  })
  const lines = body.entries.map((entry: { at: string; what: string; usedMs: number; tokens: number }) => [
    (Date.parse(entry.at) - begin) / 1000,
    entry.what,
    entry.usedMs,
    entry.tokens,
  ])
  expect(lines).toEqual([
    [0, 'opened', 0, null],
    [5, 'started', 0, 40],
    [35, 'paused', 30_000, 40],
    [155, 'resumed', 30_000, 40],
    [155, 'extended', 30_000, 60],
    [185, 'completed', 60_000, 60],
    [185, 'charge', null, 4],
    [185, 'fee', null, 1],
  ])
  expect(JSON.stringify(body)).not.toContain(users[1]!.id)
})

test('another provider’s sessions and figures do not exist', async () => {
  const { api, users, owner, providerId } = it
  const { session } = await it.open(users[2]!)
  const stranger = await addUser(api)
  const theirs = await addProvider(api, { ownerId: stranger.id })
  const path = `/providers/${providerId}/sessions/${session.id}/timeline`
  expect((await api.call('GET', path)).status).toBe(401)
  expect((await it.as(stranger, 'GET', path)).body.code).toBe('provider_not_found')
  const across = await it.as(stranger, 'GET', `/providers/${theirs}/sessions/${session.id}/timeline`)
  expect([across.status, across.body.code]).toEqual([404, 'session_not_found'])
  const funnel = await it.as(stranger, 'GET', `/providers/${providerId}/analytics/funnel`)
  expect([funnel.status, funnel.body.code]).toEqual([404, 'provider_not_found'])
  const issue = async (mode: string, scopes: string[]) =>
    (
      await it.as(owner, 'POST', `/providers/${providerId}/api-keys`, {
        body: { name: 'Test', scopes, mode },
      })
    ).body.secret
  expect((await api.call('GET', path, { token: await issue('live', ['sessions:read']) })).status).toBe(200)
  const test = await api.call('GET', path, { token: await issue('test', ['sessions:read']) })
  expect(test.body.code).toBe('session_not_found')
  const wrong = await api.call('GET', path, { token: await issue('live', ['analytics:read']) })
  expect(wrong.body.code).toBe('forbidden')
})
