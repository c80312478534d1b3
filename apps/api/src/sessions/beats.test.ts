import { afterAll, beforeAll, expect, test } from 'vitest'
import { accessTokenOf, startTestApi, type TestApi } from '../../test/harness.ts'
import { createMarket, type Market, openSession } from '../../test/play.ts'

let api: TestApi
let market: Market

beforeAll(async () => {
  api = await startTestApi()
  market = await createMarket(api, { tokens: 1_000_000 })
})
afterAll(() => api.close())

test('a repeated or late beat changes nothing and gets the current state', async () => {
  const play = await openSession(market)
  await play.use(60)
  api.clock.advance({ seconds: 10 })
  for (const sequence of [2, 1]) {
    const answer = await api.call('POST', `/api/v1/sessions/${play.sessionId}/heartbeat`, {
      token: play.sessionJwt,
      body: { clientId: play.clientId, sequence, activeMs: 99_000 },
    })
    expect(answer.body.session).toMatchObject({ sequence: 2, usedMs: 70_000 })
  }
  api.clock.advance({ seconds: 20 })
  expect((await play.beat()).body.session.usedMs).toBe(90_000)
})

test('a beat while paused adds nothing, but its number counts', async () => {
  const play = await openSession(market)
  await play.use(30)
  await play.call('pause', { clientId: play.clientId, sequence: 2, activeMs: 0 })
  play.sequence = 2
  const beaten = await play.beat({ afterSeconds: 30, activeMs: 30_000 })
  expect(beaten.body.session).toMatchObject({ status: 'paused', usedMs: 30_000, sequence: 3 })
})

test('a pause counts what passed since the last beat; an overtaken one changes nothing', async () => {
  const play = await openSession(market)
  await play.use(30)
  api.clock.advance({ seconds: 20 })
  const paused = await play.call('pause', { clientId: play.clientId, sequence: 5, activeMs: 20_000 })
  expect(paused.body.session).toMatchObject({ status: 'paused', usedMs: 50_000, sequence: 5 })
  expect((await play.call('resume', { sequence: 6 })).body.session.status).toBe('active')
  expect((await play.call('pause', { sequence: 4 })).body.session.status).toBe('active')
  expect((await play.call('pause', { sequence: 7 })).body.session.status).toBe('paused')
  expect((await play.call('pause')).body.session.status).toBe('paused')
})

test('a resume whose answer was lost is sent again: the clock starts with the second one', async () => {
  const play = await openSession(market)
  await play.use(30)
  await play.call('pause', { clientId: play.clientId, sequence: 2, activeMs: 0 })
  await play.call('resume', { clientId: play.clientId, sequence: 3 })
  api.clock.advance({ seconds: 20 })
  const again = await play.call('resume', { clientId: play.clientId, sequence: 4 })
  expect(again.body.session).toMatchObject({ status: 'active', usedMs: 30_000 })
  play.sequence = 4
  expect((await play.beat({ afterSeconds: 30 })).body.session.usedMs).toBe(60_000)
})

test('a resume that the network delivers twice starts the clock once', async () => {
  const play = await openSession(market)
  await play.use(30)
  await play.call('pause', { clientId: play.clientId, sequence: 2, activeMs: 0 })
  await play.call('resume', { clientId: play.clientId, sequence: 3 })
  api.clock.advance({ seconds: 20 })
  const copy = await play.call('resume', { clientId: play.clientId, sequence: 3 })
  expect(copy.body.session).toMatchObject({ status: 'active', usedMs: 50_000, sequence: 3 })
  play.sequence = 3
  expect((await play.beat({ afterSeconds: 10 })).body.session.usedMs).toBe(60_000)
})

test('a pause made in the marketplace is resumed only there', async () => {
  const play = await openSession(market)
  await play.use(30)
  expect((await play.market('POST', '/pause')).body.session.status).toBe('paused')
  const refused = await play.call('resume')
  expect([refused.status, refused.body.code]).toEqual([409, 'session_paused_by_user'])
  expect((await play.market('POST', '/resume')).body.session.status).toBe('active')
})

test('another client’s beat is refused, whatever JWT it has', async () => {
  const play = await openSession(market)
  const answer = await api.call('POST', `/api/v1/sessions/${play.sessionId}/heartbeat`, {
    token: play.sessionJwt,
    body: { clientId: 'somebody_else', sequence: 1 },
  })
  expect([answer.status, answer.body.code]).toEqual([409, 'session_superseded'])
})

test('a page that is being closed sends text/plain with its session JWT inside', async () => {
  const play = await openSession(market)
  api.clock.advance({ seconds: 20 })
  const body = { clientId: play.clientId, sequence: 1, activeMs: 20_000, final: true }
  const sent = await api.call('POST', `/api/v1/sessions/${play.sessionId}/heartbeat`, {
    text: JSON.stringify({ ...body, sessionJwt: play.sessionJwt }),
    headers: { 'content-type': 'text/plain;charset=UTF-8' },
  })
  expect(sent.status).toBe(200)
  expect(sent.body.session).toMatchObject({ usedMs: 20_000, serveUntil: null })
  const asJson = await api.call('POST', `/api/v1/sessions/${play.sessionId}/heartbeat`, {
    body: { ...body, sequence: 2, sessionJwt: play.sessionJwt },
  })
  expect(asJson.status).toBe(401)
  const elsewhere = await api.call('POST', '/sessions', {
    text: '{}',
    headers: { 'content-type': 'text/plain' },
  })
  expect(elsewhere.status).toBe(415)
})

// Media types know no case (RFC 9110, 8.3.1).
test.each([
  'Text/Plain;charset=UTF-8',
  'TEXT/PLAIN',
  'text/plain ; charset=utf-8',
])('text/plain may be written %s', async (type) => {
  const play = await openSession(market)
  const sent = await api.call('POST', `/api/v1/sessions/${play.sessionId}/heartbeat`, {
    text: JSON.stringify({ clientId: play.clientId, sequence: 1, sessionJwt: play.sessionJwt }),
    headers: { 'content-type': type },
  })
  expect(sent.status).toBe(200)
})

test.each(['application/json', 'text/plain'])('%s of nothing is nothing to tell', async (type) => {
  const play = await openSession(market)
  const sent = await api.call('POST', `/api/v1/sessions/${play.sessionId}/pause`, {
    token: play.sessionJwt,
    text: '',
    headers: { 'content-type': type },
  })
  expect([sent.status, sent.body.session?.status]).toEqual([200, 'paused'])
})

test('text/plain is read as strictly as JSON', async () => {
  const play = await openSession(market)
  const send = (text: string) =>
    api.call('POST', `/api/v1/sessions/${play.sessionId}/complete`, {
      token: play.sessionJwt,
      text,
      headers: { 'content-type': 'text/plain' },
    })
  expect((await send('{ "reason": "\\ud800" }')).body.code).toBe('validation_failed')
  expect((await send('{ "__proto__": {} }')).body.code).toBe('malformed_json')
})

test.each([
  [{ sequence: 0 }],
  [{ sequence: 1.5 }],
  [{ sequence: '1' }],
  [{ sequence: 1e300 }],
  [{ activeMs: -1 }],
  [{ activeMs: 0.5 }],
  [{ activeMs: 86_400_001 }],
  [{ clientId: 'short' }],
  [{ clientId: 'white space' }],
  [{ clientId: 'x'.repeat(65) }],
  [{ final: 'yes' }],
  [{ usedMs: 1 }],
])('refuses a beat with %j', async (wrong) => {
  const play = await openSession(market)
  const answer = await api.call('POST', `/api/v1/sessions/${play.sessionId}/heartbeat`, {
    token: play.sessionJwt,
    body: { clientId: play.clientId, sequence: 1, ...wrong },
  })
  expect([answer.status, answer.body.code]).toEqual([400, 'validation_failed'])
  expect(answer.body.errors[0].path).toBe(`/${Object.keys(wrong)[0]}`)
})

test('many beats at once are written together, each once and each with its own answer', async () => {
  const plays = await Promise.all(Array.from({ length: 40 }, () => openSession(market)))
  api.clock.advance({ seconds: 30 })
  const answers = await Promise.all(plays.flatMap((play) => [play.beat(), play.beat(), play.beat()]))
  expect(answers.every(({ status }) => status === 200)).toBe(true)
  plays.forEach((play, i) => {
    const mine = answers.slice(i * 3, i * 3 + 3).map(({ body }) => body.session)
    expect(new Set(mine.map(({ id }) => id))).toEqual(new Set([play.sessionId]))
    expect(mine.map(({ usedMs }) => usedMs)).toEqual([30_000, 30_000, 30_000])
  })
})

test('the user’s list shows all sessions, newest first, a page at a time, by status', async () => {
  const mine = await createMarket(api)
  const ids: string[] = []
  for (let i = 0; i < 5; i += 1) {
    api.clock.advance({ ms: 5 })
    ids.unshift((await openSession(mine, { minutes: 1 })).sessionId)
  }
  const token = await accessTokenOf(api, mine.user.id)
  const first = await api.call('GET', '/sessions?limit=3', { token })
  const second = await api.call('GET', `/sessions?limit=3&cursor=${first.body.nextCursor}`, { token })
  expect([...first.body.items, ...second.body.items].map(({ id }) => id)).toEqual(ids)
  expect(second.body.nextCursor).toBe(null)
  expect((await api.call('GET', '/sessions?status=ended', { token })).body.items).toEqual([])
  for (const query of ['limit=0', 'limit=101', 'limit=x', 'cursor=forged', 'status=odd', 'more=1']) {
    expect((await api.call('GET', `/sessions?${query}`, { token })).body.code).toBe('validation_failed')
  }
})
