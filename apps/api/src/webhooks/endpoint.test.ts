import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { addProvider, addUser, startTestApi, type TestApi, type TestUser } from '../../test/harness.ts'

let api: TestApi
let owner: TestUser
let stranger: TestUser
let providerId: string
let otherProviderId: string
let path: string
const URL = 'https://hooks.example.com/in'

beforeAll(async () => {
  api = await startTestApi()
  owner = await addUser(api)
  stranger = await addUser(api)
  providerId = await addProvider(api, { ownerId: owner.id })
  otherProviderId = await addProvider(api, { ownerId: stranger.id })
  path = `/providers/${providerId}/webhook-endpoints`
})
afterAll(() => api.close())

const create = (body: object = {}, token = owner.token) =>
  api.call('POST', path, { token, body: { url: URL, events: ['*'], ...body } })

async function issueKey(scopes: string[], id = providerId, token = owner.token): Promise<string> {
  const { body } = await api.call('POST', `/providers/${id}/api-keys`, {
    token,
    body: { name: 'Test', scopes, mode: 'live' },
  })
  return body.secret
}

describe('an endpoint', () => {
  test('is made with a secret of 32 bytes that is shown once', async () => {
    const { status, body } = await create({ events: ['session.completed', 'earnings.posted'] })
    expect(status).toBe(201)
    expect(body).toMatchObject({
      url: URL,
      events: ['session.completed', 'earnings.posted'],
      status: 'enabled',
      disabledBecause: null,
      publicKey: null,
    })
    expect(body.id).toMatch(/^whe_/)
    expect(body.secret).toMatch(/^whsec_/)
    expect(Buffer.from(body.secret.slice(6), 'base64').length).toBe(32)
    const read = await api.call('GET', `${path}/${body.id}`, { token: owner.token })
    expect(read.status).toBe(200)
    expect(read.text).not.toContain('whsec_')
    const { secret: _secret, ...shown } = body
    expect(read.body).toEqual(shown)
  })

  test('keeps its secret sealed, and the seal fits no other row', async () => {
    const { body } = await create({ asymmetric: true })
    const rows = await api.deps.db.batch.query<{ all: string }>(
      `select w::text as all from webhook_endpoints w where id = $1`,
      [body.id],
    )
    expect(rows[0]?.all).not.toContain(body.secret.slice(6))
    expect(rows[0]?.all).not.toContain(Buffer.from(body.secret).toString('hex'))
    expect(body.publicKey).toMatch(/^whpk_/)
  })

  test('is made once for one Idempotency-Key, with the same secret', async () => {
    const send = () =>
      api.call('POST', path, {
        token: owner.token,
        body: { url: URL, events: ['*'] },
        headers: { 'idempotency-key': 'endpoint-1' },
      })
    const [first, second] = [await send(), await send()]
    expect(second.text).toBe(first.text)
    expect(second.headers['idempotent-replayed']).toBe('true')
  })

  test('is listed, newest first, page by page', async () => {
    const first = await api.call('GET', `${path}?limit=1`, { token: owner.token })
    expect(first.body.items).toHaveLength(1)
    const next = await api.call('GET', `${path}?limit=1&cursor=${first.body.nextCursor}`, {
      token: owner.token,
    })
    expect(next.body.items[0].id < first.body.items[0].id).toBe(true)
    expect(first.text).not.toContain('whsec_')
  })

  test('is changed in what is sent and in nothing else', async () => {
    const { body } = await create({ events: ['session.started'] })
    const change = (patch: object) =>
      api.call('PATCH', `${path}/${body.id}`, { token: owner.token, body: patch })
    expect((await change({ status: 'disabled' })).body).toMatchObject({
      status: 'disabled',
      disabledBecause: 'owner',
      events: ['session.started'],
      url: URL,
    })
    expect((await change({ status: 'enabled', events: ['*'] })).body).toMatchObject({
      status: 'enabled',
      disabledBecause: null,
      events: ['*'],
    })
    expect((await change({ url: 'https://hooks.example.com/other' })).body.url).toBe(
      'https://hooks.example.com/other',
    )
    const { publicKey } = (await change({ asymmetric: true })).body
    expect(publicKey).toMatch(/^whpk_/)
    expect((await change({ asymmetric: true })).body.publicKey).toBe(publicKey)
    expect((await change({ asymmetric: false })).body.publicKey).toBeNull()
  })

  test('is gone after it was deleted', async () => {
    const { body } = await create()
    const one = `${path}/${body.id}`
    expect((await api.call('DELETE', one, { token: owner.token })).status).toBe(204)
    for (const method of ['GET', 'DELETE'] as const) {
      const answer = await api.call(method, one, { token: owner.token })
      expect([answer.status, answer.body.code]).toEqual([404, 'webhook_endpoint_not_found'])
    }
    const list = await api.call('GET', `${path}?limit=100`, { token: owner.token })
    expect(list.body.items.map(({ id }: { id: string }) => id)).not.toContain(body.id)
  })

  test('gets a new secret that overlaps with the old one', async () => {
    const { body } = await create({ asymmetric: true })
    const rotated = await api.call('POST', `${path}/${body.id}/rotate-secret`, {
      token: owner.token,
      body: { overlapHours: 2 },
    })
    expect(rotated.status).toBe(201)
    expect(rotated.body.secret).not.toBe(body.secret)
    expect(rotated.body.publicKey).not.toBe(body.publicKey)
    const until = new Date(api.clock.now().getTime() + 7_200_000).toISOString()
    expect(rotated.body.previousSecretExpiresAt).toBe(until)
  })

  test('is one of 20 at most', async () => {
    const lastOwner = await addUser(api)
    const id = await addProvider(api, { ownerId: lastOwner.id })
    const send = () =>
      api.call('POST', `/providers/${id}/webhook-endpoints`, {
        token: lastOwner.token,
        body: { url: URL, events: ['*'] },
      })
    const answers = await Promise.all(Array.from({ length: 24 }, send))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(20)
    expect(answers.filter(({ body }) => body.code === 'limit_reached')).toHaveLength(4)
  })
})

describe('what is refused', () => {
  test.each([
    [{ url: 'http://127.0.0.1/hook' }, '/url'],
    [{ url: 'http://169.254.169.254/' }, '/url'],
    [{ url: 'https://[::1]/' }, '/url'],
    [{ url: 'https://user:word@example.com/' }, '/url'],
    [{ url: 'https://example.com:22/' }, '/url'],
    [{ url: 'not an address' }, '/url'],
    [{ events: [] }, '/events'],
    [{ events: ['session.exploded'] }, '/events/0'],
    [{ events: ['*', '*'] }, '/events'],
    [{ colour: 'red' }, '/colour'],
    [{ asymmetric: 'true' }, '/asymmetric'],
  ])('%j', async (patch, where) => {
    const { status, body } = await create(patch)
    expect([status, body.code]).toEqual([400, 'validation_failed'])
    expect(body.errors.map(({ path: at }: { path: string }) => at)).toContain(where)
  })

  test('an empty change, and one to an address that may not be called', async () => {
    const { body } = await create()
    for (const patch of [{}, { url: 'http://10.0.0.1/' }]) {
      const answer = await api.call('PATCH', `${path}/${body.id}`, { token: owner.token, body: patch })
      expect(answer.body.code).toBe('validation_failed')
    }
  })

  test('a replay of a range that is none, or too long', async () => {
    const { body } = await create()
    for (const [from, to] of [
      ['2026-03-02T00:00:00.000Z', '2026-03-01T00:00:00.000Z'],
      ['2026-01-01T00:00:00.000Z', '2026-03-01T00:00:00.000Z'],
    ]) {
      const answer = await api.call('POST', `${path}/${body.id}/replay`, {
        token: owner.token,
        body: { which: 'all', from, to },
      })
      expect([answer.status, answer.body.code]).toEqual([400, 'validation_failed'])
    }
  })

  test('sending to one that is disabled', async () => {
    const { body } = await create()
    await api.call('PATCH', `${path}/${body.id}`, { token: owner.token, body: { status: 'disabled' } })
    const answer = await api.call('POST', `${path}/${body.id}/test`, { token: owner.token })
    expect([answer.status, answer.body.code]).toEqual([409, 'webhook_endpoint_disabled'])
  })

  test('callers without a credential, and keys without the scope', async () => {
    expect((await api.call('GET', path)).status).toBe(401)
    const key = await issueKey(['analytics:read'])
    expect((await api.call('GET', path, { token: key })).body.code).toBe('forbidden')
  })
})

describe('another provider’s endpoints do not exist', () => {
  let routes: ['GET' | 'POST' | 'PATCH' | 'DELETE', string, object?][]
  let deliveryId: string
  let endpointId: string
  beforeAll(async () => {
    endpointId = (await create()).body.id
    const sent = await api.call('POST', `${path}/${endpointId}/test`, { token: owner.token })
    expect(sent.status).toBe(202)
    deliveryId = sent.body.id
    const range = { which: 'all', from: '2026-03-01T00:00:00.000Z', to: '2026-03-02T00:00:00.000Z' }
    routes = [
      ['GET', `/${endpointId}`],
      ['PATCH', `/${endpointId}`, { events: ['*'] }],
      ['DELETE', `/${endpointId}`],
      ['POST', `/${endpointId}/rotate-secret`, {}],
      ['POST', `/${endpointId}/test`],
      ['POST', `/${endpointId}/replay`, range],
      ['GET', `/${endpointId}/deliveries`],
      ['GET', `/${endpointId}/deliveries/${deliveryId}`],
      ['POST', `/${endpointId}/deliveries/${deliveryId}/replay`],
    ]
  })

  test('for a stranger at the provider’s own address', async () => {
    for (const [method, rest, body] of [
      ...routes,
      ['GET', ''],
      ['POST', '', { url: URL, events: ['*'] }],
    ] as typeof routes) {
      const answer = await api.call(method, `${path}${rest}`, { token: stranger.token, body })
      expect([method, rest, answer.status, answer.body.code]).toEqual([
        method,
        rest,
        404,
        'provider_not_found',
      ])
    }
  })

  test('for a stranger, under a provider of their own', async () => {
    for (const [method, rest, body] of routes) {
      const answer = await api.call(method, `/providers/${otherProviderId}/webhook-endpoints${rest}`, {
        token: stranger.token,
        body,
      })
      expect([method, rest, answer.status, answer.body.code]).toEqual([
        method,
        rest,
        404,
        'webhook_endpoint_not_found',
      ])
    }
  })

  test('for a key of another provider, and a delivery is found only under its endpoint', async () => {
    const foreign = await issueKey(['webhooks:write'], otherProviderId, stranger.token)
    expect((await api.call('GET', path, { token: foreign })).body.code).toBe('provider_not_found')
    const own = await issueKey(['webhooks:write'])
    expect((await api.call('GET', path, { token: own })).status).toBe(200)
    const second = (await create({}, own)).body.id
    const wrong = await api.call('GET', `${path}/${second}/deliveries/${deliveryId}`, { token: own })
    expect([wrong.status, wrong.body.code]).toEqual([404, 'webhook_delivery_not_found'])
  })
})
