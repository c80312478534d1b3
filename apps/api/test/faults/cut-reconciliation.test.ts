/**
 * The jobs that ask Stripe, with the connection cut at every statement of them: whatever was noted by then, what Stripe says counts
 * once in the end.
 *
 * @module
 */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { withCut } from '../simulation/cut.ts'
import { type StripeBuyers, startStripeBuyers } from '../stripe-buyers.ts'
import { completed, refunded, tellEvents } from '../stripe-events.ts'

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

test.each([
  'before',
  'after',
  'killed',
] as const)('cut %s a statement, a refund that was not delivered counts once', async (mode) => {
  const fired: boolean[] = []
  const look = it.startLooking()
  for (let statement = 1; statement <= STATEMENTS; statement += 1) {
    const bought = await it.buy()
    await tellEvents(it.api, completed(bought.payment))
    it.lose(600, refunded(bought.payment, 475))
    const { cut } = await withCut({ statement, mode }, it.api.databaseUrl, () =>
      look().catch(() => undefined),
    )
    fired.push(cut.hasFired)
    await look()
    expect([statement, ...(await it.standing(bought))]).toEqual([statement, 'paid', 500])
  }
  expect(fired.indexOf(false)).toBeGreaterThan(6)
  expect(fired.at(-1)).toBe(false)
})
