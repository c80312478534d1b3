import { Type, type TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyReply } from 'fastify'
import type { Deps } from '../deps.ts'
import { Problem } from '../errors.ts'
import { Id, Shape } from '../http/schema.ts'
import type { App } from '../http/server.ts'
import { resultUrl } from './checkout.ts'
import { PURCHASE_COLUMNS, type PurchaseRow } from './purchase.ts'
import { isCheckoutToken, makeSandboxEvent, SANDBOX_CHECKOUT_PATH } from './sandbox.ts'
import { renderSandboxPage } from './sandbox-page.ts'
import { signLikeStripe } from './stripe.ts'
import { STRIPE_WEBHOOK_PATH } from './stripe-routes.ts'

const FORM_BYTES_MAX = 2_048

const Params = Shape({ purchaseId: Id('pur') })
const Token = Type.String({ maxLength: 100 })

/** Pay and Cancel of a checkout without Stripe. Register it only where `isSandbox` says so. */
export function registerSandboxRoutes(app: App, { config, db, clock }: Deps): void {
  const { marketplaceUrl, stripeWebhookSecret } = config

  /** To whoever has no valid address there is nothing here. */
  async function findPurchase(purchaseId: string, token: string): Promise<PurchaseRow> {
    if (!isCheckoutToken(config, purchaseId, token)) throw new Problem('not_found')
    const [purchase] = await db.batch.query<PurchaseRow>(
      `select ${PURCHASE_COLUMNS} from purchases where id = $1`,
      [purchaseId],
    )
    if (!purchase) throw new Problem('not_found')
    return purchase
  }

  app.register(async (plain) => {
    const scope = plain.withTypeProvider<TypeBoxTypeProvider>()
    scope.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'string', bodyLimit: FORM_BYTES_MAX },
      (_request, body, done) => done(null, Object.fromEntries(new URLSearchParams(String(body)))),
    )

    scope.get(
      `${SANDBOX_CHECKOUT_PATH}/:purchaseId`,
      {
        config: { callers: ['open'] },
        schema: { hide: true, params: Params, querystring: Shape({ token: Token }) },
      },
      async (request, reply) => {
        const { token } = request.query
        const purchase = await findPurchase(request.params.purchaseId, token)
        const backUrl = resultUrl(
          marketplaceUrl,
          purchase.id,
          purchase.status === 'failed' ? 'cancelled' : 'success',
        )
        const { html, contentSecurityPolicy } = renderSandboxPage({
          purchase,
          token,
          backUrl,
          marketplaceUrl,
        })
        return (reply as FastifyReply)
          .header('content-type', 'text/html; charset=utf-8')
          .header('content-security-policy', contentSecurityPolicy)
          .header('referrer-policy', 'no-referrer')
          .send(html)
      },
    )

    scope.post(
      `${SANDBOX_CHECKOUT_PATH}/:purchaseId`,
      {
        config: { callers: ['open'] },
        schema: {
          hide: true,
          params: Params,
          querystring: Shape({ token: Type.Optional(Token) }),
          body: Shape({ token: Token, action: Type.Union([Type.Literal('pay'), Type.Literal('cancel')]) }),
        },
      },
      async (request, reply) => {
        const { token, action } = request.body
        const purchase = await findPurchase(request.params.purchaseId, token)
        const isPaid = action === 'pay'
        if (purchase.status === 'pending') {
          const now = clock()
          const payload = makeSandboxEvent(purchase, { isPaid, now })
          const answer = await app.inject({
            method: 'POST',
            url: STRIPE_WEBHOOK_PATH,
            headers: {
              'content-type': 'application/json',
              'stripe-signature': signLikeStripe({ body: payload, secret: stripeWebhookSecret, now }),
            },
            payload,
          })
          if (answer.statusCode !== 200)
            throw new Problem('unavailable', {}, `the event got ${answer.statusCode}`)
        }
        return (reply as FastifyReply).redirect(
          resultUrl(marketplaceUrl, purchase.id, isPaid ? 'success' : 'cancelled'),
          303,
        )
      },
    )
  })
}
