/**
 * What happened in a session, for the day somebody asks: the shape, and what is marked in it.
 *
 * @module
 */
import { type Static, Type } from '@fastify/type-provider-typebox'
import { Id, Instant, Nullable, Shape, Tokens } from '../http/schema.ts'

/** A mark is something to ask about. None of them is an accusation; docs/analytics.md says what each may come from. */
export const MARKS = [
  'address_changed',
  'browser_changed',
  'taken_over',
  'page_left',
  'unbilled',
  'completed_instantly',
] as const
export type Mark = (typeof MARKS)[number]

const MarkName = Type.Enum([...MARKS], {
  description:
    '`address_changed`, `browser_changed`: since the beat before; `taken_over`: another browser holds the session from here; `page_left`: the page said goodbye; `unbilled`: time was served and does not count; `completed_instantly`: completed after less than ten seconds of use.',
  examples: ['unbilled'],
})

export const Entry = Shape({
  at: Instant('When it happened.'),
  what: Type.String({
    description:
      '`opened`; an event (`started`, `paused`, `resumed`, `extended`, `completed`, `expired`, `abandoned`, `cancelled`, `revoked`); `beat`; `taken_over` by another browser, `returned` with the same one, `asked_again` where an answer was lost; `shown_on`: until then a page showed the app that had not heard of the end, or of another browser; a line of the ledger (`charge`, `fee`).',
    examples: ['beat'],
  }),
  sequence: Nullable(
    Type.Integer({
      description: 'Of an event: its number in the session. Of a beat: its own, per browser.',
      examples: [1],
    }),
  ),
  countedMs: Nullable(
    Type.Integer({ description: 'Time it counted. All of them add up to `usedMs`.', examples: [30012] }),
  ),
  unbilledMs: Nullable(
    Type.Integer({ description: 'Time served before it that does not count.', examples: [0] }),
  ),
  activeMs: Nullable(
    Type.Integer({
      description: 'Of a beat: what the app saw pass; null where it did not say.',
      examples: [30012],
    }),
  ),
  usedMs: Nullable(
    Type.Integer({
      description: 'Time used until then. Events tell it with what was being served, beats without.',
      examples: [432000],
    }),
  ),
  tokens: Nullable(
    Tokens('What was held then, or what a line of the ledger moved; null where it is neither.', 120),
  ),
  times: Type.Optional(
    Type.Integer({
      description:
        'How many it stands for, where it is not one: of more than 10,000 in a session those of a minute are one entry.',
      examples: [240],
    }),
  ),
  marks: Type.Array(MarkName, { description: 'What is worth a look.', examples: [['unbilled']] }),
})
export type Entry = Static<typeof Entry>

export const Timeline = Shape(
  {
    sessionId: Id('ses'),
    providerId: Id('prv'),
    userRef: Type.String({
      description: 'The user, as this provider knows them.',
      examples: ['ref_7d1q0z8m4k2v9x3t5r6w1c0b8n'],
    }),
    status: Type.Enum(['pending', 'active', 'paused', 'ended'], {
      description: 'What it is now.',
      examples: ['ended'],
    }),
    endReason: Nullable(
      Type.Enum(['completed', 'expired', 'abandoned', 'cancelled', 'revoked'], {
        description: 'Why it ended; null until then.',
        examples: ['completed'],
      }),
    ),
    usedMs: Type.Integer({ description: 'Time confirmed, which is what is charged.', examples: [432000] }),
    unbilledMs: Type.Integer({
      description:
        'Time served without a confirmation, which nobody pays for; with what was shown on after the end.',
      examples: [0],
    }),
    pausedMs: Type.Integer({ description: 'Time in pauses that are over.', examples: [60000] }),
    tokensPerMinute: Tokens('The price, as it was when the session was opened.', 4),
    tokensCharged: Nullable(Tokens('What it cost; null until it has ended.', 29)),
    lastBeatAt: Nullable(Instant('The last sign of life; null before the first.')),
    hasShortLease: Type.Boolean({
      description: 'Whether the user was over the allowance of unbilled time, so that every gap counts.',
      examples: [false],
    }),
    beats: Type.Integer({ description: 'How many were accepted and are on record.', examples: [15] }),
    isComplete: Type.Boolean({
      description:
        'Whether the record adds up to `usedMs` and `unbilledMs`. Beats are kept for 120 days; without them the events and the ledger remain.',
      examples: [true],
    }),
    marks: Type.Array(
      Shape({
        mark: MarkName,
        count: Type.Integer({ description: 'How often.', examples: [2] }),
        ms: Nullable(
          Type.Integer({ description: 'Of `unbilled`: how much time in all.', examples: [85000] }),
        ),
      }),
      { description: 'All marks of the session, whatever part of it is listed.' },
    ),
    entries: Type.Array(Entry, { description: 'Oldest first, 1,000 at a time.' }),
    nextAfter: Nullable(
      Type.Integer({
        description: '`after` of the next thousand; null at the end.',
        examples: [1000],
      }),
    ),
  },
  { description: 'What happened in a session, for the day somebody asks.' },
)
export type Timeline = Static<typeof Timeline>
