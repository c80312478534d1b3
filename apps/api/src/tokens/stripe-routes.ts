import type { IncomingMessage } from 'node:http'
import { Type } from '@fastify/type-provider-typebox'
import type { Deps } from '../deps.ts'
import { Problem } from '../errors.ts'
import { createBodyReader } from '../http/body-reader.ts'
import { problems, Shape } from '../http/schema.ts'
import type { App } from '../http/server.ts'
import { receiveStripeEvent } from './receive-stripe-event.ts'
import { reportReceipt } from './report-receipt.ts'
import { isSignedByStripe, mayBeSignedByStripe } from './stripe.ts'
import { readStripeEvent, STRIPE_EVENT_TYPES } from './stripe-event.ts'

export const STRIPE_WEBHOOK_PATH = '/webhooks/stripe'
/**
 * Stripe names no largest event, and every signed one is taken. Theirs have kilobytes, with all of the metadata they allow some
 * tens of them; this is ten times as much. Whoever sends it, it is read before its signature can be looked at.
 */
const EVENT_BYTES_MAX = 1_000_000
/** Of all events that have not come whole: thousands of theirs, whoever else sends something. */
const ARRIVING_BYTES_MAX = 16_000_000

const Received = Shape({
  received: Type.Literal(true, { description: 'Do not send it again.', examples: [true] }),
})

/** For the reference only: what is inside is read with care, never validated. */
const Event = Type.Object(
  {
    id: Type.String({
      description: 'The event’s id; each is applied once.',
      examples: ['evt_1QxZ8d2eZvKYlo2C'],
    }),
    type: Type.String({ description: 'What happened.', examples: ['checkout.session.completed'] }),
  },
  { additionalProperties: true, description: 'A Stripe event, of whatever API version.' },
)

export function registerStripeRoutes(app: App, { config, db, clock, log }: Deps): void {
  app.register(async (scope) => {
    // The signature is over the bytes as they came.
    scope.removeAllContentTypeParsers()
    const read = createBodyReader({ bytesMax: EVENT_BYTES_MAX, arrivingBytesMax: ARRIVING_BYTES_MAX })
    scope.addContentTypeParser('*', (_request: unknown, payload: IncomingMessage) => read(payload))
    scope.post(
      STRIPE_WEBHOOK_PATH,
      {
        config: { callers: ['stripe'] },
        // Nobody's body is read for a signature that no body could have.
        onRequest: async ({ headers }) => {
          if (!mayBeSignedByStripe(headers['stripe-signature'], clock()))
            throw new Problem('stripe_signature_invalid')
        },
        validatorCompiler: () => () => true,
        schema: {
          operationId: 'receiveStripeEvent',
          tags: ['Webhooks'],
          summary: 'Take an event from Stripe',
          description:
            'Signed by Stripe (`Stripe-Signature`, five minutes). Applied once, however often and in whatever order ' +
            `events come: ${STRIPE_EVENT_TYPES.map((type) => `\`${type}\``).join(', ')}. ` +
            'A dispute takes what it is of; an inquiry (`warning_…`) takes nothing; a refund that ' +
            'failed gives its tokens back. ' +
            'Every validly signed event gets 200, also a repeated, unknown or refused one. One has at most ' +
            `${EVENT_BYTES_MAX.toLocaleString('en-US')} bytes.`,
          headers: Type.Object({
            'stripe-signature': Type.Optional(
              Type.String({ description: 'As Stripe signed it.', examples: ['t=1772366400,v1=5257a869e7…'] }),
            ),
          }),
          body: Event,
          response: {
            200: Received,
            ...problems('stripe_signature_invalid', 'payload_too_large', 'request_timeout'),
          },
        },
      },
      async (request) => {
        const signature = request.headers['stripe-signature']
        const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
        const secret = config.stripeWebhookSecret
        if (typeof signature !== 'string' || !isSignedByStripe({ body, signature, secret, now: clock() })) {
          throw new Problem('stripe_signature_invalid')
        }
        const event = readStripeEvent(body.toString('utf8'))
        if (!event) {
          log.error({ requestId: request.id }, 'a signed Stripe event has no id: nothing was done')
          return { received: true as const }
        }
        const receipts = await db.inBatch((tx) => receiveStripeEvent(tx, { event, now: clock() }))
        for (const receipt of receipts) reportReceipt(log, receipt)
        return { received: true as const }
      },
    )
  })
}
