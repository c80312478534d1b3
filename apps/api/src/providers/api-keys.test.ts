import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  accessTokenOf,
  addProvider,
  addUser,
  countWaiting,
  startTestApi,
  type TestApi,
  type TestUser,
} from '../../test/harness.ts'
import { createApp } from '../app.ts'
import { createMetrics } from '../http/metrics.ts'
import { createId, PUBLIC_TENANT_ID } from '../id.ts'
import { createApiKeySecret, hashOfSecret } from './api-key.ts'

let api: TestApi
let owner: TestUser
let stranger: TestUser
let providerId: string

beforeAll(async () => {
  api = await startTestApi()
  owner = await addUser(api)
  stranger = await addUser(api)
  providerId = await addProvider(api, { ownerId: owner.id })
})
afterAll(() => api.close())

const keys = () => `/providers/${providerId}/api-keys`
const issue = async (change: object = {}) =>
  (
    await api.call('POST', keys(), {
      token: owner.token,
      body: { name: 'Server', scopes: ['providers:write'], mode: 'live', ...change },
    })
  ).body
/** Whether a secret opens the door, shown by a call that needs it. */
const use = (secret: string) =>
  api.call('PATCH', `/providers/${providerId}`, { token: secret, body: { name: 'By key' } })

describe('a key', () => {
  test('is shown once and stored as a hash', async () => {
    const issued = await issue()
    expect(issued).toEqual({
      id: expect.stringMatching(/^key_/),
      name: 'Server',
      scopes: ['providers:write'],
      mode: 'live',
      secret: expect.stringMatching(/^tmk_live_[0-9a-f]{72}$/),
    })
    const [row] = await api.deps.db.batch.query<{ row: string; hash: Buffer }>(
      'select api_keys::text as row, secret_hash as hash from api_keys where id = $1',
      [issued.id],
    )
    expect(row?.row).not.toContain(issued.secret.slice(9))
    expect(row?.hash).toEqual(hashOfSecret(issued.secret))
    const { body } = await api.call('GET', keys(), { token: owner.token })
    expect(body.items[0]).toMatchObject({
      id: issued.id,
      secretEnding: issued.secret.slice(-4),
      lastUsedAt: null,
    })
    expect(JSON.stringify(body)).not.toContain(issued.secret)
  })

  test('says in its secret that it is for tests', async () => {
    expect((await issue({ mode: 'test' })).secret).toMatch(/^tmk_test_/)
  })

  test('does what its scopes say, for its own provider', async () => {
    const { secret } = await issue()
    expect((await use(secret)).status).toBe(200)
    const other = await addProvider(api, { ownerId: owner.id })
    const elsewhere = await api.call('PATCH', `/providers/${other}`, { token: secret, body: { name: 'x' } })
    expect([elsewhere.status, elsewhere.body.code]).toEqual([404, 'provider_not_found'])
    const { secret: narrow } = await issue({ scopes: ['sessions:read', 'analytics:read'] })
    const refused = await use(narrow)
    expect([refused.status, refused.body.code]).toEqual([403, 'forbidden'])
    expect(refused.body.detail).toContain('providers:write')
  })

  test('without the scope for it never makes, lists, rotates or ends keys', async () => {
    const { secret, id } = await issue({ scopes: ['providers:write', 'webhooks:write', 'sessions:write'] })
    const body = { name: 'More', scopes: ['providers:write'], mode: 'live' }
    const answers = await Promise.all([
      api.call('POST', keys(), { token: secret, body }),
      api.call('GET', keys(), { token: secret }),
      api.call('POST', `${keys()}/${id}/rotate`, { token: secret, body: {} }),
      api.call('DELETE', `${keys()}/${id}`, { token: secret }),
    ])
    for (const answer of answers) {
      expect([answer.status, answer.body.code]).toEqual([403, 'forbidden'])
      expect(answer.body.detail).toContain('keys:write')
    }
  })

  test('lists the one provider it was made for, a draft too', async () => {
    const draft = await addProvider(api, { ownerId: owner.id })
    await api.deps.db.batch.query(`update providers set status = 'draft' where id = $1`, [draft])
    const { body: issued } = await api.call('POST', `/providers/${draft}/api-keys`, {
      token: owner.token,
      body: { name: 'Server', scopes: ['providers:write'], mode: 'live' },
    })
    const { body, status } = await api.call('GET', '/providers/mine?limit=1', { token: issued.secret })
    expect(status).toBe(200)
    expect(body).toMatchObject({
      items: [{ id: draft, status: 'draft', role: 'developer' }],
      nextCursor: null,
    })
    const { secret: narrow } = await issue({ scopes: ['sessions:read'] })
    expect((await api.call('GET', '/providers/mine', { token: narrow })).status).toBe(403)
  })

  test('tells when it was last used, to the minute', async () => {
    const { secret, id } = await issue()
    await use(secret)
    const { body } = await api.call('GET', keys(), { token: owner.token })
    const key = body.items.find((item: { id: string }) => item.id === id)
    expect(key.lastUsedAt).toBe(api.clock.now().toISOString())
  })

  test('stops at once when it is revoked, on every instance', async () => {
    const { secret, id } = await issue()
    expect((await use(secret)).status).toBe(200)
    const other = await createApp({ ...api.deps, metrics: createMetrics(api.deps) })
    const useThere = () =>
      other.inject({
        method: 'PATCH',
        url: `/providers/${providerId}`,
        headers: { authorization: `Bearer ${secret}` },
        payload: { name: 'By key' },
      })
    expect((await useThere()).statusCode).toBe(200)
    expect((await api.call('DELETE', `${keys()}/${id}`, { token: owner.token })).status).toBe(204)
    expect((await use(secret)).body.code).toBe('unauthenticated')
    expect((await useThere()).statusCode).toBe(401)
    await other.close()
    expect((await api.call('DELETE', `${keys()}/${id}`, { token: owner.token })).status).toBe(204)
    const { body } = await api.call('GET', keys(), { token: owner.token })
    const key = body.items.find((item: { id: string }) => item.id === id)
    expect(key.revokedAt).toBe(api.clock.now().toISOString())
  })

  test('is rotated with an overlap in which both secrets work', async () => {
    const old = await issue()
    expect((await use(old.secret)).status).toBe(200)
    const rotated = await api.call('POST', `${keys()}/${old.id}/rotate`, {
      token: owner.token,
      body: { overlapHours: 2 },
    })
    expect(rotated.status).toBe(201)
    expect(rotated.body).toMatchObject({ name: old.name, scopes: old.scopes, mode: old.mode })
    expect(rotated.body.secret).not.toBe(old.secret)
    expect((await use(old.secret)).status).toBe(200)
    expect((await use(rotated.body.secret)).status).toBe(200)
    // Access tokens live for 15 minutes of this clock; keys do not.
    api.clock.advance({ hours: 2 })
    expect((await use(old.secret)).status).toBe(401)
    expect((await use(rotated.body.secret)).status).toBe(200)
    owner = { ...owner, token: await accessTokenOf(api, owner.id) }
    stranger = { ...stranger, token: await accessTokenOf(api, stranger.id) }
    const again = await api.call('POST', `${keys()}/${old.id}/rotate`, { token: owner.token, body: {} })
    expect([again.status, again.body.code]).toEqual([404, 'api_key_not_found'])
  })

  test('rotated without overlap, the old secret is dead when the new one is read', async () => {
    const old = await issue()
    await use(old.secret)
    await api.call('POST', `${keys()}/${old.id}/rotate`, { token: owner.token, body: { overlapHours: 0 } })
    expect((await use(old.secret)).status).toBe(401)
  })

  test('issued twice with one Idempotency-Key is one key', async () => {
    const send = () =>
      api.call('POST', keys(), {
        token: owner.token,
        body: { name: 'Once', scopes: ['sessions:read'], mode: 'live' },
        headers: { 'idempotency-key': 'one-key' },
      })
    expect((await send()).body.secret).toBe((await send()).body.secret)
  })
})

describe('a key that manages keys', () => {
  const scopes = ['keys:write', 'providers:write']
  const asKey = (secret: string, method: 'POST' | 'DELETE', path: string, body?: object) =>
    api.call(method, `${keys()}${path}`, { token: secret, body })

  test('makes keys that may do no more than it may', async () => {
    const { secret } = await issue({ scopes })
    const made = await asKey(secret, 'POST', '', {
      name: 'Its own',
      scopes: ['providers:write'],
      mode: 'live',
    })
    expect(made.status).toBe(201)
    expect((await use(made.body.secret)).status).toBe(200)
    for (const more of [
      { scopes: ['sessions:read'], mode: 'live' },
      { scopes: ['providers:write', 'analytics:read'], mode: 'live' },
      { scopes: ['providers:write'], mode: 'test' },
    ]) {
      const refused = await asKey(secret, 'POST', '', { name: 'More', ...more })
      expect([refused.status, refused.body.code]).toEqual([403, 'forbidden'])
    }
    const { body } = await api.call('GET', keys(), { token: secret })
    expect(body.items.map((item: { id: string }) => item.id)).toContain(made.body.id)
  })

  test('replaces and ends those, itself among them, and no others', async () => {
    const { secret, id } = await issue({ scopes })
    const equal = await issue()
    for (const more of [await issue({ scopes: ['sessions:read'] }), await issue({ mode: 'test' })]) {
      for (const refused of [
        await asKey(secret, 'POST', `/${more.id}/rotate`, {}),
        await asKey(secret, 'DELETE', `/${more.id}`),
      ]) {
        expect([refused.status, refused.body.code]).toEqual([403, 'forbidden'])
      }
    }
    expect((await asKey(secret, 'DELETE', `/${equal.id}`)).status).toBe(204)
    expect((await use(equal.secret)).status).toBe(401)
    const rotated = await asKey(secret, 'POST', `/${id}/rotate`, { overlapHours: 0 })
    expect(rotated.status).toBe(201)
    expect((await use(secret)).status).toBe(401)
    expect((await use(rotated.body.secret)).status).toBe(200)
  })

  test('knows no other provider', async () => {
    const { secret } = await issue({ scopes })
    const other = await addProvider(api, { ownerId: owner.id })
    const body = { name: 'There', scopes: ['providers:write'], mode: 'live' }
    const answer = await api.call('POST', `/providers/${other}/api-keys`, { token: secret, body })
    expect([answer.status, answer.body.code]).toEqual([404, 'provider_not_found'])
  })

  test('makes and ends nothing any more where it is revoked while its request waits', async () => {
    const { secret, id } = await issue({ scopes })
    const body = { name: 'Too late', scopes: ['providers:write'], mode: 'live' }
    const other = await issue()
    let answers: ReturnType<typeof asKey>[] = []
    await api.deps.db.inTenant(PUBLIC_TENANT_ID, async (tx) => {
      await tx.query('select from providers where id = $1 for update', [providerId])
      answers = [asKey(secret, 'POST', '', body), asKey(secret, 'DELETE', `/${other.id}`)]
      await expect.poll(() => countWaiting(api)).toBe(2)
      await tx.query('update api_keys set revoked_at = $2 where id = $1', [id, api.clock.now()])
    })
    for (const { body: refusal } of await Promise.all(answers)) expect(refusal.code).toBe('unauthenticated')
    expect((await use(other.secret)).status).toBe(200)
    const { body: list } = await api.call('GET', keys(), { token: owner.token })
    expect(list.items.map(({ name }: { name: string }) => name)).not.toContain('Too late')
  })

  test('that was replaced manages keys no more, though it still does the rest', async () => {
    const { secret, id } = await issue({ scopes })
    const rotated = await api.call('POST', `${keys()}/${id}/rotate`, { token: owner.token, body: {} })
    const body = { name: 'For ever', scopes: ['providers:write'], mode: 'live' }
    const answers = [
      await asKey(secret, 'POST', '', body),
      await asKey(secret, 'POST', `/${rotated.body.id}/rotate`, { overlapHours: 0 }),
      await asKey(secret, 'DELETE', `/${rotated.body.id}`),
    ]
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403])
    expect((await use(secret)).status).toBe(200)
    expect((await asKey(rotated.body.secret, 'POST', '', body)).status).toBe(201)
  })

  test('works for whoever made it: their keys, where they leave the team, are all that go back to them', async () => {
    const { secret } = await issue({ scopes })
    const { body: made } = await asKey(secret, 'POST', '', { name: 'Second', scopes, mode: 'live' })
    const { body: third } = await asKey(made.secret, 'POST', '', { name: 'Third', scopes, mode: 'live' })
    const rows = await api.deps.db.batch.query('select created_by as by from api_keys where id = any ($1)', [
      [made.id, third.id],
    ])
    expect(rows).toEqual([{ by: owner.id }, { by: owner.id }])
  })
})

describe('what is no key', () => {
  const random = 'ab'.repeat(32)
  test.each([
    ['a wrong checksum', `tmk_live_${random}00000000`],
    ['a cut one', 'tmk_live_abc'],
    ['a prefix alone', 'tmk_'],
    ['an unknown mode', `tmk_prod_${random}00000000`],
  ])('%s is refused', async (_what, secret) => {
    const answer = await use(secret)
    expect([answer.status, answer.body.code]).toEqual([401, 'unauthenticated'])
  })

  test('what was mistyped is told from a key without asking the database', () => {
    const secret = createApiKeySecret('live')
    const last = secret.at(-1) === '0' ? '1' : '0'
    expect(hashOfSecret(secret)).toHaveLength(32)
    expect(hashOfSecret(secret.slice(0, -1) + last)).toBeUndefined()
    expect(hashOfSecret(secret.slice(0, 20) + secret.slice(21))).toBeUndefined()
  })

  test('a well-formed one that nobody was given is refused', async () => {
    expect((await use(createApiKeySecret('live'))).status).toBe(401)
  })
})

describe('only the owner', () => {
  test('of a provider sees and changes its keys; to others neither exists', async () => {
    const { id } = await issue()
    const body = { name: 'Mine', scopes: ['sessions:read'], mode: 'live' }
    const asStranger = [
      api.call('POST', keys(), { token: stranger.token, body }),
      api.call('GET', keys(), { token: stranger.token }),
      api.call('POST', `${keys()}/${id}/rotate`, { token: stranger.token, body: {} }),
      api.call('DELETE', `${keys()}/${id}`, { token: stranger.token }),
    ]
    for (const answer of await Promise.all(asStranger)) {
      expect([answer.status, answer.body.code]).toEqual([404, 'provider_not_found'])
    }
  })

  test('reaches a key through its own provider alone', async () => {
    const { id } = await issue()
    const mine = await addProvider(api, { ownerId: stranger.id })
    const answer = await api.call('DELETE', `/providers/${mine}/api-keys/${id}`, { token: stranger.token })
    expect([answer.status, answer.body.code]).toEqual([404, 'api_key_not_found'])
  })
})

test.each([
  ['no scope', { scopes: [] }, '/scopes'],
  ['an unknown scope', { scopes: ['everything'] }, '/scopes/0'],
  ['a scope twice', { scopes: ['sessions:read', 'sessions:read'] }, '/scopes'],
  ['an unknown mode', { mode: 'prod' }, '/mode'],
  ['no name', { name: '' }, '/name'],
  ['a secret of one’s own', { secret: 'tmk_live_x' }, '/secret'],
])('a key with %s is refused', async (_what, change, path) => {
  const { code, errors } = await issue(change)
  expect(code).toBe('validation_failed')
  expect(errors.map((error: { path: string }) => error.path)).toContain(path)
})

test('a provider has 50 working keys at most', async () => {
  const crowded = await addProvider(api, { ownerId: owner.id })
  await api.deps.db.inTenant(PUBLIC_TENANT_ID, async (tx) => {
    for (let i = 0; i < 50; i += 1) {
      await tx.query(
        `insert into api_keys (id, provider_id, name, scopes, mode, secret_hash, secret_ending, created_by, created_at)
         values ($1, $2, 'Old', '{sessions:read}', 'live', $3, '0000', $4, $5)`,
        [createId('key', api.clock.now()), crowded, Buffer.from(`${crowded}${i}`), owner.id, api.clock.now()],
      )
    }
  })
  const body = { name: 'One more', scopes: ['sessions:read'], mode: 'live' }
  const answer = await api.call('POST', `/providers/${crowded}/api-keys`, { token: owner.token, body })
  expect([answer.status, answer.body.code]).toEqual([409, 'limit_reached'])
})
