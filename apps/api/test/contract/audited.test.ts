import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createPasswords } from '../../src/auth/password.ts'
import { PUBLIC_TENANT_ID } from '../../src/id.ts'
import { type Answer, addProvider, addUser, startTestApi, type TestApi, type TestUser } from '../harness.ts'
import { createMarket, openSession } from '../play.ts'
import { beginPurchase, completed, paymentOf, sendEvent } from '../stripe-events.ts'
import { exampleBody, listOperations, type Operation, readDocument } from './operations.ts'

let api: TestApi
let operations: Operation[]
let owner: TestUser
let operator: TestUser
let providerId: string

beforeAll(async () => {
  api = await startTestApi()
  operations = listOperations(await readDocument(api))
  owner = await addUser(api)
  operator = await addUser(api, { isOperator: true })
  providerId = await addProvider(api, { ownerId: owner.id })
  // As the documented examples have it.
  await api.deps.db.batch.query('update users set password_hash = $2 where id = $1', [
    owner.id,
    await createPasswords().hash('correct horse battery staple'),
  ])
})
afterAll(() => api.close())

/** Reads of the own, which change nothing and show nothing of anybody else. */
const isOwnRead = ({ method, object }: Operation) =>
  method === 'GET' && !object['x-callers'].includes('operator')

/** Not on record, and why. */
const EXCEPT = new Map([
  ['GET /operators/health', 'figures of the whole, read every few seconds by the dashboard'],
])

/** What an operator, an owner or a key does: everything that these may call and that is not merely a user's own. */
const wanted = () =>
  operations.filter(
    (operation) =>
      !isOwnRead(operation) &&
      !EXCEPT.has(operation.name) &&
      (operation.object['x-callers'].some((one) => one === 'operator' || one === 'key') ||
        operation.path.startsWith('/providers')) &&
      !operation.object['x-callers'].includes('open'),
  )

/** Ids that this operation may use, made anew: what one call ends, the next does not find. */
async function prepare(name: string): Promise<Record<string, string>> {
  const as = { token: owner.token }
  const base = `/providers/${providerId}`
  if (name.includes('{keyId}')) {
    const { body } = await api.call('POST', `${base}/api-keys`, {
      ...as,
      body: { name: 'K', scopes: ['sessions:read'], mode: 'live' },
    })
    return { keyId: body.id }
  }
  if (name.includes('{endpointId}')) {
    const url = 'https://hooks.example.com/'
    const endpoint = await api.call('POST', `${base}/webhook-endpoints`, {
      ...as,
      body: { url, events: ['*'] },
    })
    const delivery = await api.call('POST', `${base}/webhook-endpoints/${endpoint.body.id}/test`, as)
    return { endpointId: endpoint.body.id, deliveryId: delivery.body.id }
  }
  if (name.includes('{invitationId}')) {
    const email = `${randomUUID()}@example.com`
    const { body } = await api.call('POST', `${base}/invitations`, { ...as, body: { email, role: 'viewer' } })
    return { invitationId: body.id }
  }
  if (name.includes('{userId}') || name.endsWith('/transfer')) return { userId: await addMember() }
  if (name.includes('/changes/')) {
    await api.deps.db.batch.query(changedSql, [providerId, api.clock.now()])
    return { updatedAt: api.clock.now().toISOString() }
  }
  if (name.includes('/purchases/')) {
    const user = await addUser(api)
    const purchase = await beginPurchase(api, user.token, 100)
    await sendEvent(api, completed(paymentOf(purchase)))
    return { id: purchase.id }
  }
  // Somebody else: a sign-out would void the tokens that other calls here are made with.
  if (name.endsWith('/sign-out')) return { id: (await addUser(api)).id }
  if (name.includes('/operators/users/')) return { id: owner.id }
  if (name.includes('/operators/sessions/')) {
    return { id: (await openSession(await createMarket(api))).sessionId }
  }
  if (name.includes('/operators/transfers/')) {
    const rows = await api.deps.db.batch.query<{ id: string }>('select id from transfers limit 1')
    return { id: rows[0]?.id ?? '' }
  }
  if (name.includes('/reject')) {
    await api.deps.db.batch.query(`update providers set status = 'in_review' where id = $1`, [providerId])
  } else if (name.includes('{id}')) {
    await api.deps.db.batch.query(`update providers set status = 'listed' where id = $1`, [providerId])
  }
  return {}
}

async function addMember(): Promise<string> {
  const { id } = await addUser(api)
  await api.deps.db.inTenant(PUBLIC_TENANT_ID, (tx) =>
    tx.query(
      `insert into provider_members (provider_id, user_id, role, created_at) values ($1, $2, 'viewer', now())`,
      [providerId, id],
    ),
  )
  return id
}

/** What depends on what was prepared; else the documented example. */
function bodyOf(operation: Operation, ids: Record<string, string>): object | undefined {
  if (operation.name.endsWith('/refund')) return { reason: 'Goodwill' }
  const example = exampleBody(operation)
  if (operation.name.endsWith('/transfer')) return { ...example, userId: ids.userId }
  return operation.name.includes('/changes/') ? { ...example, updatedAt: ids.updatedAt } : example
}

/** A listed provider that waits for an operator to look. */
const changedSql = `
  update providers set changed_since = $2, updated_at = $2,
    listing_before = '{"name":"Before","description":"","category":"tools","iconUrl":null}'
  where id = $1`

const auditedAs = async ({ headers }: Answer) =>
  (
    await api.deps.db.batch.query<{ action: string }>(
      'select action from audit_entries where request_id = $1',
      [headers['x-request-id']],
    )
  ).map(({ action }) => action)

test('everything an operator, an owner or a key does is on record', async () => {
  const unrecorded: string[] = []
  const notPlayed: string[] = []
  await openSession(await createMarket(api)).then((play) => play.call('complete'))
  for (const operation of wanted()) {
    const ids: Record<string, string> = { id: providerId, ...(await prepare(operation.name)) }
    const url = operation.path.replace(/\{(\w+)\}/g, (_all, name) => ids[name] ?? '')
    const { token } = operation.object['x-callers'].includes('operator') ? operator : owner
    const answer = await api.call(operation.method, url, { token, body: bodyOf(operation, ids) })
    if (answer.status >= 300) notPlayed.push(`${operation.name}: ${answer.status} ${answer.body?.code}`)
    else if ((await auditedAs(answer)).length === 0) unrecorded.push(operation.name)
  }
  // A payout wants earnings; their own tests look for its entry.
  expect(notPlayed.filter((line) => !line.includes('/payouts'))).toEqual([])
  expect(unrecorded).toEqual([])
})
