import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { addUser, startTestApi, type TestApi, type TestUser } from '../../test/harness.ts'
import { providerBody } from '../../test/provider-body.ts'

let api: TestApi
let user: TestUser
let port: number

beforeAll(async () => {
  api = await startTestApi()
  user = await addUser(api)
  await api.app.listen({ port: 0, host: '127.0.0.1' })
  port = (api.app.server.address() as AddressInfo).port
})
afterAll(() => api.close())

/** Bytes straight onto a connection: what clients send that HTTP libraries refuse to. */
async function sendRaw(text: string): Promise<string> {
  const socket: Socket = connect(port, '127.0.0.1')
  let answer = ''
  socket.setEncoding('utf8').on('data', (chunk) => {
    answer += chunk
  })
  socket.on('error', () => undefined)
  // Not ended: Node gives up a request whose sender ends before the answer is there, which a busy machine is late with.
  socket.write(text)
  await once(socket, 'close')
  return answer
}

test('bodies over 64 KB are too large, declared or not', async () => {
  const { status, body } = await api.call('POST', '/providers', {
    token: user.token,
    body: { ...providerBody, description: 'x'.repeat(64 * 1024) },
  })
  expect([status, body.code]).toEqual([413, 'payload_too_large'])
  const chunk = `${(1000).toString(16)}\r\n${'x'.repeat(1000)}\r\n`
  const chunked = await sendRaw(
    `POST /providers HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n${chunk.repeat(100)}0\r\n\r\n`,
  )
  expect(chunked).toMatch(/^HTTP\/1\.1 413 /)
  expect(chunked).toContain('application/problem+json')
})

describe('addresses', () => {
  test.each([
    '/%zz',
    '/%',
    '/%ff',
    '/providers/%c0%ae%c0%ae',
    '/..%2f..%2fetc%2fpasswd',
    '/providers/../../etc/passwd',
    '//evil.example/',
    `/providers/${'x'.repeat(300)}`,
    '/constructor',
    '/__proto__',
    '/docs/../main.ts',
    '/sessions/%00',
  ])('GET %s is a problem of the caller’s, with a request id', async (url) => {
    const { status, headers, body } = await api.call('GET', url)
    expect([400, 401, 404]).toContain(status)
    expect(headers['content-type']).toBe('application/problem+json; charset=utf-8')
    expect(headers['x-request-id']).toBe(body.requestId)
    expect(JSON.stringify(body)).not.toMatch(/node_modules|\.ts:|at \w+ \(/)
  })

  test('an unknown one says where to look', async () => {
    const { status, body } = await api.call('GET', '/nothing/here')
    expect([status, body.code, body.instance]).toEqual([404, 'not_found', '/nothing/here'])
  })

  test('an id that nothing can have is one that nothing has', async () => {
    const { token } = user
    const open = (providerId: unknown, more = {}) =>
      api.call('POST', '/sessions', { token, body: { providerId, durationMinutes: 5, ...more } })
    const answers = [
      await api.call('GET', '/sessions/ses_nope', { token }),
      await api.call('GET', '/providers/prv_nope', { token }),
      await api.call('GET', `/tokens/history/${'x'.repeat(99)}`, { token }),
      await open('prv_nope'),
      await open(7),
      await open('prv_nope', { durationMinutes: 0 }),
    ]
    expect(answers.map(({ status, body }) => [status, body.code])).toEqual([
      [404, 'session_not_found'],
      [404, 'provider_not_found'],
      [404, 'history_line_not_found'],
      [404, 'provider_not_found'],
      [400, 'validation_failed'],
      [400, 'validation_failed'],
    ])
  })

  test('a method that is not taken names those that are', async () => {
    const wrong = await api.call('DELETE', '/providers')
    expect([wrong.status, wrong.body.code, wrong.headers.allow]).toEqual([
      405,
      'method_not_allowed',
      'GET, HEAD, POST',
    ])
    expect((await api.call('PUT', '/providers/prv_00000000000000000000000000')).headers.allow).toBe(
      'GET, HEAD, PATCH',
    )
  })

  test('OPTIONS without a preflight lists the methods', async () => {
    const { status, headers, text } = await api.call('OPTIONS', '/providers')
    expect([status, headers.allow, text]).toEqual([204, 'GET, HEAD, POST, OPTIONS', ''])
    expect((await api.call('OPTIONS', '/nothing')).status).toBe(404)
  })

  test('HEAD answers like GET, without the body, and asks for the same credential', async () => {
    const head = await api.app.inject({ method: 'HEAD', url: '/providers' })
    expect([head.statusCode, head.body]).toEqual([200, ''])
    expect((await api.app.inject({ method: 'HEAD', url: '/providers/mine' })).statusCode).toBe(401)
  })

  test('a query is as strict as a body', async () => {
    for (const query of [
      'limit=1&limit=2',
      '__proto__=1',
      'constructor=1',
      'limit[$gt]=1',
      'limit=1e9',
      'limit=%31%30%31',
    ]) {
      expect([query, (await api.call('GET', `/providers?${query}`)).status]).toEqual([query, 400])
    }
  })
})

describe('headers', () => {
  test('of answers let no page frame, sniff or run anything', async () => {
    const { headers } = await api.call('GET', '/healthz')
    expect(headers).toMatchObject({
      'content-security-policy':
        "default-src 'none';base-uri 'none';form-action 'none';frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    })
    expect(headers['x-powered-by']).toBeUndefined()
    expect(headers.server).toBeUndefined()
  })

  test('of requests come back in none of ours', async () => {
    const { headers } = await api.call('GET', '/providers', {
      headers: { 'x-request-id': 'mine', origin: 'https://evil.example', host: 'evil.example' },
    })
    expect(headers['x-request-id']).toMatch(/^req_/)
    expect(headers['access-control-allow-origin']).toBeUndefined()
    expect(JSON.stringify(headers)).not.toContain('evil')
  })

  test.each([
    'Bearer',
    'Bearer ',
    'Bearer a b',
    'Basic dXNlcjpwYXNz',
    'bearer null',
    `Bearer ${'x'.repeat(9_000)}`,
    'Bearer eyJhbGciOiJub25lIn0.e30.',
  ])('Authorization: %s is no credential', async (authorization) => {
    const { status, headers, body } = await api.call('GET', '/providers/mine', { headers: { authorization } })
    expect([status, body.code, headers['www-authenticate']]).toEqual([401, 'unauthenticated', 'Bearer'])
  })
})

describe('bytes that are no request', () => {
  test.each([
    ['noise', 'hello\r\n\r\n', 400, 'malformed_request'],
    ['a header without a colon', 'GET / HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n', 400, 'malformed_request'],
    [
      'two lengths',
      'POST /providers HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx',
      400,
      'malformed_request',
    ],
    [
      'a length and chunks, as smugglers send',
      'POST /providers HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
      'malformed_request',
    ],
    [
      '20 KB of headers',
      `GET / HTTP/1.1\r\nHost: a\r\nX-Big: ${'x'.repeat(20_000)}\r\n\r\n`,
      431,
      'headers_too_large',
    ],
    ['no Host', 'GET /providers HTTP/1.1\r\nConnection: close\r\n\r\n', 400, 'malformed_request'],
    [
      'two Hosts',
      'GET /providers HTTP/1.1\r\nHost: a\r\nHOST: b\r\nConnection: close\r\n\r\n',
      400,
      'malformed_request',
    ],
    [
      'two Hosts that are one',
      'GET /providers HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n',
      400,
      'malformed_request',
    ],
  ])('%s get a problem and a closed connection', async (_what, bytes, status, code) => {
    const answer = await sendRaw(bytes)
    const [head, body] = answer.split('\r\n\r\n') as [string, string]
    expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(head).toMatch(/^content-type: application\/problem\+json/im)
    const problem = JSON.parse(body) as { code: string; status: number; requestId: string }
    expect(problem).toMatchObject({ code, status })
    expect(head).toMatch(new RegExp(`^x-request-id: ${problem.requestId}$`, 'im'))
  })

  test('two Idempotency-Keys are none', async () => {
    const body = JSON.stringify(providerBody)
    const head = [
      'POST /providers HTTP/1.1',
      'Host: a',
      'Connection: close',
      'Content-Type: application/json',
      `Authorization: Bearer ${user.token}`,
      'Idempotency-Key: a',
      'Idempotency-Key: b',
      `Content-Length: ${body.length}`,
    ]
    const answer = await sendRaw([...head, '', body].join('\r\n'))
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    expect(answer).toContain('idempotency_key_invalid')
  })

  test('an expectation that nobody knows changes nothing', async () => {
    const answer = await sendRaw(
      'GET /tokens/packages HTTP/1.1\r\nHost: a\r\nExpect: wonders\r\nConnection: close\r\n\r\n',
    )
    expect(answer).toMatch(/^HTTP\/1\.1 200 /)
    expect(answer).toMatch(/^x-request-id: req_/im)
  })
})

test('a request that does not finish arriving is given up', () => {
  const { server } = api.app
  expect([server.headersTimeout, server.requestTimeout, server.timeout]).toEqual([15_000, 30_000, 60_000])
})

describe('too many in flight', () => {
  test('get an early 503 while probes and those already in are served', async () => {
    const small = await startTestApi({ env: { RATE_LIMIT_FACTOR: '0.01' } })
    try {
      // Six may be in flight at 0.01; each of these waits for a database that is kept busy.
      const { db } = small.deps
      let release = () => {}
      const held = new Promise<void>((resolve) => {
        release = resolve
      })
      const original = db.inTenant
      db.inTenant = async (tenantId, run) => {
        await held
        return original.call(db, tenantId, run) as never
      }
      const inFlight = Array.from({ length: 6 }, () => small.call('GET', '/providers'))
      const refused = await vi.waitFor(async () => {
        const answer = await small.call('GET', '/providers')
        expect(answer.status).toBe(503)
        return answer
      })
      expect([refused.body.code, refused.headers['retry-after']]).toEqual(['unavailable', '1'])
      expect((await small.call('GET', '/healthz')).status).toBe(200)
      // Beats have a lane of their own: this one is turned away for its credential, not for the crowd.
      const beat = await small.call('POST', '/api/v1/sessions/ses_00000000000000000000000000/heartbeat', {
        body: { clientId: 'client-0001', sequence: 1 },
      })
      expect(beat.status).toBe(401)
      release()
      expect((await Promise.all(inFlight)).map(({ status }) => status)).toEqual(Array(6).fill(200))
      expect((await small.call('GET', '/providers')).status).toBe(200)
    } finally {
      await small.close()
    }
  })
})

describe('metrics', () => {
  test('count calls by template, method and status, and name nobody', async () => {
    await api.call('GET', '/providers/prv_00000000000000000000000000')
    await api.call('GET', '/secret-path-of-mine')
    await api.call('GET', '/providers/mine', { token: user.token })
    const { headers, text } = await api.call('GET', '/metrics')
    expect(headers['content-type']).toContain('text/plain; version=0.0.4')
    expect(text).toMatch(
      /http_request_duration_seconds_count\{method="GET",route="\/providers\/:id",status="404"\} \d/,
    )
    expect(text).toMatch(
      /http_request_duration_seconds_count\{method="GET",route="unknown",status="404"\} \d/,
    )
    expect(text).toMatch(/token_marketplace_db_connections\{pool="app",state="idle"\} \d/)
    expect(text).toContain('process_cpu_user_seconds_total')
    expect(text).not.toMatch(/secret-path|usr_|prv_|Bearer/)
  })

  test('take figures of domains, and one that cannot be read spoils no other', async () => {
    api.deps.metrics.gauge('test_figure', 'For this test.', () => 7)
    api.deps.metrics.gauge('test_broken', 'For this test.', () => Promise.reject(new Error('away')))
    api.deps.metrics.settlementFailures.inc(2)
    const { status, text } = await api.call('GET', '/metrics')
    expect(status).toBe(200)
    expect(text).toContain('token_marketplace_test_figure 7')
    expect(text).toContain('token_marketplace_test_broken Nan')
    expect(text).toContain('token_marketplace_settlement_failures_total 2')
  })
})

test('every problem’s type leads to a page that explains it', async () => {
  const { body } = await api.call('GET', '/nothing')
  const { pathname, hash } = new URL(body.type)
  const page = await api.call('GET', pathname)
  expect(page.text).toContain(`id="${hash.slice(1)}"`)
  expect(page.headers['content-security-policy']).toContain("default-src 'none'")
  expect(page.text).not.toContain('<script')
})
