/**
 * The shapes of receipts: what a person can follow line by line, and what a program can add up.
 *
 * @module
 */
import { type Static, Type } from '@fastify/type-provider-typebox'
import { Id, Instant, Nullable, Shape, Tokens } from '../http/schema.ts'

const Cents = (description: string, example: number) => Type.Integer({ description, examples: [example] })

export const SessionReceipt = Shape(
  {
    sessionId: Id('ses'),
    providerId: Id('prv'),
    providerName: Type.String({ description: 'As it is called now.', examples: ['Focus timer'] }),
    status: Type.String({ description: 'Of the session; final once `ended`.', examples: ['ended'] }),
    endReason: Nullable(
      Type.String({ description: 'Why it ended; null until then.', examples: ['completed'] }),
    ),
    isFinal: Type.Boolean({
      description:
        'False while it runs: the charge is what it would be if all is confirmed that was served so far.',
      examples: [true],
    }),
    openedAt: Instant('When the tokens were held.'),
    startedAt: Nullable(Instant('When time began; null when it never did.')),
    endedAt: Nullable(Instant('When it was settled.')),
    usedMs: Type.Integer({ description: 'Time that counts.', examples: [432000] }),
    tokensPerMinute: Tokens('The price, as it was when the session was opened.', 4),
    exactTokens: Type.String({
      description: '`tokensPerMinute × usedMs ÷ 60000`, before rounding.',
      examples: ['28.8'],
    }),
    tokensHeld: Tokens('Reserved, extensions included.', 120),
    tokensCharged: Tokens('`exactTokens`, rounded up to whole tokens; 0 for a test.', 29),
    tokensReleased: Tokens('Held and not charged.', 91),
    balanceAfter: Nullable(
      Tokens('The wallet’s total after the charge; null where nothing was charged.', 971),
    ),
    holds: Type.Array(
      Shape({
        placedAt: Instant('At the opening, or at an extension.'),
        tokens: Tokens('Reserved.', 120),
        charged: Tokens('Taken of it.', 29),
        released: Tokens('Given back of it.', 91),
      }),
      { description: 'Oldest first, which is also the order they are charged in.' },
    ),
    timeline: Type.Array(
      Shape({
        at: Instant('When it happened.'),
        event: Type.String({ description: 'As providers’ webhooks name it.', examples: ['session.paused'] }),
        usedMs: Type.Integer({
          description:
            'Time used until then. An extension tells it with what was being served, which may count less.',
          examples: [216000],
        }),
      }),
      {
        description:
          'Where the time comes from, oldest first. Pauses and resumptions beyond the first 1,000 events are only in the session’s timeline.',
      },
    ),
    time: Type.Array(
      Shape({
        from: Instant('When the first of it was counted.'),
        to: Instant('When the last of it was counted.'),
        what: Type.Enum(['beats', 'pause', 'another browser', 'back again', 'asked again', 'end'], {
          description: '`beats` that followed one another, or what else counts time.',
          examples: ['beats'],
        }),
        beats: Type.Integer({ description: 'How many.', examples: [14] }),
        countedMs: Type.Integer({ description: 'What they counted.', examples: [420000] }),
        unbilledMs: Type.Integer({
          description: 'What was served besides and is not charged.',
          examples: [0],
        }),
      }),
      {
        description:
          'The beats behind `usedMs`, oldest first; each single one is in the session’s timeline; of more than 10,000 those of a minute are added up. Adds up to `usedMs` with `unconfirmedMs`.',
      },
    ),
    isTimeComplete: Type.Boolean({
      description: 'Whether `time` adds up: beats are kept for 120 days.',
      examples: [true],
    }),
    unconfirmedMs: Type.Integer({
      description: 'Served since the last beat, while it runs.',
      examples: [0],
    }),
    lines: Type.Array(
      Shape({
        text: Type.String({ description: 'For people.', examples: ['Held for up to 30 min'] }),
        tokens: Nullable(Type.Integer({ description: 'Its figure, where it has one.', examples: [120] })),
      }),
      { description: 'The same as sentences, in the order in which one leads to the next.' },
    ),
  },
  { description: 'How a session’s charge came to be.' },
)

const LedgerLine = Shape(
  {
    id: Id('trf'),
    kind: Type.String({ description: 'As in the history.', examples: ['purchase'] }),
    amount: Type.Integer({
      description: 'What the wallet gained, or lost where below zero.',
      examples: [1000],
    }),
    balanceAfter: Tokens('The wallet’s total after this line.', 1000),
    description: Type.String({ description: 'For people.', examples: ['Bought 1,000 tokens'] }),
    createdAt: Instant('When it was booked.'),
  },
  { description: 'A line of the wallet’s history.' },
)

export const PurchaseReceipt = Shape(
  {
    purchaseId: Id('pur'),
    status: Type.String({ description: 'Of the purchase.', examples: ['paid'] }),
    isPaid: Type.Boolean({
      description: 'False: nothing was paid, so this is no proof of it.',
      examples: [true],
    }),
    createdAt: Instant('When it was begun.'),
    paidAt: Nullable(Instant('When the payment was confirmed.')),
    currency: Type.String({ description: 'ISO 4217, lower case.', examples: ['usd'] }),
    tokens: Tokens('Bought.', 1000),
    tokenPriceCents: Nullable(
      Cents('One token without discount, on that day; null on purchases older than receipts.', 1),
    ),
    listPriceCents: Nullable(Cents('`tokens × tokenPriceCents`.', 1000)),
    discountPercent: Type.Integer({ description: 'Off the list price.', examples: [5] }),
    discountCents: Nullable(Cents('What the discount took off, rounding to whole cents included.', 50)),
    amountCents: Cents('The price.', 950),
    refundedCents: Cents('Given back so far.', 0),
    disputedCents: Cents('What the bank holds or took back of it.', 0),
    owedTokens: Tokens('Taken back after they had been spent, so owed, also if repaid since.', 0),
    ledger: Type.Array(LedgerLine, { description: 'What it did to the wallet, oldest first.' }),
    lines: Type.Array(
      Shape({
        text: Type.String({ description: 'For people.', examples: ['1,000 tokens at $0.01'] }),
        amountCents: Nullable(Cents('Its figure, where it has one.', 1000)),
      }),
      { description: 'The price as sentences, in the order in which one leads to the next.' },
    ),
  },
  { description: 'What a purchase cost and what it did to the wallet.' },
)

export const BalanceChange = Shape(
  {
    line: LedgerLine,
    because: Type.Array(
      Type.String({ description: 'One step.', examples: ['Used: 7 min 12 s at 4 tokens a minute'] }),
      { description: 'Why the balance changed, step by step, for people.' },
    ),
    session: Type.Optional(SessionReceipt),
    purchase: Type.Optional(PurchaseReceipt),
  },
  { description: 'A line of the history, and where its figure comes from.' },
)

export type SessionReceipt = Static<typeof SessionReceipt>
export type PurchaseReceipt = Static<typeof PurchaseReceipt>
export type BalanceChange = Static<typeof BalanceChange>
