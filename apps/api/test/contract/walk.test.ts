import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createId, PUBLIC_TENANT_ID } from '../../src/id.ts'
import { createKeyRing } from '../../src/keys/key-ring.ts'
import { type Answer, addApiKey, addProvider, addUser, startTestApi, type TestApi } from '../harness.ts'
import { exampleBody, listOperations, type Operation, readDocument } from './operations.ts'

type Kind = 'user' | 'operator' | 'session' | 'key'

let api: TestApi
let operations: Operation[]
let credentials: Record<Kind, string>
let userId: string

beforeAll(async () => {
  api = await startTestApi()
  operations = listOperations(await readDocument(api))
  const user = await addUser(api, { tokens: 1000 })
  userId = user.id
  const operator = await addUser(api, { isOperator: true })
  const providerId = await addProvider(api, { ownerId: user.id })
  const now = api.clock.now()
  const seconds = Math.floor(now.getTime() / 1000)
  const key = await addApiKey(api, { providerId, token: user.token, name: 'Walk' })
  const session = await api.deps.keys.sign('session+jwt', {
    sub: 'someone',
    aud: providerId,
    sid: createId('ses', now),
    tid: PUBLIC_TENANT_ID,
    cid: 'client-0001',
    iat: seconds,
    exp: seconds + 3600,
  })
  credentials = { user: user.token, operator: operator.token, session, key: key.secret }
})
afterAll(() => api.close())

const isOpen = ({ object }: Operation) =>
  object['x-callers'].some((caller) => caller === 'open' || caller === 'stripe')
const closed = () => operations.filter((operation) => !isOpen(operation))

/** A credential this operation takes; none where anybody may call. */
function accepted({ object }: Operation): { token?: string } {
  const kind = (['user', 'operator', 'session', 'key'] as const).find((one) =>
    object['x-callers'].includes(one),
  )
  return kind ? { token: credentials[kind] } : {}
}

const bodyOf = (operation: Operation) => ({ body: exampleBody(operation) })

/** What every refusal has, whoever refuses. */
function expectProblem(name: string, { status, headers, body, text }: Answer) {
  expect([name, headers['content-type']]).toEqual([name, 'application/problem+json; charset=utf-8'])
  expect([name, body]).toEqual([
    name,
    expect.objectContaining({
      type: expect.stringMatching(/^http:\/\/localhost:4000\/docs\/errors#[a-z_]+$/),
      title: expect.any(String),
      detail: expect.any(String),
      instance: expect.stringMatching(/^\//),
      code: expect.stringMatching(/^[a-z_]+$/),
      status,
      requestId: headers['x-request-id'],
    }),
  ])
  expect(text).not.toMatch(/node_modules|\bat .+:\d+:\d+|select |insert |syntax error/)
}

describe('without a credential', () => {
  test('every route that is not open answers 401 and says how', async () => {
    for (const operation of closed()) {
      const answer = await api.call(operation.method, operation.url, bodyOf(operation))
      expect([operation.name, answer.status, answer.body?.code]).toEqual([
        operation.name,
        401,
        'unauthenticated',
      ])
      expect(answer.headers['www-authenticate']).toBe('Bearer')
      expectProblem(operation.name, answer)
    }
  })
})

describe('with the wrong kind of credential', () => {
  test.each([
    'user',
    'operator',
    'session',
    'key',
  ] as const)('of a %s, no route opens that is not for it', async (kind) => {
    // An operator is a user, too.
    const opens = (callers: string[]) =>
      callers.includes(kind) || (kind === 'operator' && callers.includes('user'))
    for (const operation of closed().filter(({ object }) => !opens(object['x-callers']))) {
      const answer = await api.call(operation.method, operation.url, {
        token: credentials[kind],
        ...bodyOf(operation),
      })
      // To a user an operator's route does not exist; every other credential is none here.
      const hidden = kind === 'user' && operation.object['x-callers'].includes('operator')
      expect([operation.name, answer.status]).toEqual([operation.name, hidden ? 404 : 401])
      expectProblem(operation.name, answer)
    }
  })

  test('forged, expired and foreign JWTs open nothing', async () => {
    const seconds = Math.floor(api.clock.now().getTime() / 1000)
    const claims = { sub: userId, aud: 'marketplace', tid: PUBLIC_TENANT_ID, iat: seconds }
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const [header, payload, signature] = credentials.user.split('.') as [string, string, string]
    const forged = {
      unsigned: `${encode({ alg: 'none', typ: 'at+jwt' })}.${payload}.`,
      'signed by nobody': `${header}.${payload}.${'A'.repeat(86)}`,
      'for somebody else': `${header}.${encode({ ...claims, sub: createId('usr', api.clock.now()), exp: seconds + 900 })}.${signature}`,
      expired: await api.deps.keys.sign('at+jwt', { ...claims, exp: seconds - 1 }),
      'for another audience': await api.deps.keys.sign('at+jwt', {
        ...claims,
        aud: 'elsewhere',
        exp: seconds + 900,
      }),
      'of another type': await api.deps.keys.sign('launch+jwt', { ...claims, exp: seconds + 900 }),
      'of another issuer': await (
        await createKeyRing({
          db: api.deps.db,
          clock: api.clock.now,
          issuer: 'https://evil.example',
          keyEncryptionKey: api.deps.config.keyEncryptionKey,
        })
      ).sign('at+jwt', { ...claims, exp: seconds + 900 }),
    }
    for (const operation of closed()) {
      for (const [what, token] of Object.entries(forged)) {
        const { status } = await api.call(operation.method, operation.url, { token, ...bodyOf(operation) })
        expect([operation.name, what, status]).toEqual([operation.name, what, 401])
      }
    }
  })
})

describe('every route that takes a body', () => {
  const taking = () =>
    operations.filter(({ body, path }) => body !== undefined && path !== '/webhooks/stripe')

  test('refuses an unknown property and names it', async () => {
    for (const operation of taking()) {
      const body = { ...exampleBody(operation), isOperator: true }
      const answer = await api.call(operation.method, operation.url, { ...accepted(operation), body })
      expect([operation.name, answer.status, answer.body?.code]).toEqual([
        operation.name,
        400,
        'validation_failed',
      ])
      expect(answer.body.errors.map((error: { path: string }) => error.path)).toContain('/isOperator')
      expectProblem(operation.name, answer)
    }
  })

  test('refuses what is not JSON, and other types', async () => {
    for (const operation of taking()) {
      const malformed = await api.call(operation.method, operation.url, {
        ...accepted(operation),
        text: '{"a":',
      })
      expect([operation.name, malformed.status, malformed.body?.code]).toEqual([
        operation.name,
        400,
        'malformed_json',
      ])
      const xml = await api.call(operation.method, operation.url, {
        ...accepted(operation),
        text: '<a/>',
        headers: { 'content-type': 'text/xml' },
      })
      expect([operation.name, xml.status, xml.body?.code]).toEqual([
        operation.name,
        415,
        'unsupported_media_type',
      ])
      expectProblem(operation.name, xml)
    }
  })

  test('refuses 70 KB', async () => {
    for (const operation of taking()) {
      const text = JSON.stringify({ a: 'x'.repeat(70_000) })
      const answer = await api.call(operation.method, operation.url, { ...accepted(operation), text })
      expect([operation.name, answer.status]).toEqual([operation.name, 413])
      expectProblem(operation.name, answer)
    }
  })

  test('coerces nothing: a number as text is refused', async () => {
    for (const operation of taking()) {
      const example = exampleBody(operation) ?? {}
      for (const [name, value] of Object.entries(example).filter(([, one]) => typeof one === 'number')) {
        const body = { ...example, [name]: String(value) }
        const answer = await api.call(operation.method, operation.url, { ...accepted(operation), body })
        expect([operation.name, name, answer.status]).toEqual([operation.name, name, 400])
      }
    }
  })
})

test('every route but pages and probes refuses an unknown query parameter, and a body where it takes none', async () => {
  for (const operation of operations.filter(({ object, path }) => object['x-rate-limit'] && path !== '/')) {
    const { method, name, url } = operation
    const withQuery = await api.call(method, `${url}?isOperator=1`, {
      ...accepted(operation),
      ...bodyOf(operation),
    })
    expect([name, withQuery.status, withQuery.body?.code]).toEqual([name, 400, 'validation_failed'])
    expect(withQuery.body.errors).toContainEqual({ path: '/isOperator', message: 'is not a known property' })
    if (method === 'GET' || operation.body !== undefined) continue
    for (const body of [{ isOperator: true }, [], 'text', 7]) {
      const withBody = await api.call(method, url, { ...accepted(operation), body })
      expect([name, body, withBody.status, withBody.body?.code]).toEqual([
        name,
        body,
        400,
        'validation_failed',
      ])
    }
  }
})

test('every list is bounded, and takes no cursor but its own', async () => {
  const lists = operations.filter(({ parameters }) => parameters.some(({ name }) => name === 'cursor'))
  expect(lists.length).toBeGreaterThan(3)
  for (const operation of lists) {
    for (const query of [
      'limit=0',
      'limit=101',
      'limit=-1',
      'limit=1.5',
      'limit=many',
      'cursor=%00',
      'cursor=AAAAAAAAAAAAAAAAAAAAAAAA',
    ]) {
      const answer = await api.call(operation.method, `${operation.url}?${query}`, accepted(operation))
      expect([operation.name, query, answer.status]).toEqual([operation.name, query, 400])
      expectProblem(operation.name, answer)
    }
    const answer = await api.call(operation.method, `${operation.url}?limit=1`, accepted(operation))
    // Lists of a thing that does not exist are not found; the others are pages.
    if (answer.status === 404) continue
    expect([operation.name, answer.status]).toEqual([operation.name, 200])
    expect(Object.keys(answer.body).sort()).toEqual(['items', 'nextCursor'])
    expect(answer.body.items.length).toBeLessThanOrEqual(1)
  }
})

test('every id of a route is held to its form before anything is looked up', async () => {
  for (const operation of operations.filter(({ path }) => path.includes('{'))) {
    for (const bad of ['x', '1', '%27%20or%201=1', '%00', 'prv_', `prv_${'z'.repeat(27)}`]) {
      const url = operation.path.replace(/\{\w+\}/g, bad)
      const answer = await api.call(operation.method, url, { ...accepted(operation), ...bodyOf(operation) })
      expect([operation.name, bad, answer.status >= 400 && answer.status < 500]).toEqual([
        operation.name,
        bad,
        true,
      ])
      expectProblem(operation.name, answer)
    }
  }
})

test('what does not exist, or is somebody else’s, is 404 on every route with an id', async () => {
  for (const operation of operations.filter(({ path }) => path.includes('{'))) {
    const answer = await api.call(operation.method, operation.url, {
      ...accepted(operation),
      ...bodyOf(operation),
    })
    expect([operation.name, answer.status]).toEqual([operation.name, 404])
    expect(Object.keys(operation.object.responses)).toContain('404')
  }
})

test('every route that takes an Idempotency-Key refuses one that cannot be kept', async () => {
  const keyed = operations.filter(({ parameters }) =>
    parameters.some(({ name }) => name === 'Idempotency-Key'),
  )
  expect(keyed.length).toBeGreaterThan(5)
  for (const operation of keyed) {
    for (const key of ['x'.repeat(256), '', 'a\ttab']) {
      const answer = await api.call(operation.method, operation.url, {
        ...accepted(operation),
        ...bodyOf(operation),
        headers: { 'idempotency-key': key },
      })
      expect([operation.name, answer.status, answer.body?.code]).toEqual([
        operation.name,
        400,
        'idempotency_key_invalid',
      ])
    }
  }
})

test('limited routes carry the limit’s headers on every answer', async () => {
  for (const operation of operations.filter(({ object }) => object['x-rate-limit'])) {
    const answer = await api.call(operation.method, operation.url, accepted(operation))
    expect([operation.name, answer.headers['ratelimit-policy']]).toEqual([
      operation.name,
      expect.stringContaining(`"${operation.object['x-rate-limit']?.policy}";q=`),
    ])
    expect(answer.headers.ratelimit).toMatch(/^"[a-z-]+";r=\d+;t=\d+/)
  }
})
