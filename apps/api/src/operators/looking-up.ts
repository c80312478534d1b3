/**
 * What operators see: people, sessions, purchases and ledger lines, with what it takes to answer a complaint.
 *
 * @module
 */
import { type Static, Type } from '@fastify/type-provider-typebox'
import { Role, User } from '../auth/user.ts'
import { Id, Instant, Nullable, Shape, Tokens } from '../http/schema.ts'
import { Session } from '../sessions/session.ts'
import { Purchase, type PurchaseRow, presentPurchase } from '../tokens/purchase.ts'

export const FoundUser = Shape(
  {
    user: User,
    roles: Type.Array(Role, { description: 'What the account may do.' }),
    balance: Shape(
      {
        available: Tokens('What can be spent now.', 880),
        held: Tokens('Reserved for sessions that have not ended.', 120),
        total: Tokens('`available` + `held`.', 1000),
        debt: Tokens('Owed for refunded tokens that had been spent.', 0),
      },
      { description: 'The wallet.' },
    ),
  },
  { description: 'A person, as operators see them.' },
)

export const FoundSession = Shape(
  {
    session: Session,
    userId: Id('usr'),
    isTest: Type.Boolean({ description: 'Costs nothing.', examples: [false] }),
  },
  { description: 'A session, as operators see it.' },
)

export const FoundTransfer = Shape(
  {
    id: Id('trf'),
    kind: Type.String({ description: 'What moved the tokens.', examples: ['charge'] }),
    debitAccountId: Type.String({
      description: 'Where they came from: a user, a provider, or one of the platform’s own accounts.',
      examples: ['usr_01k4w3t9x2qv5m8r7c6z1n0hbd'],
    }),
    creditAccountId: Type.String({
      description: 'Where they went.',
      examples: ['prv_01k4w3t9x2qv5m8r7c6z1n0hbd'],
    }),
    amount: Tokens('How many.', 29),
    sessionId: Nullable(Id('ses', 'The session that was paid for.')),
    purchaseId: Nullable(Id('pur', 'The purchase it belongs to.')),
    reversesId: Nullable(Id('trf', 'The line it takes back.')),
    description: Type.String({ description: 'For people.', examples: ['Focus timer, 8 minutes'] }),
    createdAt: Instant('When it was booked.'),
  },
  { description: 'One double entry of the ledger.' },
)

export const Refund = Shape(
  {
    id: Id('rfd'),
    purchaseId: Id('pur'),
    amountCents: Type.Integer({ description: 'How much, in the purchase’s currency.', examples: [950] }),
    status: Type.Union([Type.Literal('pending'), Type.Literal('sent'), Type.Literal('failed')], {
      description:
        '`pending`: nobody knows yet whether Stripe took it, ask again; `sent`: Stripe took it, its event books it; `failed`: Stripe refused, or the bank sent the money back, and another one may be asked for.',
      examples: ['sent'],
    }),
    reason: Type.String({ description: 'As the operator gave it.', examples: ['Bought twice by mistake'] }),
    stripeRefundId: Nullable(Type.String({ description: 'Stripe’s own id.', examples: ['re_3PxZ8d2eZvKY'] })),
    requestedBy: Id('usr', 'The operator.'),
    createdAt: Instant('When it was asked for.'),
  },
  { description: 'Money given back.' },
)

export const FoundPurchase = Shape(
  {
    purchase: Purchase,
    userId: Id('usr'),
    refundedCents: Type.Integer({ description: 'Given back so far, as Stripe’s events say.', examples: [0] }),
    reversedTokens: Tokens('Tokens taken back for it.', 0),
    disputedCents: Type.Integer({
      description: 'What the bank holds or took back of the price, by disputes that are open or were lost.',
      examples: [0],
    }),
    isDisputed: Type.Boolean({
      description: 'The bank holds or took back the money, or a part of it.',
      examples: [false],
    }),
    paymentIntentId: Nullable(
      Type.String({ description: 'What to look for at Stripe.', examples: ['pi_3PxZ8d2eZvKY'] }),
    ),
  },
  { description: 'A purchase, as operators see it.' },
)

export const PurchaseFile = Shape(
  {
    ...FoundPurchase.properties,
    events: Type.Array(
      Shape({
        id: Type.String({ description: 'Stripe’s event.', examples: ['evt_1QxZ8d2eZvKYlo2C'] }),
        type: Type.String({ description: 'What happened.', examples: ['charge.refunded'] }),
        outcome: Type.String({ description: 'What became of it.', examples: ['applied'] }),
        refusedBecause: Nullable(
          Type.String({ description: 'Why it was refused.', examples: ['there is no such purchase'] }),
        ),
        receivedAt: Instant('When it came.'),
      }),
      { description: 'What Stripe said about it, oldest first.' },
    ),
    refunds: Type.Array(Refund, { description: 'What operators asked for, oldest first.' }),
  },
  { description: 'A purchase with everything that is known about it.' },
)

export interface FoundUserRow {
  id: string
  email: string
  displayName: string | null
  createdAt: Date
  isOperator: boolean
  isProvider: boolean
  posted: number
  held: number
  debt: number
}

export function presentFoundUser(row: FoundUserRow): Static<typeof FoundUser> {
  const { id, email, displayName, createdAt, isOperator, isProvider, posted, held, debt } = row
  return {
    user: { id, email, displayName, createdAt: createdAt.toISOString() },
    roles: [
      'user' as const,
      ...(isProvider ? (['provider'] as const) : []),
      ...(isOperator ? (['operator'] as const) : []),
    ],
    balance: { available: posted - held, held, total: posted, debt },
  }
}

type Dated<T> = Omit<T, 'createdAt'> & { createdAt: Date }
export type RefundRow = Dated<Static<typeof Refund>>
export type TransferRow = Dated<Static<typeof FoundTransfer>>

export function presentDated<T extends { createdAt: Date }>({ createdAt, ...row }: T) {
  return { ...row, createdAt: createdAt.toISOString() }
}

export interface FoundPurchaseRow extends PurchaseRow {
  userId: string
  refundedCents: number
  reversedTokens: number
  disputedCents: number
  isDisputed: boolean
  paymentIntentId: string | null
}

export function presentFoundPurchase(row: FoundPurchaseRow) {
  const { userId, refundedCents, reversedTokens, disputedCents, isDisputed, paymentIntentId } = row
  return {
    purchase: presentPurchase(row),
    userId,
    refundedCents,
    reversedTokens,
    disputedCents,
    isDisputed,
    paymentIntentId,
  }
}
