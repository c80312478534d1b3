import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { accessTokenOf, addUser, startTestApi, type TestApi, type TestUser } from '../../test/harness.ts'
import { PUBLIC_TENANT_ID } from '../id.ts'

const app = {
  name: 'Typing test',
  description: 'Type faster.\nEvery day.',
  category: 'education',
  launchUrl: 'https://typing.example.com/start?lang=en',
  allowedOrigins: ['https://typing.example.com'],
  tokensPerMinute: 3,
}

let api: TestApi
let owner: TestUser
let operator: TestUser

beforeAll(async () => {
  api = await startTestApi()
  owner = await addUser(api)
  operator = await addUser(api, { isOperator: true })
})
afterAll(() => api.close())

const register = async (from: TestApi, token: string, change: object = {}) =>
  from.call('POST', '/providers', { token, body: { ...app, ...change } })

describe('reviewing', () => {
  let reviewed: TestApi
  let seller: TestUser
  let judge: TestUser
  beforeAll(async () => {
    reviewed = await startTestApi({ env: { PROVIDER_REVIEW: 'manual' } })
    seller = await addUser(reviewed)
    judge = await addUser(reviewed, { isOperator: true })
  })
  afterAll(() => reviewed.close())

  const patch = (id: string, body: object) =>
    reviewed.call('PATCH', `/providers/${id}`, { token: seller.token, body })
  const judged = (id: string, verb: string, body?: object, token = judge.token) =>
    reviewed.call('POST', `/providers/${id}/${verb}`, { token, ...(body && { body }) })

  test('a draft is seen by its owner alone until an operator lists it', async () => {
    const { body: draft } = await register(reviewed, seller.token)
    expect(draft.status).toBe('draft')
    expect((await reviewed.call('GET', `/providers/${draft.id}`)).status).toBe(404)
    expect((await reviewed.call('GET', '/providers')).body.items).toEqual([])
    expect((await patch(draft.id, { status: 'in_review' })).body.status).toBe('in_review')
    expect((await reviewed.call('GET', `/providers/${draft.id}`)).status).toBe(404)
    const queue = await reviewed.call('GET', '/operators/providers', { token: judge.token })
    expect(queue.body.items.map((item: { id: string }) => item.id)).toEqual([draft.id])
    expect((await judged(draft.id, 'approve')).body.status).toBe('listed')
    expect((await judged(draft.id, 'approve')).body.status).toBe('listed')
    expect((await reviewed.call('GET', `/providers/${draft.id}`)).status).toBe(200)
    expect((await patch(draft.id, { status: 'draft' })).body.code).toBe('provider_status_invalid')
  })

  test('an operator lists what they looked at: a swap between look and click is refused', async () => {
    const { body } = await register(reviewed, seller.token)
    const { updatedAt } = (await patch(body.id, { status: 'in_review' })).body
    reviewed.clock.advance({ seconds: 1 })
    await patch(body.id, {
      launchUrl: 'https://evil.example.com/',
      allowedOrigins: ['https://evil.example.com'],
    })
    const late = await judged(body.id, `approve?updatedAt=${updatedAt}`)
    expect([late.status, late.body.code]).toEqual([409, 'listing_change_gone'])
    expect((await judged(body.id, 'approve?updatedAt=soon')).body.code).toBe('validation_failed')
    const [{ updatedAt: seen }] = (
      await reviewed.call('GET', '/operators/providers', { token: judge.token })
    ).body.items.filter(({ id }: { id: string }) => id === body.id)
    expect((await judged(body.id, `approve?updatedAt=${seen}`)).body.status).toBe('listed')
  })

  test('a rejected one is a draft again and says why', async () => {
    const { body } = await register(reviewed, seller.token)
    expect((await judged(body.id, 'reject', { reason: 'Too soon.' })).body.code).toBe(
      'provider_status_invalid',
    )
    await patch(body.id, { status: 'in_review' })
    const rejected = await judged(body.id, 'reject', { reason: 'The page answers 404.' })
    expect(rejected.body).toMatchObject({ status: 'draft', reviewNote: 'The page answers 404.' })
    expect((await patch(body.id, { status: 'in_review' })).body.status).toBe('in_review')
    expect((await patch(body.id, { status: 'draft' })).body.status).toBe('draft')
  })

  test('a suspended one leaves the catalogue, and its owner cannot bring it back', async () => {
    const { body } = await register(reviewed, seller.token)
    await judged(body.id, 'approve')
    expect((await judged(body.id, 'suspend', {})).status).toBe(400)
    const suspended = await judged(body.id, 'suspend', { reason: 'Malware.' })
    expect(suspended.body).toMatchObject({ status: 'suspended', reviewNote: 'Malware.' })
    expect((await judged(body.id, 'suspend', { reason: 'Again.' })).body.reviewNote).toBe('Malware.')
    expect((await reviewed.call('GET', `/providers/${body.id}`)).status).toBe(404)
    for (const status of ['in_review', 'draft']) {
      expect((await patch(body.id, { status })).body.code).toBe('provider_status_invalid')
    }
    expect((await judged(body.id, 'approve')).body).toMatchObject({ status: 'listed', reviewNote: null })
  })

  test('to everybody but operators these routes do not exist', async () => {
    const { body } = await register(reviewed, seller.token)
    for (const verb of ['approve', 'suspend', 'reject']) {
      const answer = await judged(body.id, verb, { reason: 'Please.' }, seller.token)
      expect([answer.status, answer.body.code]).toEqual([404, 'not_found'])
    }
    expect((await reviewed.call('GET', '/operators/providers', { token: seller.token })).status).toBe(404)
  })

  test('an operator who is one no more loses it at once', async () => {
    const brief = await addUser(reviewed, { isOperator: true })
    const token = await accessTokenOf(reviewed, brief.id)
    expect((await reviewed.call('GET', '/operators/providers', { token })).status).toBe(200)
    await reviewed.deps.db.inTenant(PUBLIC_TENANT_ID, (tx) =>
      tx.query('update users set is_operator = false where id = $1', [brief.id]),
    )
    expect((await reviewed.call('GET', '/operators/providers', { token })).status).toBe(404)
  })

  test('a missing provider cannot be judged', async () => {
    expect((await judged('prv_00000000000000000000000000', 'approve')).body.code).toBe('provider_not_found')
  })
})

test('a suspension ends what runs and what waits, and keeps new sessions out', async () => {
  const user = await addUser(api, { tokens: 1000 })
  const { body: provider } = await register(api, owner.token, { allowedOrigins: ['https://s.example'] })
  const open = () =>
    api.call('POST', '/sessions', {
      token: user.token,
      body: { providerId: provider.id, durationMinutes: 10 },
    })
  const [running, waiting] = [(await open()).body, (await open()).body]
  const validated = await api.call('POST', '/api/v1/sessions/validate', {
    body: { launchJwt: running.launchJwt, clientId: 'client-0001' },
  })
  expect(validated.status).toBe(200)
  const body = { reason: 'Malware.' }
  expect(
    (await api.call('POST', `/providers/${provider.id}/suspend`, { token: operator.token, body })).status,
  ).toBe(200)
  const endReasonOf = async (id: string) =>
    (await api.call('GET', `/sessions/${id}`, { token: user.token })).body.endReason
  expect(await endReasonOf(running.session.id)).toBe('revoked')
  expect(await endReasonOf(waiting.session.id)).toBe('cancelled')
  expect((await open()).body.code).toBe('provider_not_found')
  const { body: balance } = await api.call('GET', '/tokens/balance', { token: user.token })
  expect(balance.held).toBe(0)
})

test('a new price reaches no session that was opened before it', async () => {
  const user = await addUser(api, { tokens: 1000 })
  const { body: provider } = await register(api, owner.token)
  const body = { providerId: provider.id, durationMinutes: 10 }
  const { body: opened } = await api.call('POST', '/sessions', { token: user.token, body })
  await api.call('PATCH', `/providers/${provider.id}`, { token: owner.token, body: { tokensPerMinute: 50 } })
  const { body: session } = await api.call('GET', `/sessions/${opened.session.id}`, { token: user.token })
  expect([session.tokensPerMinute, session.tokensHeld]).toEqual([3, 30])
  const { body: dearer } = await api.call('POST', '/sessions', { token: user.token, body })
  expect(dearer.session.tokensPerMinute).toBe(50)
})

test('production takes https alone, and not this very machine', async () => {
  const production = await startTestApi({ config: { isProduction: true } })
  try {
    const user = await addUser(production)
    for (const launchUrl of [
      'http://localhost:4002/',
      'https://localhost/',
      'http://a.example/',
      'https://x.localhost/',
    ]) {
      expect((await register(production, user.token, { launchUrl })).status).toBe(400)
    }
    expect((await register(production, user.token)).status).toBe(201)
  } finally {
    await production.close()
  }
})

test('an operator is named by nothing in a user’s token', async () => {
  // The claim is looked up, never believed.
  expect((await api.call('GET', '/operators/providers', { token: operator.token })).status).toBe(200)
  expect((await api.call('GET', '/operators/providers', { token: owner.token })).status).toBe(404)
})
