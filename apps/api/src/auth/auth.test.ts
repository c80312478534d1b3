import { decodeJwt, decodeProtectedHeader } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startCapturedApp } from '../../test/captured-log.ts'
import { connectAs } from '../../test/database.ts'
import { accessTokenOf, addProvider, addUser, startTestApi, type TestApi } from '../../test/harness.ts'
import { createId, PUBLIC_TENANT_ID } from '../id.ts'
import { ensureOperator } from './ensure-operator.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())

const password = 'correct horse battery'
let count = 0
const freshEmail = () => `person-${++count}@example.com`
const register = (email: string, more: object = {}) =>
  api.call('POST', '/auth/register', { body: { email, password, ...more } })
const login = (email: string, secret = password) =>
  api.call('POST', '/auth/login', { body: { email, password: secret } })
const refresh = (refreshToken: string) => api.call('POST', '/auth/refresh', { body: { refreshToken } })

test('registering signs in and gives nothing for free', async () => {
  const answer = await register('Ada.Lovelace@Example.com', { displayName: '  Ada Lovelace ' })
  expect(answer.status).toBe(201)
  expect(answer.body).toEqual({
    user: {
      id: expect.stringMatching(/^usr_[0-9a-hjkmnp-tv-z]{26}$/),
      email: 'Ada.Lovelace@Example.com',
      displayName: 'Ada Lovelace',
      createdAt: '2026-03-01T12:00:00.000Z',
    },
    accessToken: expect.any(String),
    refreshToken: expect.stringMatching(/^tmr_/),
    tokenType: 'Bearer',
    expiresInSeconds: 900,
  })
  expect(decodeProtectedHeader(answer.body.accessToken)).toMatchObject({ alg: 'ES256', typ: 'at+jwt' })
  const issuedAt = api.clock.now().getTime() / 1000
  expect(decodeJwt(answer.body.accessToken)).toEqual({
    iss: 'http://localhost:4000',
    aud: 'marketplace',
    sub: answer.body.user.id,
    tid: PUBLIC_TENANT_ID,
    iat: issuedAt,
    exp: issuedAt + 900,
  })
  const profile = await api.call('GET', '/auth/profile', { token: answer.body.accessToken })
  expect(profile.body).toEqual({ ...answer.body.user, roles: ['user'] })
  const balance = await api.call('GET', '/tokens/balance', { token: answer.body.accessToken })
  expect(balance.body).toEqual({ available: 0, held: 0, total: 0 })
})

test('without a display name it is null', async () => {
  const answer = await register(freshEmail())
  expect(answer.body.user.displayName).toBeNull()
})

test('one address has one account, however it is written', async () => {
  expect((await register('zoë@bücher.example')).status).toBe(201)
  for (const again of [
    'ZOË@BÜCHER.EXAMPLE',
    ' zoë@xn--bcher-kva.example ',
    'zoë@bücher.example'.normalize('NFD'),
  ]) {
    const answer = await register(again)
    expect([again, answer.status, answer.body.code]).toEqual([again, 409, 'email_taken'])
    expect((await login(again)).status).toBe(200)
  }
})

test('twenty racing registrations of one address make one user', async () => {
  const email = freshEmail()
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, i) => register(i % 2 ? email : email.toUpperCase())),
  )
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
  expect(answers.filter(({ status, body }) => status === 409 && body.code === 'email_taken')).toHaveLength(19)
  const [found] = await api.deps.db.batch.query<{ users: number; wallets: number }>(
    `select count(*) as users, count(w.id) as wallets from users u
     left join wallets w on w.tenant_id = u.tenant_id and w.id = u.id where u.email_normalized = $1`,
    [email],
  )
  expect(found).toEqual({ users: 1, wallets: 1 })
})

test.each([
  ['an e-mail without @', { email: 'not-an-email' }, '/email'],
  ['an e-mail without a domain', { email: 'ada@' }, '/email'],
  ['a header in the e-mail', { email: 'ada@example.com\r\nbcc: x@example.com' }, '/email'],
  ['a NUL in the e-mail', { email: 'a\u0000da@example.com' }, '/email'],
  ['an e-mail that is too long', { email: `${'a'.repeat(250)}@example.com` }, '/email'],
  ['a password of 7 characters', { password: '1234567' }, '/password'],
  ['a password of 7 astral characters', { password: '🔑'.repeat(7) }, '/password'],
  ['a password of 129 characters', { password: 'x'.repeat(129) }, '/password'],
  ['a password that is no text', { password: 'passwor\ud800' }, '/password'],
  ['a password that is a number', { password: 12345678 }, '/password'],
  ['an empty name', { displayName: '' }, '/displayName'],
  ['a name of spaces', { displayName: '   ' }, '/displayName'],
  ['a name that nobody sees', { displayName: '\u200b\u00ad\u2060' }, '/displayName'],
  ['a control character in the name', { displayName: 'Ada\u0007' }, '/displayName'],
  ['a line break in the name', { displayName: 'Ada\nLovelace' }, '/displayName'],
  ['a reversed name', { displayName: 'Ada\u202egpj' }, '/displayName'],
  ['a name of 81 characters', { displayName: 'x'.repeat(81) }, '/displayName'],
  ['an unknown property', { isOperator: true }, '/isOperator'],
])('registering refuses %s', async (_, wrong, path) => {
  const answer = await register(freshEmail(), wrong)
  expect(answer.status).toBe(400)
  expect(answer.body.code).toBe('validation_failed')
  expect(answer.body.errors.map((error: { path: string }) => error.path)).toContain(path)
})

test('a password is 8 to 128 characters of any script', async () => {
  for (const secret of ['12345678', '密码密码密码密码', '🔑'.repeat(128), 'x'.repeat(128)]) {
    const email = freshEmail()
    expect((await register(email, { password: secret })).status).toBe(201)
    expect((await login(email, secret)).status).toBe(200)
  }
})

test('a password typed on another system is the same password', async () => {
  const email = freshEmail()
  await register(email, { password: 'Ångström é'.normalize('NFC') })
  expect((await login(email, 'Ångström é'.normalize('NFD'))).status).toBe(200)
})

test('malformed JSON, another media type and a huge body are refused as such', async () => {
  const malformed = await api.call('POST', '/auth/register', { text: '{"email":' })
  expect([malformed.status, malformed.body.code]).toEqual([400, 'malformed_json'])
  const media = await api.call('POST', '/auth/login', {
    text: '<a/>',
    headers: { 'content-type': 'text/xml' },
  })
  expect([media.status, media.body.code]).toEqual([415, 'unsupported_media_type'])
  const huge = await api.call('POST', '/auth/login', { body: { email: 'x'.repeat(100_000), password } })
  expect([huge.status, huge.body.code]).toEqual([413, 'payload_too_large'])
})

test('an unknown address and a wrong password look the same', async () => {
  const email = freshEmail()
  await register(email)
  // Here somebody has signed in to it before.
  await login(email, password)
  const wrong = await login(email, 'wrong password')
  const strip = ({ requestId, ...body }: Record<string, unknown>) => body
  for (const nobody of ['nobody@example.com', 'not an e-mail', 'a\u0000@example.com']) {
    const unknown = await login(nobody, 'wrong password')
    expect([unknown.status, wrong.status]).toEqual([401, 401])
    expect(strip(unknown.body)).toEqual(strip(wrong.body))
    expect(Object.keys(unknown.headers).sort()).toEqual(Object.keys(wrong.headers).sort())
    expect(unknown.headers['ratelimit-policy']).toBe(wrong.headers['ratelimit-policy'])
  }
  expect(wrong.body.code).toBe('invalid_credentials')
})

test('an unknown address costs the work of a wrong password', async () => {
  const email = freshEmail()
  await register(email)
  const time = async (address: string) => {
    const started = performance.now()
    await login(address, 'wrong password')
    return performance.now() - started
  }
  let [known, unknown] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
  // In turns, because a machine is busier at one time than at another; the fastest is what the work itself takes.
  for (let i = 0; i < 15; i += 1) {
    known = Math.min(known, await time(email))
    unknown = Math.min(unknown, await time('nobody@example.com'))
  }
  expect(unknown).toBeGreaterThan(known / 2)
  expect(unknown).toBeLessThan(known * 2)
})

test('signing in gives the same shape as registering', async () => {
  const email = freshEmail()
  const registered = await register(email)
  const answer = await login(email.toUpperCase())
  expect(answer.status).toBe(200)
  expect(Object.keys(answer.body)).toEqual(Object.keys(registered.body))
  expect(answer.body.user).toEqual(registered.body.user)
  expect(answer.body.refreshToken).not.toBe(registered.body.refreshToken)
})

test('a refresh token works once and brings the next', async () => {
  const { body } = await register(freshEmail())
  const second = await refresh(body.refreshToken)
  expect(second.status).toBe(200)
  expect(Object.keys(second.body).sort()).toEqual([
    'accessToken',
    'expiresInSeconds',
    'refreshToken',
    'tokenType',
  ])
  const profile = await api.call('GET', '/auth/profile', { token: second.body.accessToken })
  expect(profile.body.id).toBe(body.user.id)
  expect((await refresh(second.body.refreshToken)).status).toBe(200)
})

test('reuse of an old refresh token ends the sign-in, and only that one', async () => {
  const email = freshEmail()
  const { body } = await register(email)
  const other = await login(email)
  const second = await refresh(body.refreshToken)
  const reused = await refresh(body.refreshToken)
  expect([reused.status, reused.body.code]).toEqual([401, 'refresh_token_invalid'])
  expect((await refresh(second.body.refreshToken)).status).toBe(401)
  expect((await refresh(other.body.refreshToken)).status).toBe(200)
})

test('a refresh that the database failed leaves the refresh token good', async () => {
  const { body } = await register(freshEmail())
  api.deps.signedOut.forget()
  const owner = await connectAs(api.databaseUrl)
  await owner.query('revoke select on users from tm_batch')
  const failed = await refresh(body.refreshToken)
  await owner.query('grant select on users to tm_batch')
  await owner.end()
  const repeated = failed.status === 200 ? failed : await refresh(body.refreshToken)
  expect(repeated.status).toBe(200)
})

test('of many racing refreshes one wins, and its family is over', async () => {
  const { body } = await register(freshEmail())
  const answers = await Promise.all(Array.from({ length: 10 }, () => refresh(body.refreshToken)))
  const winners = answers.filter(({ status }) => status === 200)
  expect(winners).toHaveLength(1)
  expect(answers.filter(({ status }) => status === 401)).toHaveLength(9)
  expect((await refresh(winners[0]!.body.refreshToken)).status).toBe(401)
})

test('a successor made while its family is revoked is dead', async () => {
  for (let round = 0; round < 5; round += 1) {
    const { body } = await register(freshEmail())
    const second = await refresh(body.refreshToken)
    const [, third] = await Promise.all([refresh(body.refreshToken), refresh(second.body.refreshToken)])
    if (third.status === 200) expect((await refresh(third.body.refreshToken)).status).toBe(401)
  }
})

test('a refresh token lives 30 days from its making', async () => {
  const { body } = await register(freshEmail())
  api.clock.advance({ hours: 30 * 24 - 1 })
  const second = await refresh(body.refreshToken)
  expect(second.status).toBe(200)
  api.clock.advance({ hours: 30 * 24 })
  const late = await refresh(second.body.refreshToken)
  expect([late.status, late.body.code]).toEqual([401, 'refresh_token_invalid'])
})

test('an unknown refresh token is refused', async () => {
  const answer = await refresh('tmr_nobody')
  expect([answer.status, answer.body.code]).toEqual([401, 'refresh_token_invalid'])
  expect((await refresh('')).status).toBe(400)
})

test('only hashes of refresh tokens are stored', async () => {
  const { body } = await register(freshEmail())
  const rows = await api.deps.db.batch.query<{ text: string }>(`select t::text as text from refresh_tokens t`)
  expect(rows.length).toBeGreaterThan(0)
  const secret = Buffer.from(body.refreshToken).toString('hex')
  for (const { text } of rows) {
    expect(text).not.toContain(body.refreshToken)
    expect(text).not.toContain(secret)
  }
})

test('a logout ends its sign-in, nobody else’s', async () => {
  const [mine, theirs] = [await register(freshEmail()), await register(freshEmail())]
  const out = (refreshToken: string) =>
    api.call('POST', '/auth/logout', { token: mine.body.accessToken, body: { refreshToken } })
  expect((await out(theirs.body.refreshToken)).status).toBe(204)
  expect((await refresh(theirs.body.refreshToken)).status).toBe(200)
  const answer = await out(mine.body.refreshToken)
  expect([answer.status, answer.text]).toEqual([204, ''])
  expect((await refresh(mine.body.refreshToken)).status).toBe(401)
  // Once more, and with one that never was: nothing to say about it.
  expect((await out(mine.body.refreshToken)).status).toBe(204)
  expect((await out('tmr_nobody')).status).toBe(204)
  const nobody = await api.call('POST', '/auth/logout', { body: { refreshToken: 'x' } })
  expect([nobody.status, nobody.body.code]).toEqual([401, 'unauthenticated'])
})

test('the profile tells the roles and takes another name', async () => {
  const user = await addUser(api)
  const profile = () => api.call('GET', '/auth/profile', { token: user.token })
  const change = (body: object) => api.call('PATCH', '/auth/profile', { token: user.token, body })
  expect((await profile()).body.roles).toEqual(['user'])
  await addProvider(api, { ownerId: user.id })
  expect((await profile()).body.roles).toEqual(['user', 'provider'])
  expect((await change({ displayName: ' Grace Hopper ' })).body).toMatchObject({
    displayName: 'Grace Hopper',
  })
  expect((await change({})).body.displayName).toBe('Grace Hopper')
  expect((await change({ displayName: null })).body.displayName).toBeNull()
  for (const wrong of [{ displayName: 'a\nb' }, { displayName: 3 }, { email: 'x@example.com' }]) {
    expect((await change(wrong)).status).toBe(400)
  }
  expect((await profile()).body.displayName).toBeNull()
})

test('the profile wants a live access token of ours', async () => {
  const user = await addUser(api)
  const read = (token?: string) => api.call('GET', '/auth/profile', token === undefined ? {} : { token })
  expect((await read()).status).toBe(401)
  expect((await read('abc')).status).toBe(401)
  expect((await api.call('PATCH', '/auth/profile', { body: { displayName: 'X' } })).status).toBe(401)
  expect((await read(await accessTokenOf(api, createId('usr', api.clock.now())))).status).toBe(401)
  expect((await read(user.token)).status).toBe(200)
  api.clock.advance({ minutes: 15 })
  expect((await read(user.token)).status).toBe(401)
})

test('the first operator is made once and keeps a changed password', async () => {
  const email = freshEmail()
  const deps = {
    ...api.deps,
    config: { ...api.deps.config, adminEmail: email, adminPassword: 'operator password' },
  }
  await Promise.all([ensureOperator(deps), ensureOperator(deps)])
  const first = await login(email, 'operator password')
  const profile = await api.call('GET', '/auth/profile', { token: first.body.accessToken })
  expect(profile.body.roles).toEqual(['user', 'operator'])
  await ensureOperator({ ...deps, config: { ...deps.config, adminPassword: 'another password' } })
  expect((await login(email, 'operator password')).status).toBe(200)
  expect((await login(email, 'another password')).status).toBe(401)
})

test('whoever took the operator’s address first does not become one', async () => {
  const email = freshEmail()
  const { body } = await register(email)
  const config = { ...api.deps.config, adminEmail: email, adminPassword: 'operator password' }
  const roles = async () => (await api.call('GET', '/auth/profile', { token: body.accessToken })).body.roles
  await ensureOperator({ ...api.deps, config })
  expect(await roles()).toEqual(['user'])
  await ensureOperator({ ...api.deps, config: { ...config, adminPassword: password } })
  expect(await roles()).toEqual(['user', 'operator'])
})

test('no secret reaches the log', async () => {
  const { app, logged } = await startCapturedApp(api)
  const call = async (url: string, body: object, token?: string) =>
    app.inject({
      method: 'POST',
      url,
      payload: body,
      ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }),
    })
  const email = freshEmail()
  const secret = 'do not log this password'
  const { accessToken, refreshToken } = (await call('/auth/register', { email, password: secret })).json()
  await call('/auth/register', { email, password: secret })
  await call('/auth/login', { email, password: `${secret}!` })
  const second = (await call('/auth/refresh', { refreshToken })).json()
  await call('/auth/refresh', { refreshToken })
  await call('/auth/logout', { refreshToken: second.refreshToken }, accessToken)
  await app.close()
  expect(logged()).toContain('request answered')
  expect(logged()).toContain('its family is revoked')
  for (const hidden of [secret, email, accessToken, refreshToken, second.refreshToken, 'argon2']) {
    expect(logged()).not.toContain(hidden)
  }
})
