/**
 * What strangers can do to the route that takes payments: anybody may send to it, and only the body proves that it was Stripe.
 *
 * @module
 */
import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { addUser, startTestApi, type TestApi } from '../../test/harness.ts'
import { beginPurchase, completed, paymentOf, signatureOf } from '../../test/stripe-events.ts'

let api: TestApi
let port: number
let sockets: Socket[] = []
beforeAll(async () => {
  api = await startTestApi()
  await api.app.listen({ port: 0, host: '127.0.0.1' })
  port = (api.app.server.address() as AddressInfo).port
})
afterEach(() => {
  for (const socket of sockets) socket.destroy()
  sockets = []
})
afterAll(async () => {
  api.app.server.closeAllConnections()
  await api.close()
})

/** A signature of somebody who does not know the secret. */
const guessed = (secondsAgo = 0) =>
  signatureOf('', 'whsec_other', new Date(api.clock.now().getTime() - secondsAgo * 1000))

/** The head of a request, and as much of its body as a stranger likes. */
function begin(headers: string[], body = ''): { answer: Promise<string> } {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined)
  sockets.push(socket)
  const head = ['POST /webhooks/stripe HTTP/1.1', 'Host: a', 'Content-Type: application/json', ...headers]
  socket.write([...head, '', body].join('\r\n'))
  return { answer: once(socket.setEncoding('utf8'), 'data').then(([text]) => text as string) }
}

test.each([
  ['no signature', undefined],
  ['an empty one', () => ''],
  ['nonsense for one', () => 'nonsense'],
  ['no time', () => guessed().replace('t=', 's=')],
  ['no signature but a time', () => guessed().split(',')[0]],
  ['one of another scheme', () => guessed().replace('v1=', 'v0=')],
  ['one that is cut short', () => guessed().slice(0, -1)],
  ['an old one', () => guessed(301)],
])('with %s nobody’s body is waited for', async (_what, signature) => {
  const headers = signature === undefined ? [] : [`Stripe-Signature: ${signature()}`]
  const { answer } = begin(['Content-Length: 900000', ...headers])
  expect(await answer).toMatch(/^HTTP\/1\.1 400 [\s\S]*"code":"stripe_signature_invalid"/)
})

test('what is too large is told the truth about how much may be sent', async () => {
  const signature = `Stripe-Signature: ${guessed()}`
  const told = /^HTTP\/1\.1 413 [\s\S]*"detail":"Send at most 1,000,000 bytes\."/
  expect(await begin(['Content-Length: 1000001', signature]).answer).toMatch(told)
  const chunk = `${(100_000).toString(16)}\r\n${'x'.repeat(100_000)}\r\n`
  expect(await begin(['Transfer-Encoding: chunked', signature], chunk.repeat(11)).answer).toMatch(told)
})

test('forty who do not finish their bodies are held to 16 MB together, and a payment is taken meanwhile', async () => {
  const user = await addUser(api)
  const payment = paymentOf(await beginPurchase(api, user.token, 1_000))
  const answers: string[] = []
  for (let i = 0; i < 40; i += 1) {
    const { answer } = begin(
      ['Content-Length: 1000000', `Stripe-Signature: ${guessed()}`],
      'x'.repeat(900_000),
    )
    answer.then((text) => answers.push(text))
  }
  await expect.poll(() => answers.length).toBe(40 - 17)
  expect(answers.filter((text) => !/^HTTP\/1\.1 408 /.test(text))).toEqual([])
  const text = JSON.stringify(completed(payment))
  const signature = signatureOf(text, api.deps.config.stripeWebhookSecret, api.clock.now())
  const taken = await fetch(`http://127.0.0.1:${port}/webhooks/stripe`, {
    method: 'POST',
    headers: { 'stripe-signature': signature },
    body: text,
  })
  expect(taken.status).toBe(200)
  expect((await api.call('GET', '/tokens/balance', { token: user.token })).body.total).toBe(1_000)
  expect(answers).toHaveLength(40 - 17)
})

test('while a secret is rolled Stripe signs with both, and either is enough', async () => {
  const event = JSON.stringify({ id: 'evt_of_two_secrets', type: 'customer.created' })
  const good = signatureOf(event, api.deps.config.stripeWebhookSecret, api.clock.now())
  const other = guessed().split(',')[1]
  for (const signature of [`${good},${other},v0=abc`, good.replace(',', `,${other},`)]) {
    const { status } = await api.call('POST', '/webhooks/stripe', {
      text: event,
      headers: { 'stripe-signature': signature },
    })
    expect(status).toBe(200)
  }
})
