/**
 * Any sequence of movements against plain arithmetic: tokens are conserved, nothing is overdrawn, a debt comes first.
 *
 * @module
 */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addUser, startTestApi, type TestApi } from '../../test/harness.ts'
import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import { PUBLIC_TENANT_ID } from '../id.ts'
import { captureHolds } from './capture-holds.ts'
import { checkLedger } from './check-ledger.ts'
import { creditWallet } from './credit-wallet.ts'
import { placeHold } from './place-hold.ts'
import { reverseCredit } from './reverse-credit.ts'

const now = new Date('2026-03-01T12:00:00.000Z')
const PROVIDER = 'prv_00000000000000000000000000'

let api: TestApi

beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())

type Step =
  | { kind: 'credit'; amount: number }
  | { kind: 'hold'; amount: number }
  | { kind: 'capture'; which: number[]; share: number; fee: number }
  | { kind: 'reverse'; which: number; share: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('credit' as const), amount: fc.integer({ min: 1, max: 500 }) }),
  fc.record({ kind: fc.constant('hold' as const), amount: fc.integer({ min: 0, max: 400 }) }),
  fc.record({
    kind: fc.constant('capture' as const),
    // Several at once, as a batch of sessions of one person has them.
    which: fc.array(fc.nat(20), { minLength: 1, maxLength: 4 }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    fee: fc.constantFrom(0, 1, 1_999, 2_000, 3_333, 10_000),
  }),
  fc.record({
    kind: fc.constant('reverse' as const),
    which: fc.nat(20),
    share: fc.double({ min: 0.01, max: 1, noNaN: true }),
  }),
)

/** A wallet as it must be, and everything that was ever put into it. */
class Model {
  posted = 0
  held = 0
  debt = 0
  earned = 0
  fees = 0
  holds: { reference: string; amount: number; isOpen: boolean }[] = []
  credits: { transferId: string; left: number }[] = []

  free(amount: number): void {
    this.held -= amount
    const paid = Math.min(this.debt, amount)
    this.debt -= paid
    this.posted -= paid
  }
}

test('any sequence of credits, holds, captures and reversals moves tokens as arithmetic says', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 30 }), async (steps) => {
      const { id: walletId } = await addUser(api)
      const model = new Model()
      await api.deps.db.inTenant(PUBLIC_TENANT_ID, async (tx) => {
        for (const [i, one] of steps.entries()) await take(tx, walletId, model, one, i)
        const [wallet] = await tx.query('select posted, held, debt from wallets where id = $1', [walletId])
        const { posted, held, debt } = model
        expect(wallet).toEqual({ posted, held, debt })
        const [totals] = await tx.query(
          `select coalesce(sum(amount) filter (where kind = 'charge'), 0) as charged,
             coalesce(sum(amount) filter (where kind = 'fee'), 0) as fees
           from transfers where session_id like $1`,
          [`${walletId}%`],
        )
        expect(totals).toEqual({ charged: model.earned, fees: model.fees })
      })
    }),
    { numRuns: Number(process.env.PROPERTY_RUNS ?? 60) },
  )
  const { findings } = await api.deps.db.inBatch(checkLedger)
  // These holds and charges belong to no session, which is what those rules are about.
  const aboutSessions = /^(an ended session|a hold is of a session|a charge is paid by)/
  expect(findings.filter(({ rule }) => !aboutSessions.test(rule))).toEqual([])
})

async function take(tx: Tx, walletId: string, model: Model, one: Step, i: number): Promise<void> {
  const about = { tenantId: PUBLIC_TENANT_ID, walletId, now, purchaseId: null, description: 'Property' }
  switch (one.kind) {
    case 'credit': {
      const { transferId } = await creditWallet(tx, {
        ...about,
        kind: 'promotion',
        fromAccountId: 'promotions',
        amount: one.amount,
        reversesId: null,
      })
      model.credits.push({ transferId, left: one.amount })
      model.posted += one.amount
      model.held += one.amount
      model.free(one.amount)
      break
    }
    case 'hold': {
      const reference = `${walletId}-${i}`
      const available = model.posted - model.held
      const mayHold = model.debt === 0 && available >= one.amount
      const placed = await placeHold(tx, { walletId, reference, amount: one.amount, now }).then(
        () => true,
        (error: unknown) => {
          expect(error).toBeInstanceOf(Problem)
          expect((error as Problem).extras).toMatchObject({ required: one.amount, available })
          return false
        },
      )
      expect(placed).toBe(mayHold)
      if (!placed || one.amount === 0) break
      model.held += one.amount
      model.holds.push({ reference, amount: one.amount, isOpen: true })
      break
    }
    case 'capture': {
      const holds = [...new Set(one.which.map((which) => model.holds[which % model.holds.length]))].filter(
        (hold) => hold !== undefined,
      )
      const shareOf = ({ amount }: { amount: number }) => Math.floor(amount * one.share)
      const captures = await captureHolds(
        tx,
        holds.map((hold) => ({
          tenantId: PUBLIC_TENANT_ID,
          reference: hold.reference,
          amount: shareOf(hold),
          providerId: PROVIDER,
          feeBasisPoints: one.fee,
          description: 'Property',
          now,
        })),
      )
      for (const hold of holds) {
        const amount = shareOf(hold)
        const fee = Math.floor((amount * one.fee + 5_000) / 10_000)
        const capture = { captured: amount, released: hold.amount - amount, fee }
        expect(captures.get(hold.reference)).toEqual(hold.isOpen ? capture : undefined)
        if (!hold.isOpen) continue
        hold.isOpen = false
        model.posted -= amount
        model.held -= amount
        model.earned += amount
        model.fees += fee
        model.free(hold.amount - amount)
      }
      break
    }
    case 'reverse': {
      const credit = model.credits[one.which % Math.max(1, model.credits.length)]
      const amount = Math.ceil((credit?.left ?? 0) * one.share)
      if (!credit || amount === 0) break
      const taken = Math.min(model.posted - model.held, amount)
      const reversal = await reverseCredit(tx, {
        ...about,
        kind: 'refund',
        toAccountId: 'refunds',
        amount,
        reversesId: credit.transferId,
      })
      expect(reversal).toEqual({ taken, owed: amount - taken })
      credit.left -= amount
      model.posted -= taken
      model.debt += amount - taken
    }
  }
  expect(model.posted).toBeGreaterThanOrEqual(model.held)
  expect(model.held).toBeGreaterThanOrEqual(0)
}
