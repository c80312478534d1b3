import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectAs, type OwnConnection } from '../../test/database.ts'
import { countWaiting } from '../../test/harness.ts'
import { type SessionMarket, startSessionMarket } from '../../test/session-market.ts'
import { getAccountBalance } from './account-balance.ts'
import { checkLedger } from './check-ledger.ts'
import { checkLedgerTask, rollUpTask } from './jobs.ts'

let market: SessionMarket
let owner: OwnConnection
beforeAll(async () => {
  market = await startSessionMarket({ users: 1 })
  owner = await connectAs(market.api.databaseUrl)
})
afterAll(async () => {
  await owner.end()
  await market.close()
})

/** The task uses nothing of what it is given but what the application has. */
const prove = async () => checkLedgerTask(market.api.deps)({}, undefined as never)

const lastProof = async () =>
  (
    await owner.query<{ findings: number; transfers: number }>(
      'select findings, transfers::int from ledger_checks order by id desc limit 1',
    )
  )[0]

const countTransfers = async () =>
  (await owner.query<{ count: number }>('select count(*)::int from transfers'))[0]?.count

test('a roll-up that runs several times at once counts what was earned once', async () => {
  const { deps } = market.api
  // The task uses nothing of what it is given but the database.
  const rollUp = async () => rollUpTask(deps)({}, undefined as never)
  for (let round = 1; round <= 5; round += 1) {
    await market.play({ user: market.users[0]!, minutes: 5 })
    await Promise.all(Array.from({ length: 6 }, rollUp))
    expect((await deps.db.inBatch(checkLedger)).findings).toEqual([])
    const balance = await deps.db.inBatch((tx) => getAccountBalance(tx, market.providerId))
    expect(balance).toBe(16 * round)
  }
})

test('the nightly proof is of one moment, whatever is booked while it looks', async () => {
  const before = await countTransfers()
  await owner.query('begin')
  await owner.query('lock table payouts in access exclusive mode')
  const proving = prove()
  // It has looked at the wallets, and waits for the payouts.
  await expect.poll(() => countWaiting(market.api), { timeout: 4_000 }).toBe(1)
  await owner.query(
    `select credit_wallet(tenant_id, id, 'promotion', 'promotions', 5, null, null, 'x', '{trf_x,trf_y}', now())
     from wallets where id = $1`,
    [market.users[0]!.id],
  )
  await owner.query('commit')
  await proving
  expect(await lastProof()).toEqual({ findings: 0, transfers: before })
  expect(await countTransfers()).toBe(Number(before) + 1)
})

test('a nightly proof that finds something fails, and what it found is on record', async () => {
  market.api.clock.advance({ hours: 24 })
  const give = (tokens: number) =>
    owner.query('update wallets set posted = posted + $2 where id = $1', [market.users[0]!.id, tokens])
  await give(1)
  await expect(prove()).rejects.toThrow('the ledger has 1 findings')
  expect(await lastProof()).toMatchObject({ findings: 1 })
  await give(-1)
  market.api.clock.advance({ hours: 24 })
  await prove()
  expect(await lastProof()).toMatchObject({ findings: 0 })
})
