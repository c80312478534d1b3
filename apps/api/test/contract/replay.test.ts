import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Answer, addProvider, addUser, startTestApi, type TestApi, type TestUser } from '../harness.ts'
import { beginPurchase, completed, paymentOf, sendEvent } from '../stripe-events.ts'
import { exampleBody, listOperations, type Operation, readDocument } from './operations.ts'

let api: TestApi
let operations: Operation[]
let owner: TestUser
let operator: TestUser
let providerId: string

beforeAll(async () => {
  api = await startTestApi()
  operations = listOperations(await readDocument(api)).filter(({ parameters }) =>
    parameters.some(({ name }) => name === 'Idempotency-Key'),
  )
  owner = await addUser(api, { tokens: 100_000 })
  operator = await addUser(api, { isOperator: true })
  providerId = await addProvider(api, { ownerId: owner.id })
})
afterAll(() => api.close())

const asOwner = async (path: string, body?: object) =>
  (await api.call('POST', path, { token: owner.token, ...(body && { body }) })).body

/** Ids that this operation finds, of things made for it alone. */
async function prepare({ name }: Operation): Promise<Record<string, string>> {
  const base = `/providers/${providerId}`
  if (name.includes('{invitationId}')) {
    const invitation = await asOwner(`${base}/invitations`, { email: 'new@example.com', role: 'viewer' })
    return { id: providerId, invitationId: invitation.id }
  }
  if (name.includes('{keyId}')) {
    const key = await asOwner(`${base}/api-keys`, { name: 'K', scopes: ['sessions:read'], mode: 'live' })
    return { id: providerId, keyId: key.id }
  }
  if (name.includes('{endpointId}')) {
    const url = 'https://hooks.example.com/'
    const endpoint = await asOwner(`${base}/webhook-endpoints`, { url, events: ['*'] })
    const delivery = await asOwner(`${base}/webhook-endpoints/${endpoint.id}/test`)
    return { id: providerId, endpointId: endpoint.id, deliveryId: delivery.id }
  }
  if (name.includes('/purchases/')) {
    const purchase = await beginPurchase(api, owner.token, 100)
    await sendEvent(api, completed(paymentOf(purchase)))
    return { id: purchase.id }
  }
  if (name.includes('/sessions/{id}')) {
    const { session, launchJwt } = await asOwner('/sessions', { providerId, durationMinutes: 10 })
    if (!name.endsWith('/relaunch'))
      await api.call('POST', '/api/v1/sessions/validate', { body: { launchJwt, clientId: 'client-0001' } })
    return { id: session.id }
  }
  return { id: providerId }
}

function bodyOf(operation: Operation): Record<string, unknown> | undefined {
  const body = exampleBody(operation)
  return body && 'providerId' in body ? { ...body, providerId } : body
}

/** Bodies that differ in one place, of which this operation takes one at least. */
function* others({ body: schema }: Operation, body: Record<string, unknown>) {
  for (const [name, { examples, type }] of Object.entries(schema?.properties ?? {})) {
    const value = body[name]
    if (typeof value === 'string') yield { ...body, [name]: `${value}x` }
    else if (typeof value === 'number') yield { ...body, [name]: value + 1 }
    else if (Array.isArray(value)) yield { ...body, [name]: [...value, ...value] }
    else if (value === undefined && examples?.length) yield { ...body, [name]: examples[0] }
    else if (value === undefined && type === 'boolean') yield { ...body, [name]: true }
  }
}

const replayed = ({ headers }: Answer) => headers['idempotent-replayed'] === 'true'

test('every route that takes an Idempotency-Key acts once, answers twice the same, and refuses the key for another body', async () => {
  const acted: string[] = []
  for (const operation of operations) {
    const ids = await prepare(operation)
    const url = operation.path.replace(/\{(\w+)\}/g, (_all, name) => {
      const parameter = operation.parameters.find((candidate) => candidate.name === name)
      return ids[name] ?? String(parameter?.example)
    })
    const { token } = operation.object['x-callers'].includes('operator') ? operator : owner
    const body = bodyOf(operation)
    const call = (key: string, sent: object | undefined) =>
      api.call(operation.method, url, {
        token,
        headers: { 'idempotency-key': key },
        ...(sent && { body: sent }),
      })

    // All at once: one acts, the others wait for its answer or are told to come back.
    const key = `replay-${operation.object.operationId}`
    const crowd = await Promise.all(Array.from({ length: 4 }, () => call(key, body)))
    const answered = crowd.filter((answer) => answer.body?.code !== 'idempotency_in_progress')
    expect([operation.name, new Set(answered.map(({ status, text }) => `${status} ${text}`)).size]).toEqual([
      operation.name,
      1,
    ])
    expect([operation.name, answered.filter((answer) => !replayed(answer)).length]).toEqual([
      operation.name,
      1,
    ])
    for (const waiting of crowd.filter((answer) => !answered.includes(answer)))
      expect([operation.name, waiting.status, Number(waiting.headers['retry-after'])]).toEqual([
        operation.name,
        409,
        expect.any(Number),
      ])

    const [first] = answered
    const again = await call(key, body)
    expect([operation.name, again.status, again.text, replayed(again)]).toEqual([
      operation.name,
      first?.status,
      first?.text,
      true,
    ])
    expect([operation.name, again.headers['content-type']]).toEqual([
      operation.name,
      first?.headers['content-type'],
    ])
    if ((first?.status ?? 500) < 300) acted.push(operation.name)

    if (!body) continue
    const codes: string[] = []
    for (const other of others(operation, body)) codes.push((await call(key, other)).body?.code)
    expect([operation.name, codes]).toEqual([
      operation.name,
      expect.arrayContaining(['idempotency_key_reused']),
    ])
  }
  // The rest wants earnings, or a mailed invitation, and repeats its refusal.
  expect(
    operations
      .map(({ name }) => name)
      .filter((name) => !acted.includes(name) && !/payouts|accept/.test(name)),
  ).toEqual([])
})
