/**
 * A server that plays Stripe's API: it keeps what it was asked and the Checkout Sessions it opened, and answers as Stripe does
 * unless a test wants otherwise.
 *
 * @module
 */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Payment } from './stripe-events.ts'

export interface StripeRequest {
  method: string | undefined
  url: string | undefined
  headers: IncomingHttpHeaders
  form: Record<string, string>
}

export type StripeAnswer = (request: StripeRequest, response: ServerResponse) => void

export interface StripeServer {
  url: string
  requests: StripeRequest[]
  /** By their ids, for a test to change. */
  sessions: Map<string, Record<string, unknown>>
  disputes: Record<string, unknown>[]
  /** Events that it could not deliver, for a test to add to; each with `created`. */
  undelivered: Record<string, unknown>[]
  answerWith: StripeAnswer
  /** As Stripe does. */
  answer: StripeAnswer
  /** Forgets what was asked and what a test wanted. */
  reset(): void
  close(): Promise<void>
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'request-id': 'req_stripe' })
  response.end(JSON.stringify(body))
}

const modeOf = ({ headers }: StripeRequest) =>
  headers.authorization?.startsWith('Bearer sk_live_') ? 'live' : 'test'

/** What a session says once it was paid; with the charge as it is by then. */
export function paidSession(
  { purchaseId, amountCents, paymentIntentId }: Payment,
  charge: object = {},
): object {
  const latestCharge = {
    id: `ch_${paymentIntentId}`,
    object: 'charge',
    amount: amountCents,
    amount_refunded: 0,
    currency: 'usd',
    disputed: false,
    metadata: { purchaseId },
    payment_intent: paymentIntentId,
    ...charge,
  }
  return {
    status: 'complete',
    payment_status: 'paid',
    payment_intent: { id: paymentIntentId, status: 'succeeded', latest_charge: latestCharge },
    url: null,
  }
}

/** A page of what it could not deliver, the newest first, as Stripe lists it. */
function listEvents(asked: URLSearchParams, undelivered: Record<string, unknown>[]): object {
  const types = [...asked].filter(([name]) => name.startsWith('types[')).map(([, type]) => type)
  const found = undelivered
    .filter(
      ({ created, type }) =>
        asked.get('delivery_success') === 'false' &&
        Number(created) >= Number(asked.get('created[gte]')) &&
        Number(created) < Number(asked.get('created[lt]')) &&
        types.includes(String(type)),
    )
    .reverse()
    .sort((a, b) => Number(b.created) - Number(a.created))
  const last = asked.get('starting_after')
  const after = last === null ? 0 : found.findIndex(({ id }) => id === last) + 1
  const limit = Number(asked.get('limit'))
  return { object: 'list', data: found.slice(after, after + limit), has_more: found.length > after + limit }
}

export async function startStripeServer(): Promise<StripeServer> {
  const server = createServer((incoming, response) => {
    let text = ''
    incoming.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
    })
    incoming.on('end', () => {
      const { method, url, headers } = incoming
      const request = { method, url, headers, form: Object.fromEntries(new URLSearchParams(text)) }
      stripe.requests.push(request)
      stripe.answerWith(request, response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo

  function open(request: StripeRequest, response: ServerResponse): void {
    const { form } = request
    const purchaseId = form.client_reference_id
    const id = `cs_${modeOf(request)}_${purchaseId}`
    const session = {
      id,
      object: 'checkout.session',
      client_reference_id: purchaseId,
      metadata: { purchaseId: form['metadata[purchaseId]'] },
      amount_total: Number(form['line_items[0][price_data][unit_amount]']),
      currency: form['line_items[0][price_data][currency]'],
      livemode: modeOf(request) === 'live',
      payment_intent: null,
      payment_status: 'unpaid',
      status: 'open',
      url: `https://checkout.stripe.com/c/pay/${id}`,
    }
    stripe.sessions.set(id, session)
    sendJson(response, 200, session)
  }

  const stripe: StripeServer = {
    url: `http://127.0.0.1:${port}`,
    requests: [],
    sessions: new Map(),
    disputes: [],
    undelivered: [],
    answerWith: (request, response) => stripe.answer(request, response),
    answer(request, response) {
      if (request.method === 'POST') return open(request, response)
      const { pathname, searchParams } = new URL(request.url ?? '', stripe.url)
      if (pathname === '/v1/disputes') {
        const intent = searchParams.get('payment_intent')
        const found = stripe.disputes.filter(({ payment_intent: own }) => own === intent)
        return sendJson(response, 200, { object: 'list', data: found, has_more: false })
      }
      if (pathname === '/v1/events') {
        const isWhole = ['gte', 'lt'].every((end) => /^\d+$/.test(searchParams.get(`created[${end}]`) ?? ''))
        if (isWhole) return sendJson(response, 200, listEvents(searchParams, stripe.undelivered))
        const message = 'Invalid integer'
        return sendJson(response, 400, { error: { type: 'invalid_request_error', message } })
      }
      const id = pathname.replace('/v1/checkout/sessions/', '')
      const session = id.startsWith(`cs_${modeOf(request)}_`) ? stripe.sessions.get(id) : undefined
      const isExpanded = searchParams.get('expand[0]') === 'payment_intent.latest_charge'
      if (session)
        return sendJson(response, 200, isExpanded ? session : { ...session, payment_intent: 'pi_alone' })
      const message = `No such checkout.session: ${id}`
      sendJson(response, 404, { error: { type: 'invalid_request_error', code: 'resource_missing', message } })
    },
    reset() {
      stripe.requests = []
      stripe.disputes = []
      stripe.undelivered = []
      stripe.answerWith = stripe.answer
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return stripe
}
