import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { accessTokenOf, addProvider, addUser, startTestApi, type TestApi } from '../../test/harness.ts'
import { PUBLIC_TENANT_ID } from '../id.ts'
import { checkLedger } from '../ledger/check-ledger.ts'
import { reverseCredit } from '../ledger/reverse-credit.ts'

const ORIGIN = 'http://localhost:4477'
let api: TestApi
let owner: { id: string; token: string }
let providerId: string

beforeAll(async () => {
  api = await startTestApi({ env: { PROVIDER_REVIEW: 'manual' } })
  owner = await addUser(api)
  const registered = await api.call('POST', '/providers', {
    token: owner.token,
    body: {
      name: 'Not listed yet',
      description: '',
      category: 'tools',
      launchUrl: `${ORIGIN}/app`,
      allowedOrigins: [ORIGIN],
      tokensPerMinute: 7,
    },
  })
  providerId = registered.body.id
})
afterAll(() => api.close())

const open = (token: string, id = providerId, body: object = {}) =>
  api.call('POST', `/providers/${id}/test-sessions`, { token, body })

const issueKey = async (mode: 'live' | 'test') => {
  const { body } = await api.call('POST', `/providers/${providerId}/api-keys`, {
    token: owner.token,
    body: { name: mode, scopes: ['sessions:write'], mode },
  })
  return body.secret as string
}

describe('a test session', () => {
  test('of a draft costs nothing and runs to its end through a browser of the listed origin', async () => {
    const opened = await open(owner.token, providerId, { durationMinutes: 2 })
    expect(opened.status).toBe(201)
    expect(opened.body.session).toMatchObject({ status: 'pending', tokensPerMinute: 0, tokensHeld: 0 })
    expect(opened.body.launchUrl).toContain(`${ORIGIN}/app?launch_jwt=`)

    const preflight = await api.call('OPTIONS', '/api/v1/sessions/validate', {
      headers: { origin: ORIGIN, 'access-control-request-method': 'POST' },
    })
    expect(preflight.headers['access-control-allow-origin']).toBe(ORIGIN)
    const validated = await api.call('POST', '/api/v1/sessions/validate', {
      headers: { origin: ORIGIN },
      body: { launchJwt: opened.body.launchJwt, clientId: 'client_of_a_test' },
    })
    expect(validated.status).toBe(200)
    api.clock.advance({ seconds: 30 })
    const { sessionJwt, session } = validated.body
    const beat = await api.call('POST', `/api/v1/sessions/${session.id}/heartbeat`, {
      token: sessionJwt,
      headers: { origin: ORIGIN },
      body: { clientId: 'client_of_a_test', sequence: 1 },
    })
    expect(beat.body.session).toMatchObject({ status: 'active', usedMs: 30_000 })
    const completed = await api.call('POST', `/api/v1/sessions/${session.id}/complete`, {
      token: sessionJwt,
      body: {},
    })
    expect(completed.body.session).toMatchObject({ status: 'ended', tokensCharged: 0 })
    expect((await api.deps.db.inBatch(checkLedger)).findings).toEqual([])
    const lines = await api.deps.db.inTenant(PUBLIC_TENANT_ID, (tx) =>
      tx.query('select from transfers where session_id = $1', [session.id]),
    )
    expect(lines).toEqual([])
  })

  test('still refuses a page of another origin, and spends nothing on it', async () => {
    const opened = await open(owner.token)
    const stranger = await api.call('POST', '/api/v1/sessions/validate', {
      headers: { origin: 'http://localhost:4478' },
      body: { launchJwt: opened.body.launchJwt, clientId: 'client_of_a_test' },
    })
    expect(stranger.body.code).toBe('origin_not_allowed')
  })

  test('opens with a test key, and with no live one', async () => {
    expect((await open(await issueKey('test'))).status).toBe(201)
    const live = await open(await issueKey('live'))
    expect([live.status, live.body.code]).toEqual([403, 'forbidden'])
  })

  test('of somebody else’s provider does not exist', async () => {
    const stranger = await addUser(api, { tokens: 1_000 })
    expect((await open(stranger.token)).body.code).toBe('provider_not_found')
    const other = await addProvider(api, { ownerId: stranger.id })
    expect((await open(await issueKey('test'), other)).body.code).toBe('provider_not_found')
  })

  test('asks nothing of the wallet when it is extended either: its owner may owe something', async () => {
    const developer = await addUser(api, { tokens: 60 })
    const tested = await addProvider(api, { ownerId: developer.id })
    const paid = await addProvider(api, { ownerId: owner.id, tokensPerMinute: 1 })
    const live = await api.call('POST', '/sessions', {
      token: developer.token,
      body: { providerId: paid, durationMinutes: 60 },
    })
    expect(live.status).toBe(201)
    await api.deps.db.inTenant(PUBLIC_TENANT_ID, async (tx) => {
      const [credit] = await tx.query<{ id: string }>(
        "select id from transfers where credit_account_id = $1 and kind = 'promotion'",
        [developer.id],
      )
      const { owed } = await reverseCredit(tx, {
        tenantId: PUBLIC_TENANT_ID,
        walletId: developer.id,
        kind: 'refund',
        toAccountId: 'refunds',
        amount: 60,
        purchaseId: null,
        reversesId: credit?.id ?? '',
        description: 'Given back',
        now: api.clock.now(),
      })
      expect(owed).toBe(60)
    })
    const { body } = await open(developer.token, tested, { durationMinutes: 2 })
    const extended = await api.call('POST', `/sessions/${body.session.id}/extend`, {
      token: developer.token,
      body: { minutes: 5 },
    })
    expect(extended.body).toMatchObject({ session: { durationSeconds: 420, tokensHeld: 0 } })
    const refused = await api.call('POST', `/sessions/${live.body.session.id}/extend`, {
      token: developer.token,
      body: { minutes: 5 },
    })
    expect(refused.body.code).toBe('insufficient_tokens')
  })

  test('is refused for a suspended provider', async () => {
    const operator = await addUser(api, { isOperator: true })
    const suspended = await addProvider(api, { ownerId: owner.id })
    await api.call('POST', `/providers/${suspended}/suspend`, {
      token: operator.token,
      body: { reason: 'The launch page answers 404.' },
    })
    const token = await accessTokenOf(api, owner.id)
    expect((await open(token, suspended)).body.code).toBe('provider_status_invalid')
  })

  test('asked for twice with one Idempotency-Key is one session', async () => {
    const ask = () =>
      api.call('POST', `/providers/${providerId}/test-sessions`, {
        token: owner.token,
        body: {},
        headers: { 'idempotency-key': 'one-test' },
      })
    const [first, second] = [await ask(), await ask()]
    expect(second.text).toBe(first.text)
  })
})
