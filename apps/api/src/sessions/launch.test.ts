import { decodeJwt, decodeProtectedHeader } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { accessTokenOf, addProvider, addUser, startTestApi, type TestApi } from '../../test/harness.ts'
import { createMarket, type Market, openSession, validateLaunch } from '../../test/play.ts'
import { checkLedger } from '../ledger/check-ledger.ts'

let api: TestApi
let market: Market

beforeAll(async () => {
  api = await startTestApi()
  market = await createMarket(api, { tokens: 1_000_000 })
})
afterEach(async () => {
  expect((await api.deps.db.inBatch(checkLedger)).findings).toEqual([])
})
afterAll(() => api.close())

describe('opening', () => {
  test('200 racing openings for the money of one: one 201, the rest 402 with the numbers', async () => {
    const user = await addUser(api, { tokens: 150 })
    const answers = await Promise.all(
      Array.from({ length: 200 }, () =>
        api.call('POST', '/sessions', {
          token: user.token,
          body: { providerId: market.providerId, durationMinutes: 30 },
        }),
      ),
    )
    const opened = answers.filter(({ status }) => status === 201)
    const refused = answers.filter(({ status }) => status === 402)
    expect([opened.length, refused.length]).toEqual([1, 199])
    expect(refused[0]?.body).toMatchObject({ code: 'insufficient_tokens', required: 120, available: 30 })
  })

  test('the launch JWT and URL are what the contract says', async () => {
    const play = await openSession(market, { validate: false })
    const seconds = Math.floor(api.clock.now().getTime() / 1000)
    expect(decodeProtectedHeader(play.launchJwt)).toMatchObject({ alg: 'ES256', typ: 'launch+jwt' })
    const session = (await play.look()).body
    expect(decodeJwt(play.launchJwt)).toEqual({
      iss: 'http://localhost:4000',
      aud: market.providerId,
      sub: session.userRef,
      jti: expect.any(String),
      sid: play.sessionId,
      tid: 'ten_00000000000000000000000000',
      iat: seconds,
      nbf: seconds,
      exp: seconds + 120,
    })
    await validateLaunch(play)
    expect(decodeProtectedHeader(play.sessionJwt)).toMatchObject({ alg: 'ES256', typ: 'session+jwt' })
    expect(decodeJwt(play.sessionJwt)).toEqual({
      iss: 'http://localhost:4000',
      aud: market.providerId,
      sub: session.userRef,
      sid: play.sessionId,
      tid: 'ten_00000000000000000000000000',
      cid: play.clientId,
      iat: seconds,
      exp: seconds + 86_400,
    })
  })

  test('in the fragment where the provider chose so', async () => {
    await api.deps.db.batch.query(
      'update providers set launch_in_fragment = true, launch_url = $2 where id = $1',
      [market.providerId, 'http://localhost:4002/app?a=1'],
    )
    const created = await api.call('POST', '/sessions', {
      token: await accessTokenOf(api, market.user.id),
      body: { providerId: market.providerId, durationMinutes: 1 },
    })
    expect(created.body.launchUrl).toBe(`http://localhost:4002/app?a=1#launch_jwt=${created.body.launchJwt}`)
    await api.deps.db.batch.query('update providers set launch_in_fragment = false where id = $1', [
      market.providerId,
    ])
  })

  test('userRef is stable per user and provider, and different for each provider', async () => {
    const otherProvider = await addProvider(api, { ownerId: market.user.id })
    const refs = []
    for (const providerId of [market.providerId, market.providerId, otherProvider]) {
      refs.push((await (await openSession({ ...market, providerId })).look()).body.userRef)
    }
    expect(refs[0]).toBe(refs[1])
    expect(refs[2]).not.toBe(refs[0])
  })

  test.each([
    [{ providerId: 'prv_00000000000000000000000000', durationMinutes: 1 }, 404, 'provider_not_found'],
    [{ durationMinutes: 0 }, 400, 'validation_failed'],
    [{ durationMinutes: 481 }, 400, 'validation_failed'],
    [{ durationMinutes: 1.5 }, 400, 'validation_failed'],
    [{ durationMinutes: '1' }, 400, 'validation_failed'],
    [{ durationMinutes: 1, extra: true }, 400, 'validation_failed'],
  ])('refuses %j with %i', async (body, status, code) => {
    const answer = await api.call('POST', '/sessions', {
      token: await accessTokenOf(api, market.user.id),
      body: { providerId: market.providerId, ...body },
    })
    expect([answer.status, answer.body.code]).toEqual([status, code])
  })

  test('the same Idempotency-Key opens one session, and gives the first answer byte for byte', async () => {
    const user = await addUser(api, { tokens: 1_000 })
    const open = (minutes: number) =>
      api.call('POST', '/sessions', {
        token: user.token,
        body: { providerId: market.providerId, durationMinutes: minutes },
        headers: { 'idempotency-key': 'key-1' },
      })
    const first = await open(10)
    api.clock.advance({ seconds: 5 })
    const again = await open(10)
    expect(again.text).toBe(first.text)
    expect([again.status, again.headers['idempotent-replayed']]).toEqual([201, 'true'])
    expect((await open(11)).body.code).toBe('idempotency_key_reused')
    const { body } = await api.call('GET', '/sessions', { token: user.token })
    expect(body.items).toHaveLength(1)
  })

  test('a key is its caller’s and its route’s own, and kept for 24 hours', async () => {
    const [mine, other] = [await addUser(api, { tokens: 1_000 }), await addUser(api, { tokens: 1_000 })]
    const post = async ({ id }: { id: string }, path: string, body?: object) =>
      api.call('POST', path, {
        token: await accessTokenOf(api, id),
        ...(body && { body }),
        headers: { 'idempotency-key': 'one-for-all' },
      })
    const open = (user: { id: string }) =>
      post(user, '/sessions', { providerId: market.providerId, durationMinutes: 10 })
    const first = await open(mine)
    const ids = new Set([first.body.session.id, (await open(other)).body.session.id])
    expect((await post(mine, `/sessions/${first.body.session.id}/relaunch`)).status).toBe(200)
    api.clock.advance({ hours: 23 })
    expect((await open(mine)).text).toBe(first.text)
    api.clock.advance({ hours: 1 })
    ids.add((await open(mine)).body.session.id)
    expect(ids.size).toBe(3)
  })

  test('a refusal is an answer too: the same key is refused alike, even when there is money now', async () => {
    const user = await addUser(api)
    const open = () =>
      api.call('POST', '/sessions', {
        token: user.token,
        body: { providerId: market.providerId, durationMinutes: 10 },
        headers: { 'idempotency-key': 'k' },
      })
    const first = await open()
    expect(first.status).toBe(402)
    await api.deps.db.batch.query(
      `select credit_wallet('ten_00000000000000000000000000', $1, 'promotion', 'promotions',
      1000, null, null, 'Gift', array[$2, $3], now())`,
      [user.id, `trf_${user.id}1`, `trf_${user.id}2`],
    )
    const again = await open()
    expect([again.status, again.text, again.headers['content-type']]).toEqual([
      402,
      first.text,
      'application/problem+json; charset=utf-8',
    ])
  })

  test('20 racing requests with one key: one session, the others wait or get its answer', async () => {
    const user = await addUser(api, { tokens: 1_000 })
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        api.call('POST', '/sessions', {
          token: user.token,
          body: { providerId: market.providerId, durationMinutes: 1 },
          headers: { 'idempotency-key': 'race' },
        }),
      ),
    )
    for (const { status, headers } of answers) {
      expect([201, 409]).toContain(status)
      if (status === 409) expect(headers['retry-after']).toBe('1')
    }
    expect(new Set(answers.filter(({ status }) => status === 201).map(({ text }) => text)).size).toBe(1)
  })
})

describe('validating', () => {
  test('the first client holds the session; the same may ask again, any other is refused and disturbs nobody', async () => {
    const play = await openSession(market)
    await play.use(60)
    const stolen = await validateLaunch(play, { clientId: 'thief_00001' })
    expect([stolen.status, stolen.body.code]).toEqual([409, 'launch_already_used'])
    const again = await validateLaunch(play)
    expect(again.status).toBe(200)
    expect(again.body.session).toMatchObject({ usedMs: 60_000, sequence: 2 })
    expect((await play.beat({ afterSeconds: 30 })).body.session.usedMs).toBe(90_000)
  })

  test('asked again before the first beat, the answer was lost: the clock starts with the second one', async () => {
    const play = await openSession(market)
    api.clock.advance({ seconds: 40 })
    const again = await validateLaunch(play)
    expect(again.body.session).toMatchObject({ usedMs: 0, remainingMs: 1_800_000 })
    expect((await play.beat({ afterSeconds: 30 })).body.session.usedMs).toBe(30_000)
    const [unbilled] = await api.deps.db.batch.query('select unbilled_ms as ms from sessions where id = $1', [
      play.sessionId,
    ])
    expect(unbilled).toEqual({ ms: 40_000 })
  })

  test('20 clients race for one launch JWT: one holds the session', async () => {
    const play = await openSession(market, { validate: false })
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        validateLaunch(play, { clientId: `racer_${String(i).padStart(4, '0')}` }),
      ),
    )
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(answers.filter(({ body }) => body.code === 'launch_already_used')).toHaveLength(19)
  })

  test('expired after 120 s, void after a relaunch, over after the session', async () => {
    const play = await openSession(market, { validate: false })
    const relaunched = await play.market('POST', '/relaunch')
    expect((await validateLaunch(play)).body.code).toBe('launch_invalid')
    api.clock.advance({ seconds: 120 })
    const late = await validateLaunch(play, { launchJwt: relaunched.body.launchJwt })
    expect([late.status, late.body.code]).toEqual([401, 'launch_expired'])
    expect(late.body.returnUrl).toBe(`http://localhost:4001/?session=${play.sessionId}`)
    const back = await play.market('POST', '/relaunch')
    await validateLaunch(play, { launchJwt: back.body.launchJwt })
    await play.call('complete')
    const over = await validateLaunch(play, { launchJwt: back.body.launchJwt })
    expect([over.status, over.body.code]).toEqual([409, 'session_ended'])
  })

  test('a foreign origin is refused and spends nothing; the provider’s own and none at all pass', async () => {
    const play = await openSession(market, { validate: false })
    for (const origin of ['https://evil.example', 'null', 'http://localhost:4001', 'HTTP://LOCALHOST:4002']) {
      const answer = await validateLaunch(play, { origin })
      expect([answer.status, answer.body.code]).toEqual([403, 'origin_not_allowed'])
    }
    expect((await validateLaunch(play, { origin: 'http://localhost:4002' })).status).toBe(200)
    const foreign = await api.call('POST', `/api/v1/sessions/${play.sessionId}/heartbeat`, {
      token: play.sessionJwt,
      body: { clientId: play.clientId, sequence: 1 },
      headers: { origin: 'https://evil.example' },
    })
    expect(foreign.body.code).toBe('origin_not_allowed')
    expect((await play.read()).body.session.sequence).toBe(0)
  })

  test('a suspended provider: nothing new opens, pending ones are cancelled, running ones revoked and charged to the last beat', async () => {
    const providerId = await addProvider(api, { ownerId: market.user.id })
    const there = { ...market, providerId }
    const [pending, running] = [await openSession(there, { validate: false }), await openSession(there)]
    await running.use(60)
    api.clock.advance({ seconds: 20 })
    const operator = await addUser(api, { isOperator: true })
    const suspended = await api.call('POST', `/providers/${providerId}/suspend`, {
      token: operator.token,
      body: { reason: 'Not what it said.' },
    })
    expect(suspended.status).toBe(200)
    expect((await pending.look()).body).toMatchObject({ endReason: 'cancelled', tokensCharged: 0 })
    expect((await running.look()).body).toMatchObject({
      endReason: 'revoked',
      usedMs: 60_000,
      tokensCharged: 4,
    })
    expect((await running.beat()).body.session.endReason).toBe('revoked')
    await expect(openSession(there)).rejects.toThrow('provider_not_found')
    expect((await running.market('POST', '/relaunch')).body.code).toBe('session_ended')
  })

  test.each([
    { kind: 'pending', reason: 'cancelled' },
    { kind: 'running', reason: 'revoked' },
  ])('suspended between launching and validating a $kind session: refused and $reason', async ({
    kind,
    reason,
  }) => {
    const providerId = await addProvider(api, { ownerId: market.user.id })
    const play = await openSession({ ...market, providerId }, { validate: kind === 'running' })
    const { launchJwt } = (await play.market('POST', '/relaunch')).body
    await api.deps.db.batch.query(`update providers set status = 'suspended' where id = $1`, [providerId])
    expect((await play.market('POST', '/relaunch')).body.code).toBe('session_ended')
    const refused = await validateLaunch(play, { launchJwt, clientId: 'another_one' })
    expect(refused.body.code).toBe('session_ended')
    expect((await play.look()).body.endReason).toBe(reason)
  })
})

describe('relaunching', () => {
  test('a tab closed by mistake: back in at no charge, on the same clock, and the old client is superseded', async () => {
    const play = await openSession(market)
    await play.use(60)
    await play.beat({ final: true })
    api.clock.advance({ seconds: 90 })
    const relaunched = await play.market('POST', '/relaunch')
    expect(relaunched.body.session.tokensHeld).toBe(120)
    const old = { token: play.sessionJwt, clientId: play.clientId }
    play.clientId = 'second_client'
    await validateLaunch(play, { launchJwt: relaunched.body.launchJwt })
    expect((await play.read()).body.session).toMatchObject({ usedMs: 60_000, sequence: 0, status: 'active' })
    for (const answer of [
      await api.call('POST', `/api/v1/sessions/${play.sessionId}/heartbeat`, {
        token: old.token,
        body: { clientId: old.clientId, sequence: 99 },
      }),
      await api.call('POST', `/api/v1/sessions/${play.sessionId}/pause`, { token: old.token, body: {} }),
      await api.call('POST', `/api/v1/sessions/${play.sessionId}/complete`, {
        token: old.token,
        body: {},
      }),
      await api.call('GET', `/api/v1/sessions/${play.sessionId}`, { token: old.token }),
    ]) {
      expect([answer.status, answer.body.code]).toEqual([409, 'session_superseded'])
    }
    expect((await play.use(30)).body.session.usedMs).toBe(90_000)
  })

  test('an unused relaunch leaves the running client alone; a paused session stays paused', async () => {
    const play = await openSession(market)
    await play.market('POST', '/relaunch')
    expect((await play.beat({ afterSeconds: 30 })).status).toBe(200)
    await play.call('pause')
    const relaunched = await play.market('POST', '/relaunch')
    play.clientId = 'other_client'
    expect((await validateLaunch(play, { launchJwt: relaunched.body.launchJwt })).body.session.status).toBe(
      'paused',
    )
    expect((await play.call('resume')).body.session.status).toBe('active')
  })

  test('a stranger’s session does not exist', async () => {
    const play = await openSession(market)
    const stranger = await addUser(api, { tokens: 100 })
    for (const [method, path] of [
      ['GET', ''],
      ['POST', '/relaunch'],
      ['POST', '/pause'],
      ['POST', '/resume'],
    ] as const) {
      const answer = await api.call(method, `/sessions/${play.sessionId}${path}`, { token: stranger.token })
      expect([answer.status, answer.body.code]).toEqual([404, 'session_not_found'])
    }
    const extend = await api.call('POST', `/sessions/${play.sessionId}/extend`, {
      token: stranger.token,
      body: { minutes: 1 },
    })
    expect(extend.status).toBe(404)
    const complete = await api.call('POST', `/api/v1/sessions/${play.sessionId}/complete`, {
      token: stranger.token,
      body: {},
    })
    expect(complete.status).toBe(404)
    const other = await openSession(market)
    const crossed = await api.call('GET', `/api/v1/sessions/${other.sessionId}`, { token: play.sessionJwt })
    expect(crossed.status).toBe(404)
  })
})

describe('extending', () => {
  test('a second hold at the price of opening, whatever the price is now; captured oldest first', async () => {
    const providerId = await addProvider(api, { ownerId: market.user.id, tokensPerMinute: 4 })
    const play = await openSession({ ...market, providerId }, { minutes: 1, validate: false })
    api.clock.advance({ ms: 1 })
    await validateLaunch(play)
    await api.deps.db.batch.query('update providers set tokens_per_minute = 9 where id = $1', [providerId])
    const extended = await play.market('POST', '/extend', { minutes: 2 })
    expect(extended.body.session).toMatchObject({ durationSeconds: 180, tokensHeld: 12, tokensPerMinute: 4 })
    expect((await play.use(90)).body.session.remainingMs).toBe(90_000)
    await play.call('complete')
    const holds = await api.deps.db.batch.query(
      'select amount, captured, released from holds where reference = $1 order by id',
      [play.sessionId],
    )
    expect(holds).toEqual([
      { amount: 4, captured: 4, released: 0 },
      { amount: 8, captured: 2, released: 6 },
    ])
    expect((await play.market('POST', '/extend', { minutes: 1 })).body.code).toBe('session_ended')
  })

  test('refused without the tokens, and past the session’s 24 hours', async () => {
    const poor = { ...market, user: await addUser(api, { tokens: 120 }) }
    const play = await openSession(poor)
    expect((await play.market('POST', '/extend', { minutes: 1 })).body).toMatchObject({
      code: 'insufficient_tokens',
      required: 4,
      available: 0,
    })
    const long = await openSession(market, { minutes: 480 })
    await long.market('POST', '/extend', { minutes: 480 })
    expect((await long.market('POST', '/extend', { minutes: 480 })).status).toBe(200)
    expect((await long.market('POST', '/extend', { minutes: 1 })).body.code).toBe('session_too_long')
  })
})
