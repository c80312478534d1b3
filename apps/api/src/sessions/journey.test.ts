import { afterAll, beforeAll, expect, test } from 'vitest'
import { addProvider, addUser, startTestApi, type TestApi, type TestUser } from '../../test/harness.ts'
import { checkLedger } from '../ledger/check-ledger.ts'

let api: TestApi
let user: TestUser
let providerId: string

beforeAll(async () => {
  api = await startTestApi()
  const owner = await addUser(api)
  providerId = await addProvider(api, { ownerId: owner.id, tokensPerMinute: 4 })
  user = await addUser(api, { tokens: 1_000 })
})
afterAll(() => api.close())

test('7 min 12 s at 4 tokens a minute charge 29 tokens, to the token, and the books agree', async () => {
  const created = await api.call('POST', '/sessions', {
    token: user.token,
    body: { providerId, durationMinutes: 30 },
  })
  expect(created.status).toBe(201)
  expect(created.body.session).toMatchObject({
    status: 'pending',
    tokensHeld: 120,
    remainingMs: 1_800_000,
    endsAt: null,
  })
  const clientId = 'client_0001'
  const validated = await api.call('POST', '/api/v1/sessions/validate', {
    body: { launchJwt: created.body.launchJwt, clientId },
  })
  expect(validated.status).toBe(200)
  const { session, sessionJwt } = validated.body
  const beat = (body: object) =>
    api.call('POST', `/api/v1/sessions/${session.id}/heartbeat`, {
      token: sessionJwt,
      body: { clientId, ...body },
    })
  for (let sequence = 1; sequence <= 14; sequence += 1) {
    api.clock.advance({ seconds: 30 })
    expect((await beat({ sequence, activeMs: 30_000 })).status).toBe(200)
  }
  api.clock.advance({ seconds: 12 })
  const completed = await api.call('POST', `/api/v1/sessions/${session.id}/complete`, {
    token: sessionJwt,
    body: { clientId, sequence: 15, activeMs: 12_000, reason: 'finished' },
  })
  expect(completed.status).toBe(200)
  expect(completed.body.session).toMatchObject({
    status: 'ended',
    endReason: 'completed',
    usedMs: 432_000,
    tokensCharged: 29,
  })

  const { tenantId } = { tenantId: 'ten_00000000000000000000000000' }
  const rows = await api.deps.db.batch.query<{
    kind: string
    amount: number
    credit: string
    description: string
  }>(
    `select kind, amount, credit_account_id as credit, description from transfers
     where tenant_id = $1 and session_id = $2 order by kind`,
    [tenantId, session.id],
  )
  expect(rows).toEqual([
    {
      kind: 'charge',
      amount: 29,
      credit: providerId,
      description: 'Focus timer: 7 min 12 s at 4 tokens a minute',
    },
    { kind: 'fee', amount: 6, credit: 'platform_fee', description: 'Platform fee' },
  ])
  const [wallet] = await api.deps.db.batch.query('select posted, held, debt from wallets where id = $1', [
    user.id,
  ])
  expect(wallet).toEqual({ posted: 971, held: 0, debt: 0 })
  expect((await api.deps.db.inBatch(checkLedger)).findings).toEqual([])
})
