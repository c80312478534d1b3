/**
 * Statements of any period against the ledger: whatever was charged, corrected, paid out and brought back, and rolled up
 * or not, each begins with what the one before ended with, and ends with what the account's transfers add up to.
 *
 * @module
 */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bringBack, correct, takeBackCorrection } from '../../test/corrections.ts'
import { addEarningProvider } from '../../test/earning-provider.ts'
import { type SessionMarket, startSessionMarket } from '../../test/session-market.ts'
import { rollUpActivity, rollUpActivityAgain } from '../analytics/roll-up-activity.ts'
import { checkLedger } from '../ledger/check-ledger.ts'

const DAY_MS = 86_400_000
const ZONES = ['UTC', 'Asia/Kathmandu', 'America/St_Johns', 'Australia/Lord_Howe']

let it: SessionMarket

beforeAll(async () => {
  it = await startSessionMarket()
})
afterAll(() => it.close())

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('play' as const),
      who: fc.nat(2),
      quarters: fc.integer({ min: 1, max: 8 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      minutes: fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 60, max: 25 * 1440 })),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('correct' as const), which: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('takeBack' as const), which: fc.nat(9) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('payOut' as const),
      share: fc.constantFrom(0.3, 1),
      end: fc.constantFrom('pay', 'cancel', 'return'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('rollUp' as const), isAgain: fc.boolean() }) },
)

/** What the transfers of an account say, with no figure in between. */
async function readAccount(accountId: string, from: string, to: string) {
  const [row] = await it.api.deps.db.batch.query<Record<string, number>>(
    `with t as (
       select *, case when credit_account_id = $1 then amount else -amount end as change,
         created_at >= $2 as is_in, created_at < $3 as is_before
       from transfers where credit_account_id = $1 or debit_account_id = $1
     )
     select coalesce(sum(change) filter (where not is_in), 0) as "openingBalance",
       coalesce(sum(change) filter (where is_before), 0) as "closingBalance",
       count(*) filter (where is_in and is_before and kind = 'charge') as sessions,
       coalesce(sum(change) filter (where is_in and is_before and kind = 'charge'), 0) as gross,
       coalesce(-sum(change) filter (where is_in and is_before and kind = 'fee'), 0) as fee,
       coalesce(-sum(change) filter (where is_in and is_before and kind = 'payout'), 0) as "paidOut",
       coalesce(-sum(change) filter (where is_in and is_before and kind = 'correction'), 0) as refunded
     from t`,
    [accountId, from, to],
  )
  return row
}

test('statements of any days add up to the ledger, and follow one another', { timeout: 240_000 }, () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 8, maxLength: 24 }),
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 4 }),
      fc.constantFrom(...ZONES),
      async (steps, cuts, timeZone) => {
        const { api, users } = it
        const { db, clock } = api.deps
        const mine = await addEarningProvider(it)
        const begin = clock().getTime()
        const charged: string[] = []
        const corrected: string[] = []
        const take = (list: string[], which: number) => list.splice(which % (list.length || 1), 1)[0]
        for (const one of steps) {
          if (one.kind === 'play')
            charged.push(
              await it.play({ user: users[one.who]!, minutes: one.quarters / 4, of: mine.providerId }),
            )
          if (one.kind === 'wait') api.clock.advance({ ms: one.minutes * 60_000 })
          if (one.kind === 'correct') {
            const id = take(charged, one.which)
            if (id) corrected.push(id)
            if (id) await correct(api, id)
          }
          if (one.kind === 'takeBack') {
            const id = take(corrected, one.which)
            if (id) await takeBackCorrection(api, id)
          }
          if (one.kind === 'payOut') {
            const { payable } = await mine.earnings()
            const { status, body } = await mine.pay('', { amount: Math.ceil(payable * one.share) })
            if (status === 201)
              await (one.end === 'cancel'
                ? mine.pay(`/${body.id}/cancel`)
                : mine.pay(`/${body.id}/pay`, { reference: 'SEPA 1' }))
            if (status === 201 && one.end === 'return') await bringBack(api, mine.providerId)
          }
          if (one.kind === 'rollUp')
            await (one.isAgain ? rollUpActivityAgain(db) : rollUpActivity(db, { now: clock() }))
        }
        const marks = [0, ...cuts.toSorted((a, b) => a - b), 1].map((part) =>
          new Date(begin + part * (clock().getTime() - begin) - DAY_MS).toISOString().slice(0, 10),
        )
        const days = [...new Set(marks)]
        let last = 0
        for (const [i, from] of days.entries()) {
          const next = days[i + 1]
          const to = new Date(next ? Date.parse(next) - DAY_MS : clock().getTime() + 2 * DAY_MS)
          const range = `from=${from}&to=${to.toISOString().slice(0, 10)}&timeZone=${timeZone}`
          const { status, body } = await it.as(it.owner, 'GET', `${mine.path}/earnings/statement?${range}`)
          expect([status, body]).toMatchObject([200, { openingBalance: last }])
          expect(body).toMatchObject((await readAccount(mine.providerId, body.from, body.to))!)
          last = body.closingBalance
        }
        expect(await mine.earnings()).toMatchObject({ balance: last })
        expect((await db.inBatch(checkLedger)).findings).toEqual([])
      },
    ),
    { numRuns: process.env.LONG === '1' ? 300 : 15, endOnFailure: process.env.LONG !== '1' },
  ),
)
