import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startCapturedApp } from '../captured-log.ts'
import { listOperations, type Operation, readDocument } from '../contract/operations.ts'
import { accessTokenOf, addProvider, addUser, startTestApi, type TestApi, type TestUser } from '../harness.ts'
import { createMarket, openSession } from '../play.ts'
import { providerBody } from '../provider-body.ts'

let api: TestApi
let user: TestUser
let operations: Operation[]

beforeAll(async () => {
  api = await startTestApi({ env: { PROVIDER_REVIEW: 'manual' } })
  user = await addUser(api, { tokens: 100 })
  operations = listOperations(await readDocument(api))
})
afterAll(() => api.close())

describe('enumeration of accounts', () => {
  const signIn = (email: string) =>
    api.call('POST', '/auth/login', { body: { email, password: 'a wrong password' } })

  beforeAll(async () => {
    await api.call('POST', '/auth/register', {
      body: { email: 'victim@example.com', password: 'the right password' },
    })
  })

  test('an unknown address and a wrong password get one answer', async () => {
    const known = await signIn('victim@example.com')
    const unknown = await signIn('nobody@example.com')
    const { requestId: _a, ...first } = known.body
    const { requestId: _b, ...second } = unknown.body
    expect([unknown.status, second]).toEqual([known.status, first])
    expect(Object.keys(unknown.headers).sort()).toEqual(Object.keys(known.headers).sort())
  })

  test('and take the same time, within what a hash costs', async () => {
    const times: Record<'known' | 'unknown', number[]> = { known: [], unknown: [] }
    // In turns, so that a busy machine is busy for both.
    for (let i = 0; i < 15; i += 1) {
      for (const who of ['known', 'unknown'] as const) {
        const began = performance.now()
        await signIn(who === 'known' ? 'victim@example.com' : `nobody${i}@example.com`)
        times[who].push(performance.now() - began)
      }
    }
    // The fastest of many is what the work itself takes; without the hash it would be a tenth.
    const ratio = Math.min(...times.unknown) / Math.min(...times.known)
    expect(ratio).toBeGreaterThan(0.4)
    expect(ratio).toBeLessThan(2.5)
  })
})

describe('mass assignment', () => {
  test.each([
    ['POST', '/auth/register', { email: 'mass@example.com', password: 'long enough', isOperator: true }],
    ['POST', '/auth/register', { email: 'mass@example.com', password: 'long enough', roles: ['operator'] }],
    ['PATCH', '/auth/profile', { isOperator: true }],
    ['PATCH', '/auth/profile', { id: 'usr_00000000000000000000000000' }],
    ['POST', '/tokens/purchase', { tokens: 100, amountCents: 1 }],
    ['POST', '/tokens/purchase', { tokens: 100, status: 'paid' }],
    [
      'POST',
      '/sessions',
      { providerId: 'prv_00000000000000000000000000', durationMinutes: 1, tokensPerMinute: 0 },
    ],
  ] as const)('%s %s refuses %j', async (method, url, body) => {
    const answer = await api.call(method, url, { token: user.token, body })
    expect([answer.status, answer.body.code]).toEqual([400, 'validation_failed'])
  })

  test('an owner lists, gives away or unsuspends nothing by PATCH', async () => {
    const provider = await api.call('POST', '/providers', {
      token: user.token,
      body: providerBody,
    })
    expect(provider.body.status).toBe('draft')
    for (const body of [{ status: 'listed' }, { ownerId: user.id }, { reviewNote: '' }, { id: 'prv_x' }]) {
      const { status } = await api.call('PATCH', `/providers/${provider.body.id}`, {
        token: user.token,
        body,
      })
      expect([body, status]).toEqual([body, 400])
    }
  })
})

describe('header injection', () => {
  const poison = {
    host: 'evil.example',
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'javascript',
    'x-forwarded-for': '203.0.113.66',
    forwarded: 'host=evil.example;for=203.0.113.66',
    'x-original-url': '/operators/users',
    'x-rewrite-url': '/operators/users',
    'x-http-method-override': 'DELETE',
  }

  test('no address we hand out is made from a caller’s header', async () => {
    const { providerId, user: buyer } = await createMarket(api, { tokens: 1_000 })
    const purchase = await api.call('POST', '/tokens/purchase', {
      token: buyer.token,
      body: { tokens: 100 },
      headers: poison,
    })
    const session = await api.call('POST', '/sessions', {
      token: buyer.token,
      body: { providerId, durationMinutes: 5 },
      headers: poison,
    })
    expect([purchase.status, session.status]).toEqual([201, 201])
    expect(purchase.text + session.text).not.toContain('evil')
    const missing = await api.call('GET', '/nothing', { headers: poison })
    expect([missing.status, missing.body.type]).toEqual([404, 'http://localhost:4000/docs/errors#not_found'])
  })

  test('nobody writes somebody else’s address into the audit log', async () => {
    await api.call('POST', '/providers', {
      token: user.token,
      headers: poison,
      body: {
        name: 'Forwarded',
        description: '',
        category: 'tools',
        launchUrl: 'https://a.example/',
        allowedOrigins: ['https://a.example'],
        tokensPerMinute: 1,
      },
    })
    const rows = await api.deps.db.batch.query<{ address: string }>(
      `select address from audit_entries where after->>'name' = 'Forwarded'`,
    )
    expect(rows).toEqual([{ address: '127.0.0.1' }])
  })

  test('a line break in a header ends the connection, and never splits an answer', async () => {
    if (!api.app.server.listening) await api.app.listen({ port: 0, host: '127.0.0.1' })
    const { port } = api.app.server.address() as AddressInfo
    for (const line of [
      'Origin: https://a\rSet-Cookie: a=b',
      'Origin: https://a\nX: y\u0000',
      'X-Request-Id: a\u0000b',
    ]) {
      const socket = connect(port, '127.0.0.1')
      let answer = ''
      socket.setEncoding('latin1').on('data', (chunk) => {
        answer += chunk
      })
      socket.end(`GET /providers HTTP/1.1\r\nHost: a\r\n${line}\r\nConnection: close\r\n\r\n`)
      await once(socket, 'close')
      expect([line, answer]).toEqual([line, expect.stringMatching(/^HTTP\/1\.1 400 /)])
      expect(answer.toLowerCase()).not.toContain('set-cookie')
    }
  })
})

test('logs: what callers send never makes a line of its own', async () => {
  const play = await openSession(await createMarket(api))
  const { app, logged } = await startCapturedApp(api)
  const forged = 'x\r\n{"level":"fatal","msg":"forged"}\n\u2028{"msg":"forged"}\u0085'
  await app.inject({
    method: 'POST',
    url: `/api/v1/sessions/${play.sessionId}/complete`,
    headers: {
      authorization: `Bearer ${play.sessionJwt}`,
      'content-type': 'application/json',
      'user-agent': 'a',
    },
    payload: JSON.stringify({ reason: forged }),
  })
  await app.inject({
    method: 'GET',
    url: `/providers/${encodeURIComponent(forged)}?q=${encodeURIComponent(forged)}`,
  })
  await app.close()
  const lines = logged().trimEnd().split('\n')
  expect(lines.length).toBeGreaterThan(2)
  for (const line of lines) expect((JSON.parse(line) as { msg: string }).msg).not.toBe('forged')
  expect(logged()).toMatch(/"route":"\/api\/v1\/sessions\/:id\/complete".*"reason":/)
})

test('logs: what stands behind a # is a query to the router, and to the log', async () => {
  const { app, logged } = await startCapturedApp(api)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1')
  socket.write('GET /providers#launch_jwt=secret HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 /)
  await app.close()
  expect(logged()).toMatch(/"path":"\/providers".*"request answered"/)
  expect(logged()).not.toContain('secret')
})

describe('CORS', () => {
  const evil = { origin: 'https://evil.example' }
  /** Open to all on purpose: it holds public keys, and colours for any provider’s page. */
  const OPEN = new Set(['/api/v1/keys/public', '/.well-known/jwks.json', '/api/v1/providers/{id}/theme'])

  test('a foreign page may read the answer of no route, and send to none that needs asking', async () => {
    for (const { name, method, url, path } of operations.filter(({ path }) => !path.endsWith('/live'))) {
      const preflight = await api.call('OPTIONS', url, {
        headers: {
          ...evil,
          'access-control-request-method': method,
          'access-control-request-headers': 'authorization',
        },
      })
      const answer = await api.call(method, url, { headers: evil })
      const wanted = OPEN.has(path) ? '*' : undefined
      expect([name, preflight.headers['access-control-allow-origin']]).toEqual([name, wanted])
      expect([name, answer.headers['access-control-allow-origin']]).toEqual([name, wanted])
      expect([name, answer.headers['access-control-allow-credentials']]).toEqual([name, undefined])
    }
  })

  test.each([
    'http://localhost:4001.evil.example',
    'http://localhost:40010',
    'https://localhost:4001',
    'http://evil.example?http://localhost:4001',
    'http://LOCALHOST:4001',
    'null',
  ])('%s is not the marketplace', async (origin) => {
    const { headers } = await api.call('GET', '/tokens/packages', { headers: { origin } })
    expect(headers['access-control-allow-origin']).toBeUndefined()
  })
})

describe('open redirects', () => {
  test.each([
    '//evil.example',
    '//evil.example/%2e%2e',
    '/\\evil.example',
    '/%5cevil.example',
    '/docs//evil.example',
    '/docs?next=https://evil.example',
    '/?returnUrl=https://evil.example',
    '/docs/%0d%0aLocation:%20https://evil.example',
  ])('%s leads to nobody', async (url) => {
    const { headers } = await api.call('GET', url)
    const location = String(headers.location ?? '')
    expect(location).not.toMatch(/^(https?:)?[/\\]{2}|evil/)
  })

  test('the sandbox’s checkout leads back to the marketplace, whatever is sent', async () => {
    const { body } = await api.call('POST', '/tokens/purchase', { token: user.token, body: { tokens: 100 } })
    const { pathname, searchParams } = new URL(body.checkoutUrl)
    const answer = await api.app.inject({
      method: 'POST',
      url: pathname,
      headers: { 'content-type': 'application/x-www-form-urlencoded', host: 'evil.example' },
      payload: new URLSearchParams({ token: searchParams.get('token')!, action: 'cancel' }).toString(),
    })
    expect([answer.statusCode, answer.headers.location]).toEqual([
      303,
      `http://localhost:4001/?purchase=${body.purchase.id}&result=cancelled`,
    ])
  })

  test('a session cannot bring its own way back', async () => {
    const providerId = await addProvider(api, { ownerId: user.id })
    const { status } = await api.call('POST', '/sessions', {
      token: await accessTokenOf(api, user.id),
      body: { providerId, durationMinutes: 1, returnUrl: 'https://evil.example' },
    })
    expect(status).toBe(400)
  })
})

describe('bombs', () => {
  const send = (payload: Buffer | string, headers: Record<string, string> = {}) =>
    api.app.inject({
      method: 'POST',
      url: '/auth/login',
      headers: { 'content-type': 'application/json', ...headers },
      payload,
    })

  test.each([
    ['a megabyte of zeros, compressed', gzipSync(Buffer.alloc(1_000_000)), { 'content-encoding': 'gzip' }],
    ['60 KB of brackets', '['.repeat(60_000), {}],
    ['60 KB of quotes and escapes', `{"email":"${'\\u0000'.repeat(10_000)}"}`, {}],
    ['a number of 60,000 digits', `{"email":${'9'.repeat(60_000)}}`, {}],
    ['one name 5,000 times', `{${Array(5_000).fill('"email":"a"').join(',')}}`, {}],
    ['60 KB of spaces', ' '.repeat(60_000), {}],
  ] as const)('%s cost next to nothing', async (_what, payload, headers) => {
    const began = performance.now()
    const answer = await send(payload, headers)
    expect(answer.statusCode).toBeGreaterThanOrEqual(400)
    expect(answer.statusCode).toBeLessThan(500)
    expect(answer.body.length).toBeLessThan(5_000)
    expect(performance.now() - began).toBeLessThan(1_000)
  })

  test('prototypes stay clean, whichever way the name comes', async () => {
    for (const text of [
      '{"__proto__":{"polluted":1}}',
      '{"email":{"__proto__":{"polluted":1}}}',
      '{"constructor":{"prototype":{"polluted":1}}}',
      '{"__proto__":null}',
    ]) {
      expect((await send(text)).statusCode).toBe(400)
    }
    await api.call('GET', '/providers?__proto__[polluted]=1&constructor[prototype][polluted]=1')
    await api.call('GET', '/providers/__proto__')
    expect(({} as { polluted?: number }).polluted).toBeUndefined()
  })
})
