import { afterAll, beforeAll, expect, test } from 'vitest'
import { addUser, startTestApi, type TestApi } from '../../test/harness.ts'
import { createMarket, type Market } from '../../test/play.ts'
import { PUBLIC_TENANT_ID } from '../id.ts'
import { createOpening, createSession, type NewSession } from './create-session.ts'

let api: TestApi
let market: Market

beforeAll(async () => {
  api = await startTestApi()
  market = await createMarket(api)
})
afterAll(() => api.close())

// The request has shown a good token by then.
test.each<[string, (wanted: NewSession) => Promise<unknown>]>([
  ['in a batch', (wanted) => createOpening(api.deps.db, api.deps.keys)(wanted)],
  [
    'in a transaction with more to do',
    (wanted) => api.deps.db.inTenant(PUBLIC_TENANT_ID, (tx) => createSession(tx, wanted, api.deps.keys)),
  ],
])('an account deleted while its request was on its way opens nothing, %s', async (_how, open) => {
  const { db, clock } = api.deps
  const { id: userId } = await addUser(api, { tokens: 1_000 })
  const { providerId } = market
  const wanted = { providerId, durationMinutes: 5, feeBasisPoints: 2_000, now: clock() }
  await db.batch.query('update users set deleted_at = $2 where id = $1', [userId, clock()])
  await expect(open({ ...wanted, tenantId: PUBLIC_TENANT_ID, userId })).rejects.toMatchObject({
    code: 'provider_not_found',
  })
  expect(await db.batch.query('select id from sessions where user_id = $1', [userId])).toEqual([])
  expect(await db.batch.query('select held from wallets where id = $1', [userId])).toEqual([{ held: 0 }])
})
