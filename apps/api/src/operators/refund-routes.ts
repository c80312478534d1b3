import { Type } from '@fastify/type-provider-typebox'
import { recordAction } from '../audit/record-action.ts'
import type { Deps } from '../deps.ts'
import { Problem } from '../errors.ts'
import { userOf } from '../http/authenticate.ts'
import { Id, problems, Shape } from '../http/schema.ts'
import type { App } from '../http/server.ts'
import { LINE_PATTERN } from '../providers/provider.ts'
import { createCheckout } from '../tokens/create-checkout.ts'
import { isSandbox, makeSandboxRefund } from '../tokens/sandbox.ts'
import { signLikeStripe } from '../tokens/stripe.ts'
import { STRIPE_WEBHOOK_PATH } from '../tokens/stripe-routes.ts'
import { presentDated, Refund } from './looking-up.ts'
import { type BegunRefund, beginRefund, settleRefund } from './refund-purchase.ts'

/** A million tokens at the highest price there can be. */
const REFUND_CENTS_MAX = 100_000_000_000

/** Stripe keeps a key for 24 hours; after these it is asked what it has given before it is asked to give. */
const KEY_KEPT_MS = 23 * 3_600_000

/** Money back, wholly or partly. The wallet follows Stripe's own event, as for every refund. */
export function registerRefundRoutes(app: App, deps: Deps): void {
  const { db, clock, config, edge } = deps
  const checkout = createCheckout(deps)

  /** Without Stripe nobody sends its events, so we do, through the same door and signed like them. */
  async function announceInSandbox({ purchase, refund }: BegunRefund): Promise<void> {
    const now = clock()
    const { paymentIntentId, refundedCents } = purchase
    for (const payload of makeSandboxRefund(purchase, { refund, paymentIntentId, refundedCents, now })) {
      const answer = await app.inject({
        method: 'POST',
        url: STRIPE_WEBHOOK_PATH,
        headers: {
          'content-type': 'application/json',
          'stripe-signature': signLikeStripe({ body: payload, secret: config.stripeWebhookSecret, now }),
        },
        payload,
      })
      if (answer.statusCode !== 200)
        throw new Problem('unavailable', {}, `the event got ${answer.statusCode}`)
    }
  }

  app.post(
    '/operators/purchases/:id/refund',
    {
      config: { callers: ['operator'], isIdempotent: true },
      schema: {
        operationId: 'refundPurchase',
        tags: ['Operations'],
        summary: 'Give money back',
        description:
          'All that neither refunds nor disputes took, or a part of it. Stripe is asked once for each refund, however often this is repeated; one that is under way is taken up again by its amount, and another amount gets 409 until then. The tokens are taken back by Stripe’s own event, what was spent becomes a debt. Operators only.',
        params: Shape({ id: Id('pur') }),
        body: Shape({
          amountCents: Type.Optional(
            Type.Integer({
              minimum: 1,
              maximum: REFUND_CENTS_MAX,
              description: 'How much; all that is left when not said.',
              examples: [950],
            }),
          ),
          reason: Type.String({
            minLength: 1,
            maxLength: 500,
            pattern: LINE_PATTERN,
            description: 'For the audit log and for Stripe’s records.',
            examples: ['Bought twice by mistake'],
          }),
        }),
        response: {
          201: Refund,
          ...problems(
            'purchase_not_found',
            'purchase_not_refundable',
            'refund_exceeds_paid',
            'refund_refused',
            'payment_unavailable',
          ),
        },
      },
    },
    (request, reply) => {
      const { tenantId, userId: operatorId } = userOf(request)
      const { amountCents, reason } = request.body
      const purchaseId = request.params.id
      return edge.onceAcross(request, reply, 201, {
        prepare: async (tx) => {
          const now = clock()
          const begun = await beginRefund(tx, { purchaseId, amountCents, reason, operatorId, now })
          const { id, amountCents: cents } = begun.refund
          await recordAction(tx, {
            by: request,
            action: 'purchase.refund',
            subjectId: purchaseId,
            before: { refundedCents: begun.purchase.refundedCents, status: begun.purchase.status },
            after: { refundId: id, amountCents: cents },
            reason,
            now,
          })
          return begun
        },
        call: async (begun) => {
          const { refund, purchase } = begun
          try {
            const { id, amountCents: cents, createdAt } = refund
            const sent = await checkout.refund({
              id,
              paymentIntentId: purchase.paymentIntentId ?? '',
              purchaseId,
              amountCents: cents,
              isOld: clock().getTime() - createdAt.getTime() > KEY_KEPT_MS,
            })
            if (isSandbox(config)) await announceInSandbox(begun)
            return sent
          } catch (error) {
            // Refused for good; everything else stays pending and may be asked again.
            if (error instanceof Problem && error.code === 'refund_refused')
              await db.inTenant(tenantId, (tx) =>
                settleRefund(tx, { id: refund.id, purchaseId, stripeRefundId: null }),
              )
            throw error
          }
        },
        finish: async (tx, { refund }, { stripeRefundId }) =>
          presentDated(await settleRefund(tx, { id: refund.id, purchaseId, stripeRefundId })),
      }) as never
    },
  )
}
