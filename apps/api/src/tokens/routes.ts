import { Type } from '@fastify/type-provider-typebox'
import type { Deps } from '../deps.ts'
import { Problem } from '../errors.ts'
import { userOf } from '../http/authenticate.ts'
import { toPage } from '../http/paging.ts'
import { Id, Instant, Page, PageQuery, problems, Shape, Tokens } from '../http/schema.ts'
import type { App } from '../http/server.ts'
import { getBalance } from '../ledger/balance.ts'
import { listHistory } from '../ledger/list-history.ts'
import { checkPayable } from './check-payable.ts'
import { createCheckout } from './create-checkout.ts'
import { createPurchase } from './create-purchase.ts'
import { failPurchase } from './fail-purchase.ts'
import { getPurchase } from './get-purchase.ts'
import { registerLimitRoutes } from './limit-routes.ts'
import { listPurchases } from './list-purchases.ts'
import { listPackages, type Price, PURCHASE_TOKENS_MAX, PURCHASE_TOKENS_MIN, priceOf } from './price.ts'
import { Purchase, presentPurchase } from './purchase.ts'
import { isSandbox } from './sandbox.ts'
import { registerSandboxRoutes } from './sandbox-routes.ts'
import { startPurchase } from './start-purchase.ts'
import { registerStripeRoutes } from './stripe-routes.ts'

const Balance = Shape({
  available: Tokens('What can be spent now.', 880),
  held: Tokens('Reserved for sessions that have not ended.', 120),
  total: Tokens('`available` + `held`.', 1000),
  debt: Type.Optional(
    Tokens('Only where there is one: owed for refunded tokens that had been spent. Blocks new sessions.', 40),
  ),
})

const discountPercent = Type.Integer({ description: 'Off the price of every token.', examples: [5] })

const Packages = Shape({
  currency: Type.String({ description: 'ISO 4217, lower case.', examples: ['usd'] }),
  tokenPriceCents: Type.Integer({ description: 'One token without discount.', examples: [1] }),
  tiers: Type.Array(
    Shape({
      minTokens: Type.Integer({ description: 'From this many tokens in one purchase.', examples: [1000] }),
      discountPercent,
    }),
    { description: 'The highest tier reached applies to all tokens of the purchase. Rising.' },
  ),
  items: Type.Array(
    Shape({
      id: Type.String({ description: 'For `packageId`.', examples: ['tokens-1000'] }),
      tokens: Tokens('Tokens in it.', 1000),
      amountCents: Type.Integer({ description: 'What it costs, discount included.', examples: [950] }),
      discountPercent,
    }),
    { description: 'Sizes on offer; any other number within the bounds can be bought as well.' },
  ),
})

const NewPurchase = Type.Object(
  {
    tokens: Type.Optional(
      Type.Integer({
        minimum: PURCHASE_TOKENS_MIN,
        maximum: PURCHASE_TOKENS_MAX,
        description: 'How many.',
        examples: [1000],
      }),
    ),
    packageId: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 40,
        description: 'Or a package instead.',
        examples: ['tokens-1000'],
      }),
    ),
  },
  { additionalProperties: false, minProperties: 1, maxProperties: 1, description: 'Either of the two.' },
)

const HistoryLine = Shape({
  id: Id('trf'),
  kind: Type.String({
    description:
      'purchase, charge, refund, refund_failed, dispute, dispute_won, debt_repaid, promotion or correction.',
    examples: ['purchase'],
  }),
  amount: Type.Integer({
    description: 'What the wallet gained, or lost where below zero.',
    examples: [1000],
  }),
  balanceAfter: Tokens('The wallet’s total after this line.', 1000),
  sessionId: Type.Optional(Id('ses', 'The session that was paid for.')),
  purchaseId: Type.Optional(Id('pur', 'The purchase it belongs to.')),
  description: Type.String({ description: 'For people.', examples: ['Bought 1,000 tokens'] }),
  createdAt: Instant('When it was booked.'),
})

export function registerTokenRoutes(app: App, deps: Deps): void {
  const { config, db, clock, edge, cursors } = deps
  const { currency, tokenPriceCents, discountTiers } = config
  const packages = listPackages(config)
  const checkout = createCheckout(deps)

  registerStripeRoutes(app, deps)
  if (isSandbox(config)) registerSandboxRoutes(app, deps)
  registerLimitRoutes(app, deps)

  function priceFor(wanted: { tokens?: number; packageId?: string }): Price {
    if (wanted.packageId === undefined) {
      const price = priceOf(config, wanted.tokens ?? 0)
      checkPayable(price, currency)
      return price
    }
    const found = packages.find(({ id }) => id === wanted.packageId)
    if (!found) throw new Problem('package_not_found')
    return found
  }

  app.get(
    '/tokens/balance',
    {
      config: { callers: ['user'] },
      schema: {
        operationId: 'getBalance',
        tags: ['Tokens'],
        summary: 'What the caller has',
        description: '`available` is exactly what a new session is checked against.',
        response: { 200: Balance, ...problems() },
      },
    },
    async (request) => {
      const { tenantId, userId } = userOf(request)
      const { debt, ...balance } = await db.inTenant(tenantId, (tx) => getBalance(tx, userId))
      return debt > 0 ? { ...balance, debt } : balance
    },
  )

  app.get(
    '/tokens/packages',
    {
      config: { callers: ['open'] },
      schema: {
        operationId: 'listPackages',
        tags: ['Tokens'],
        summary: 'What tokens cost',
        description:
          'The price of tokens × tokenPriceCents × (100 − discount) ÷ 100, a half cent rounded up; in whole tens of bhd, jod, kwd, omr ' +
          'and tnd, and in whole hundreds of isk and ugx, because no other amounts of them can be paid.',
        response: { 200: Packages, ...problems() },
      },
    },
    async () => ({ currency, tokenPriceCents, tiers: discountTiers, items: packages }),
  )

  app.post(
    '/tokens/purchase',
    {
      config: { callers: ['user'] },
      schema: {
        operationId: 'createPurchase',
        tags: ['Tokens'],
        summary: 'Begin to buy tokens',
        description:
          'Send the buyer to `checkoutUrl`. The tokens are in the wallet once the payment is confirmed; the buyer comes ' +
          'back to the marketplace with `?purchase=…&result=success` or `cancelled`.',
        body: NewPurchase,
        response: {
          201: Shape({
            purchase: Purchase,
            checkoutUrl: Type.String({
              description: 'Where to pay.',
              examples: ['https://checkout.stripe.com/c/pay/cs_live_a1b2c3'],
            }),
          }),
          ...problems('package_not_found', 'amount_not_payable', 'payment_unavailable'),
        },
      },
    },
    async (request, reply) => {
      const { tenantId, userId } = userOf(request)
      const price = priceFor(request.body)
      return edge.onceAcross(request, reply, 201, {
        prepare: (tx, subject) =>
          createPurchase(tx, { userId, price, tokenPriceCents, currency, subject, now: clock() }),
        call: async (purchase) => {
          try {
            return await checkout.start(purchase)
          } catch (error) {
            await db.inTenant(tenantId, (tx) => failPurchase(tx, { purchaseId: purchase.id }))
            throw error
          }
        },
        finish: async (tx, { id }, started) => ({
          purchase: presentPurchase(await startPurchase(tx, { purchaseId: id, checkout: started })),
          checkoutUrl: started.checkoutUrl,
        }),
      })
    },
  )

  app.get(
    '/tokens/purchases',
    {
      config: { callers: ['user'] },
      schema: {
        operationId: 'listPurchases',
        tags: ['Tokens'],
        summary: 'The caller’s purchases',
        description: 'Newest first, those that were never paid included.',
        querystring: Shape(PageQuery),
        response: { 200: Page(Purchase), ...problems() },
      },
    },
    async (request) => {
      const { tenantId, userId } = userOf(request)
      const { limit = 20, cursor } = request.query
      const before = cursors.of(request).decode(cursor)
      const rows = await db.inTenant(tenantId, (tx) =>
        listPurchases(tx, { userId, limit: limit + 1, before }),
      )
      return toPage(rows, limit, cursors.of(request), ({ id }) => id, presentPurchase)
    },
  )

  app.get(
    '/tokens/purchases/:id',
    {
      config: { callers: ['user'] },
      schema: {
        operationId: 'getPurchase',
        tags: ['Tokens'],
        summary: 'One purchase',
        description: 'Ask for it after the checkout: `status` turns `paid` when the money came.',
        params: Shape({ id: Id('pur') }),
        response: { 200: Purchase, ...problems('purchase_not_found') },
      },
    },
    async (request) => {
      const { tenantId, userId } = userOf(request)
      const { id: purchaseId } = request.params
      return presentPurchase(await db.inTenant(tenantId, (tx) => getPurchase(tx, { purchaseId, userId })))
    },
  )

  app.get(
    '/tokens/history',
    {
      config: { callers: ['user'] },
      schema: {
        operationId: 'listHistory',
        tags: ['Tokens'],
        summary: 'The statement of the caller’s wallet',
        description: 'Newest first, with the balance each line left behind.',
        querystring: Shape(PageQuery),
        response: { 200: Page(HistoryLine), ...problems() },
      },
    },
    async (request) => {
      const { tenantId, userId } = userOf(request)
      const { limit = 20, cursor } = request.query
      const before = readLineNumber(cursors.of(request).decode(cursor))
      const rows = await db.inTenant(tenantId, (tx) =>
        listHistory(tx, { walletId: userId, limit: limit + 1, before }),
      )
      return toPage(
        rows,
        limit,
        cursors.of(request),
        ({ sequence }) => String(sequence),
        ({ id, kind, amount, balanceAfter, sessionId, purchaseId, description, createdAt }) => ({
          id,
          kind,
          amount,
          balanceAfter,
          ...(sessionId !== null && { sessionId }),
          ...(purchaseId !== null && { purchaseId }),
          description,
          createdAt: createdAt.toISOString(),
        }),
      )
    },
  )
}

/** Cursors are ours, but one of another list is not a line's number. */
function readLineNumber(position: string | undefined): number | undefined {
  if (position === undefined) return undefined
  if (!/^\d{1,15}$/.test(position)) {
    throw new Problem('validation_failed', {
      errors: [{ path: '/cursor', message: 'is not a cursor of this list' }],
    })
  }
  return Number(position)
}
