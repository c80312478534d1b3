/**
 * What a provider has earned: shapes and terms. How money is held back is explained in docs/earnings.md.
 *
 * @module
 */
import { type Static, Type } from '@fastify/type-provider-typebox'
import { BOOKED_BACK } from '../analytics/analytics.ts'
import { Id, Instant, Nullable, Shape, Tokens } from '../http/schema.ts'

/** Cards can be disputed for months, most are within the first weeks. */
export const PAYABLE_AFTER_DAYS = 30

export const Earnings = Shape(
  {
    providerId: Id('prv'),
    balance: Tokens('All that was earned and not paid out: the ledger’s balance.', 5898),
    pending: Tokens(`Of sessions that ended less than ${PAYABLE_AFTER_DAYS} days ago.`, 1200),
    disputed: Tokens('Older, and held back: of users whose payment is disputed.', 120),
    setAside: Tokens('In payouts that are not paid yet.', 500),
    payable: Tokens('What can be paid out now.', 4078),
    paidOut: Tokens('Paid out so far.', 10000),
    payableAfterDays: Type.Integer({
      description: 'How long earnings are pending.',
      examples: [PAYABLE_AFTER_DAYS],
    }),
    matureUntil: Instant(
      'Sessions that ended before this instant are not pending any more; on a quarter of an hour.',
    ),
  },
  {
    description:
      '`balance` = `pending` + `disputed` + `setAside` + `payable`, unless a dispute came after a payout.',
  },
)
export type Earnings = Static<typeof Earnings>

export const Payout = Shape(
  {
    id: Id('pay'),
    providerId: Id('prv'),
    status: Type.Enum(['pending', 'paid', 'cancelled'], {
      description: '`pending`: set aside; `paid`: transferred, and booked in the ledger.',
      examples: ['paid'],
    }),
    amount: Tokens('In tokens.', 4078),
    amountCents: Type.Integer({
      description: 'What it is worth, at the price of a token when it was made.',
      examples: [4078],
    }),
    currency: Type.String({ description: 'Of `amountCents`.', examples: ['usd'] }),
    reference: Nullable(
      Type.String({
        description: 'Names the bank transfer; null until paid.',
        examples: ['SEPA 2026-03-0042'],
      }),
    ),
    transferId: Nullable(Id('trf', 'The line in the ledger; null until paid.')),
    createdAt: Instant('When it was made.'),
    settledAt: Nullable(Instant('When it was paid or cancelled.')),
  },
  { description: 'A payout to a provider.' },
)
export type Payout = Static<typeof Payout>

export interface PayoutRow extends Omit<Payout, 'createdAt' | 'settledAt'> {
  createdAt: Date
  settledAt: Date | null
}

export const PAYOUT_COLUMNS = `
  id, provider_id as "providerId", status, amount, amount_cents as "amountCents", currency, reference,
  transfer_id as "transferId", created_at as "createdAt", settled_at as "settledAt"`

export function presentPayout({ createdAt, settledAt, ...rest }: PayoutRow): Payout {
  return { ...rest, createdAt: createdAt.toISOString(), settledAt: settledAt?.toISOString() ?? null }
}

export const Statement = Shape(
  {
    providerId: Id('prv'),
    from: Instant('Where it begins.'),
    to: Instant('Where it ends, exclusive.'),
    timeZone: Type.String({ description: 'Where its days begin.', examples: ['Asia/Kolkata'] }),
    openingBalance: Tokens('Earned and not paid out before.', 1000),
    sessions: Type.Integer({ description: 'Sessions that ended and were charged.', examples: [254] }),
    minutes: Type.Number({ description: 'Minutes used, of all that ended.', examples: [1843.2] }),
    gross: Tokens('What users were charged.', 7373),
    fee: Tokens('The platform’s part.', 1475),
    net: Tokens('The provider’s part.', 5898),
    refunded: Type.Integer({ description: BOOKED_BACK, examples: [0] }),
    paidOut: Tokens('Paid out in this time.', 1000),
    closingBalance: Tokens('openingBalance + net − refunded − paidOut.', 5898),
    payouts: Type.Array(Payout, { description: 'Paid in this time, oldest first.' }),
  },
  { description: 'A statement for a period.' },
)
export type Statement = Static<typeof Statement>
