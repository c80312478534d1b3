import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createId, type IdPrefix } from '../../src/id.ts'
import { exampleBody, listOperations, type Operation, readDocument } from '../contract/operations.ts'
import { type Answer, addApiKey, addProvider, addUser, startTestApi, type TestApi } from '../harness.ts'
import { openSession } from '../play.ts'
import { beginPurchase } from '../stripe-events.ts'

let api: TestApi
let operations: Operation[]
/** What the victim has, by prefix. */
let theirs: Partial<Record<IdPrefix, string>>
/** What a stranger may present, each with all it can have. */
let strangers: Record<'user' | 'key' | 'session', string>

async function equip() {
  const user = await addUser(api, { tokens: 1_000 })
  const providerId = await addProvider(api, { ownerId: user.id })
  const key = await addApiKey(api, { providerId, token: user.token, name: 'Key' })
  const play = await openSession({ api, user, providerId })
  const purchase = await beginPurchase(api, user.token, 100)
  const endpoint = await api.call('POST', `/providers/${providerId}/webhook-endpoints`, {
    token: user.token,
    body: { url: 'https://hooks.example.com/', events: ['*'] },
  })
  const delivery = await api.call(
    'POST',
    `/providers/${providerId}/webhook-endpoints/${endpoint.body.id}/test`,
    {
      token: user.token,
    },
  )
  const invitation = await api.call('POST', `/providers/${providerId}/invitations`, {
    token: user.token,
    body: { email: 'guest@example.com', role: 'owner' },
  })
  const [endpointId, deliveryId, invitationId] = [endpoint, delivery, invitation].map(({ body }) => body.id)
  return { user, providerId, key, play, purchase, endpointId, deliveryId, invitationId }
}

beforeAll(async () => {
  api = await startTestApi()
  operations = listOperations(await readDocument(api))
  const victim = await equip()
  const stranger = await equip()
  theirs = {
    usr: victim.user.id,
    prv: victim.providerId,
    key: victim.key.id,
    ses: victim.play.sessionId,
    pur: victim.purchase.id,
    whe: victim.endpointId,
    dlv: victim.deliveryId,
    inv: victim.invitationId,
  }
  strangers = { user: stranger.user.token, key: stranger.key.secret, session: stranger.play.sessionJwt }
})
afterAll(() => api.close())

const prefixOf = ({ example, schema }: Operation['parameters'][number]) =>
  String(example ?? schema.examples?.[0] ?? '').slice(0, 3) as IdPrefix

/** The operation's address with ids by prefix; one that nobody has where there is none. */
function fill({ path, parameters }: Operation, ids: Partial<Record<IdPrefix, string>>): string {
  const missing = '00000000000000000000000000'
  return path.replace(/\{(\w+)\}/g, (_all, name) => {
    const parameter = parameters.find((one) => one.in === 'path' && one.name === name)!
    const prefix = prefixOf(parameter)
    return ids[prefix] ?? `${prefix}_${missing}`
  })
}

const withId = () =>
  operations.filter(
    ({ path, object }) =>
      path.includes('{') && !object['x-callers'].some((one) => one === 'open' || one === 'stripe'),
  )

const shape = ({ status, body }: Answer) => {
  const { requestId: _id, instance: _instance, ...rest } = body ?? {}
  return { status, ...rest }
}

describe.each(['user', 'key', 'session'] as const)('somebody else’s %s', (kind) => {
  test('finds nothing on any route with an id, and cannot tell theirs from one that nobody has', async () => {
    const routes = withId().filter(({ object }) => object['x-callers'].includes(kind))
    expect(routes.length).toBeGreaterThan(kind === 'user' ? 20 : 2)
    for (const operation of routes) {
      const options = { token: strangers[kind], body: exampleBody(operation) }
      const foreign = await api.call(operation.method, fill(operation, theirs), options)
      const missing = await api.call(operation.method, fill(operation, {}), options)
      expect([operation.name, shape(foreign)]).toEqual([operation.name, shape(missing)])
      expect([operation.name, foreign.status]).toEqual([operation.name, 404])
    }
  })
})

test('nothing of the victim’s was changed by all that', async () => {
  const { db } = api.deps
  const [left] = await db.batch.query(
    `select p.status as provider, p.name, s.status as session, k.revoked_at as revoked, e.status as endpoint,
       e.deleted_at as deleted, u.status as purchase, i.role as invited
     from providers p, sessions s, api_keys k, webhook_endpoints e, purchases u, provider_invitations i
     where p.id = $1 and s.id = $2 and k.id = $3 and e.id = $4 and u.id = $5 and i.id = $6`,
    [theirs.prv, theirs.ses, theirs.key, theirs.whe, theirs.pur, theirs.inv],
  )
  expect(left).toEqual({
    provider: 'listed',
    name: 'Focus timer',
    session: 'active',
    revoked: null,
    endpoint: 'enabled',
    deleted: null,
    purchase: 'pending',
    invited: 'owner',
  })
})

test('an id mixed into one’s own path leads nowhere: their key, endpoint or delivery below my provider', async () => {
  const mine = await equip()
  for (const operation of withId().filter(({ path }) => (path.match(/\{/g) ?? []).length > 1)) {
    const url = fill(operation, { ...theirs, prv: mine.providerId })
    const answer = await api.call(operation.method, url, {
      token: mine.user.token,
      body: exampleBody(operation),
    })
    expect([operation.name, answer.status]).toEqual([operation.name, 404])
  }
})

test('ids cannot be guessed: two of one instant share nothing but the time', () => {
  const now = new Date()
  const ids = Array.from({ length: 1_000 }, () => createId('ses', now).slice(14))
  expect(new Set(ids).size).toBe(1_000)
  expect(new Set(ids.map((id) => id.slice(0, 4))).size).toBeGreaterThan(990)
})
