/**
 * Tokens bought with money: pending until Stripe says it was paid.
 *
 * @module
 */
import { type Static, Type } from '@fastify/type-provider-typebox'
import { Id, Instant, Shape, Tokens } from '../http/schema.ts'

export type PurchaseStatus = 'pending' | 'paid' | 'failed' | 'refunded' | 'disputed'

/** By then Stripe's event has come, where somebody paid at once. */
export const RECONCILE_AFTER_MS = 10 * 60_000

export interface PurchaseRow {
  id: string
  status: PurchaseStatus
  tokens: number
  amountCents: number
  currency: string
  discountPercent: number
  createdAt: Date
}

/** The columns of a `PurchaseRow`. */
export const PURCHASE_COLUMNS = `
  id, status, tokens, amount_cents as "amountCents", currency, discount_percent as "discountPercent",
  created_at as "createdAt"`

/**
 * The cents that refunds gave back, of the row of `purchases` that is called so. Neither source is complete: whether a refund
 * that fails lowers what the charge says was refunded, Stripe does not promise, and of single refunds we may not have heard.
 * But neither says too much: the charge's sum less all that failed, as if it never fell, and the sum of those that are known and
 * have not failed. So it is the greater of the two, in whatever order they came.
 */
export const refundedCentsSql = (purchase: string) => `(
  select least(${purchase}.amount_cents, greatest(
    ${purchase}.refunded_cents - coalesce(sum(r.amount_cents) filter (where r.failed_at is not null), 0),
    coalesce(sum(r.amount_cents) filter (where r.failed_at is null), 0)
  ))
  from stripe_refunds r where r.tenant_id = ${purchase}.tenant_id and r.purchase_id = ${purchase}.id
)`

export const Purchase = Shape(
  {
    id: Id('pur'),
    status: Type.Union(
      [
        Type.Literal('pending'),
        Type.Literal('paid'),
        Type.Literal('failed'),
        Type.Literal('refunded'),
        Type.Literal('disputed'),
      ],
      {
        description:
          '`paid`: the tokens are in the wallet, less what a partial refund took back. `failed`: the checkout ended ' +
          'without payment. `refunded`: all of it was given back. `disputed`: the bank holds or has taken back the money, ' +
          'or a part of it; the same part of the tokens is taken back. An inquiry of the bank leaves it as it is.',
        examples: ['pending'],
      },
    ),
    tokens: Tokens('Tokens bought.', 1000),
    amountCents: Type.Integer({
      description: 'What it costs, in the currency’s smallest unit.',
      examples: [950],
    }),
    currency: Type.String({ description: 'ISO 4217, lower case.', examples: ['usd'] }),
    discountPercent: Type.Integer({
      description: 'The tier’s discount, already in the amount.',
      examples: [5],
    }),
    createdAt: Instant('When the purchase was begun.'),
  },
  { description: 'A purchase of tokens.' },
)

export function presentPurchase(row: PurchaseRow): Static<typeof Purchase> {
  const { id, status, tokens, amountCents, currency, discountPercent, createdAt } = row
  return { id, status, tokens, amountCents, currency, discountPercent, createdAt: createdAt.toISOString() }
}

/** `1,000 tokens`: for checkout pages, statements and the history. */
export function describeTokens(tokens: number): string {
  return `${tokens.toLocaleString('en-US')} ${tokens === 1 ? 'token' : 'tokens'}`
}
