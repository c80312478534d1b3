/**
 * The job that asks Stripe, with the connection cut at every statement of it: whatever was noted by then, the payment is credited
 * once in the end.
 *
 * @module
 */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { withCut } from '../simulation/cut.ts'
import { type StripeBuyers, startStripeBuyers } from '../stripe-buyers.ts'

let it: StripeBuyers
beforeAll(async () => {
  it = await startStripeBuyers()
})
beforeEach(() => it.reset())
afterAll(() => it.close())

/** Of one purchase; more than it takes, so that the last are cut nowhere. */
const STATEMENTS = 24

test.each(['before', 'after', 'killed'] as const)('cut %s a statement, it is credited once', async (mode) => {
  const fired: boolean[] = []
  for (let statement = 1; statement <= STATEMENTS; statement += 1) {
    const bought = await it.pay()
    it.api.clock.advance({ minutes: 10 })
    const { cut } = await withCut({ statement, mode }, it.api.databaseUrl, () =>
      it.reconcile().catch(() => undefined),
    )
    fired.push(cut.hasFired)
    it.api.clock.advance({ minutes: 10 })
    await it.reconcile()
    expect([statement, ...(await it.standing(bought))]).toEqual([statement, 'paid', 1_000])
  }
  // From the first to the last, and no further.
  expect(fired.indexOf(false)).toBeGreaterThan(10)
  expect(fired.at(-1)).toBe(false)
})
