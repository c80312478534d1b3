import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { connectAs, type OwnConnection } from '../../test/database.ts'
import { addUser, countWaiting, startTestApi, type TestApi } from '../../test/harness.ts'
import { holdLock } from '../../test/hold-lock.ts'
import { createMarket, type Market, openSession, withNewUser } from '../../test/play.ts'
import { createId, PUBLIC_TENANT_ID } from '../id.ts'
import { captureHolds } from './capture-holds.ts'
import { checkLedger } from './check-ledger.ts'

let api: TestApi
let market: Market
let owner: OwnConnection

beforeAll(async () => {
  api = await startTestApi()
  market = await createMarket(api)
  owner = await connectAs(api.databaseUrl)
})
afterEach(async () => {
  expect((await api.deps.db.inBatch(checkLedger)).findings).toEqual([])
})
afterAll(async () => {
  await owner.end()
  await api.close()
})

/** A session of ten minutes at 4 tokens, of a user of their own. */
const open = async () => openSession(await withNewUser(market, { tokens: 1_000 }), { minutes: 10 })
const capture = (reference: string, amount: number) => ({
  tenantId: PUBLIC_TENANT_ID,
  reference,
  amount,
  providerId: market.providerId,
  feeBasisPoints: 2_000,
  description: 'For tests',
  now: api.clock.now(),
})

test('a capture of more than is held is refused, and with it the batch', async () => {
  const [one, other] = [await open(), await open()]
  const batch = [capture(one.sessionId, 40), capture(other.sessionId, 41)]
  await expect(api.deps.db.inBatch((tx) => captureHolds(tx, batch))).rejects.toMatchObject({
    code: '23000',
    message: `a capture of 41 exceeds the holds of ${other.sessionId} by 1`,
  })
  const wallets = await owner.query('select posted, held from wallets where id = any ($1)', [
    [one.user.id, other.user.id],
  ])
  expect(wallets).toEqual([
    { posted: 1_000, held: 40 },
    { posted: 1_000, held: 40 },
  ])
})

test('a capture that waits for its wallet has none of its holds yet', async () => {
  const play = await open()
  await play.use(60)
  await play.market('POST', '/extend', { minutes: 5 })
  const release = await holdLock(api, 'select from wallets where id = $1 for update', [play.user.id])
  const completed = play.call('complete')
  await expect.poll(() => countWaiting(api)).toBe(1)
  const free = await owner.query('select id from holds where reference = $1 for update skip locked', [
    play.sessionId,
  ])
  await release()
  expect((await completed).body.session).toMatchObject({ status: 'ended', tokensCharged: 4 })
  expect(free).toHaveLength(2)
})

test('two holds on one wallet in a batch are refused, and neither is placed', async () => {
  const { id } = await addUser(api, { tokens: 1_000 })
  const now = api.clock.now()
  const holdIds = [createId('hld', now), createId('hld', now)]
  const placing = api.deps.db.inBatch((tx) =>
    tx.query('select placed from place_holds($1, $2, $3, $3, $4, $5)', [
      [PUBLIC_TENANT_ID, PUBLIC_TENANT_ID],
      [id, id],
      holdIds,
      [4, 4],
      [now, now],
    ]),
  )
  await expect(placing).rejects.toMatchObject({
    code: '23000',
    message: 'a batch places one hold on each wallet',
  })
  expect(await owner.query('select id from holds where wallet_id = $1', [id])).toEqual([])
  expect(await owner.query('select held from wallets where id = $1', [id])).toEqual([{ held: 0 }])
})
