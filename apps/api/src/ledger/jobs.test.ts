import { afterAll, beforeAll, expect, test } from 'vitest'
import { type SessionMarket, startSessionMarket } from '../../test/session-market.ts'
import { getAccountBalance } from './account-balance.ts'
import { checkLedger } from './check-ledger.ts'
import { rollUpTask } from './jobs.ts'

let market: SessionMarket
beforeAll(async () => {
  market = await startSessionMarket({ users: 1 })
})
afterAll(() => market.close())

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
