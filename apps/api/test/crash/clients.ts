/**
 * Clients that buy, are refunded, open, beat, pause, resume, extend, change the browser and complete over real HTTP, try again
 * whatever happens to a request, and remember every answer they were given.
 *
 * @module
 */
import { createHmac, randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { STRIPE_SECRET } from './processes.ts'

const TRIES_MAX = 2_000
/** An attempt that nobody has answered by then is given up, and the same request made again. */
const ATTEMPT_MS = 15_000

/** What a client was told, and may rely on from then on. */
export interface Told {
  sessionId: string
  status: string
  tokensHeld: number
  /** The last one of the client that holds it. */
  sequence: number
  /** As of `heardAt`, by the server's clock. */
  usedMs: number
  heardAt: number
  /** Null until a completion was answered. */
  tokensCharged: number | null
}

export interface Client {
  token: string
  email: string
  /** What is left of it after refunds. */
  bought: number
  sessions: Told[]
}

export interface Load {
  clients: Client[]
  /** Answers that no client should ever have to see. */
  surprises: string[]
  retries: number
  answers: number
  /** By the last word of the path, and refunds apart. */
  served: Record<string, number>
  longestDelayMs: number
  /** The longest that a request took beyond what was being restarted meanwhile. */
  longestHeldUpMs: number
}

export const createLoad = (): Load => ({
  clients: [],
  surprises: [],
  retries: 0,
  answers: 0,
  served: {},
  longestDelayMs: 0,
  longestHeldUpMs: 0,
})

// biome-ignore lint/suspicious/noExplicitAny: answers are read as the wire has them.
type Body = any

export interface Run {
  clients: number
  load: Load
  isOver: () => boolean
  /** For how long something was being restarted so far. */
  restartedMs?: () => number
  /** A client that is held up for longer beyond that is not waiting, it hangs. */
  heldUpMsMax?: number
}

/** Goes on until `isOver` says so and every client has finished what it began; `load` tells how far it is. */
export async function runClients(
  urls: readonly string[],
  { clients, load, isOver, restartedMs = () => 0, heldUpMsMax = Number.POSITIVE_INFINITY }: Run,
): Promise<void> {
  const count = (what: string) => {
    load.served[what] = (load.served[what] ?? 0) + 1
  }

  /** The same request until somebody answers it for good. */
  async function call(
    method: 'GET' | 'POST',
    path: string,
    {
      token,
      body,
      headers = {},
      whenRepeated,
    }: {
      token?: string
      body?: object | string
      headers?: Record<string, string>
      /** What a repetition of this request is rightly told where the first one's answer was lost. */
      whenRepeated?: string
    },
  ): Promise<Body> {
    const [began, restartedBefore] = [performance.now(), restartedMs()]
    const heldUpMs = () => performance.now() - began - (restartedMs() - restartedBefore)
    let surprise: string | undefined
    for (let tries = 0; tries < TRIES_MAX && heldUpMs() < heldUpMsMax; tries += 1) {
      try {
        // Any process: whoever tries again is likely to meet another one.
        const url = urls[Math.floor(Math.random() * urls.length)]
        const response = await fetch(url + path, {
          method,
          headers: {
            ...(body !== undefined && { 'content-type': 'application/json' }),
            ...(token !== undefined && { authorization: `Bearer ${token}` }),
            ...headers,
          },
          ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
          signal: AbortSignal.timeout(ATTEMPT_MS),
        })
        const answer = (await response.json()) as Body
        const isPassing = response.status === 503 || answer.code === 'idempotency_in_progress'
        if (!isPassing) {
          load.answers += 1
          count(path.slice(path.lastIndexOf('/') + 1))
          load.longestDelayMs = Math.max(load.longestDelayMs, performance.now() - began)
          load.longestHeldUpMs = Math.max(load.longestHeldUpMs, heldUpMs())
          const isRight = response.ok || (tries > 0 && answer.code === whenRepeated)
          if (!isRight) surprise = `${method} ${path}: ${response.status} ${answer.code}`
          else return answer
        }
      } catch {
        // The connection broke, or was refused: nobody knows what happened, so the same again.
      }
      if (surprise !== undefined) {
        load.surprises.push(surprise)
        // What would come next has nothing to go on from, and would say something else.
        throw new Error(surprise)
      }
      load.retries += 1
      await pause(10 + Math.random() * 40)
    }
    throw new Error(`${method} ${path} was not answered, restarts aside, for ${Math.round(heldUpMs())} ms`)
  }

  async function buy(client: Client, tokens: number): Promise<Body> {
    const { token } = client
    const headers = { 'idempotency-key': randomUUID() }
    const { purchase } = await call('POST', '/tokens/purchase', { token, body: { tokens }, headers })
    const payment = { purchase, paymentIntent: `pi_${randomUUID()}` }
    await tellOf(payment, 'checkout.session.completed', {
      id: `cs_${randomUUID()}`,
      client_reference_id: purchase.id,
      payment_status: 'paid',
      amount_total: purchase.amountCents,
    })
    client.bought += tokens
    return payment
  }

  async function refund(client: Client, payment: Body): Promise<void> {
    const { tokens, amountCents } = payment.purchase
    await tellOf(payment, 'charge.refunded', { id: `ch_${randomUUID()}`, amount_refunded: amountCents })
    client.bought -= tokens
    count('refund')
  }

  /** Stripe's event, signed once and sent until it is answered. */
  async function tellOf({ purchase, paymentIntent }: Body, type: string, fields: object): Promise<void> {
    const created = Math.floor(Date.now() / 1000)
    const object = { payment_intent: paymentIntent, currency: purchase.currency, ...fields }
    const event = JSON.stringify({ id: `evt_${randomUUID()}`, type, created, data: { object } })
    const v1 = createHmac('sha256', STRIPE_SECRET).update(`${created}.${event}`).digest('hex')
    await call('POST', '/webhooks/stripe', {
      body: event,
      headers: { 'stripe-signature': `t=${created},v1=${v1}` },
    })
  }

  /** @param turn which of the things that can be done are done this time: each within a few turns, whoever is killed when */
  async function visit(client: Client, providerId: string, turn: number): Promise<void> {
    const { token } = client
    const withKey = () => ({ token, headers: { 'idempotency-key': randomUUID() } })
    const opened = await call('POST', '/sessions', {
      ...withKey(),
      body: { providerId, durationMinutes: 2 },
    })
    const { id } = opened.session
    const told: Told = {
      sessionId: id,
      status: 'pending',
      tokensHeld: 0,
      sequence: 0,
      usedMs: 0,
      heardAt: 0,
      tokensCharged: null,
    }
    client.sessions.push(told)
    const hear = ({ session }: Body) => {
      const { status, tokensHeld, sequence, usedMs, serverTime } = session
      Object.assign(told, { status, tokensHeld, sequence, usedMs, heardAt: Date.parse(serverTime) })
    }
    hear(opened)
    let page = { clientId: '', jwt: '', sequence: 0 }
    const validate = async ({ launchJwt }: Body) => {
      const clientId = `client_${randomUUID().slice(0, 8)}`
      const validated = await call('POST', '/api/v1/sessions/validate', { body: { launchJwt, clientId } })
      hear(validated)
      page = { clientId, jwt: validated.sessionJwt, sequence: 0 }
    }
    const say = async (verb: string): Promise<Body> => {
      page.sequence += 1
      const { clientId, sequence, jwt } = page
      const body = { clientId, sequence }
      const answer = await call('POST', `/api/v1/sessions/${id}/${verb}`, { token: jwt, body })
      hear(answer)
      return answer
    }
    const ask = async (verb: string, body?: object) =>
      call('POST', `/sessions/${id}/${verb}`, { ...withKey(), ...(body && { body }) })

    await validate(opened)
    await say('heartbeat')
    await say('heartbeat')
    if (turn % 2 === 0) {
      await say('pause')
      await say('resume')
    } else {
      hear(await ask('pause'))
      hear(await ask('resume'))
    }
    await say('heartbeat')
    if (turn % 3 === 0) hear(await ask('extend', { minutes: 1 }))
    if (turn % 3 === 1) await validate(await ask('relaunch'))
    await say('heartbeat')
    await say('heartbeat')
    // Left as it is, in use or paused.
    if (turn % 4 === 2) await say('pause')
    if (turn % 4 >= 2) return
    const done = await say('complete')
    told.tokensCharged = done.session.tokensCharged
  }

  async function register(): Promise<Client> {
    const email = `${randomUUID()}@example.com`
    const body = { email, password: 'correct horse battery' }
    const made = await call('POST', '/auth/register', { body, whenRepeated: 'email_taken' })
    // Registering takes no Idempotency-Key: whoever lost the answer has the account, and signs in.
    const { accessToken } = made.code === 'email_taken' ? await call('POST', '/auth/login', { body }) : made
    return { token: accessToken, email, bought: 0, sessions: [] }
  }

  const owner = await register()
  const { id: providerId } = await call('POST', '/providers', {
    token: owner.token,
    body: {
      name: 'Crash test',
      description: 'Crashes',
      category: 'tools',
      launchUrl: 'http://localhost:4002/',
      allowedOrigins: ['http://localhost:4002'],
      tokensPerMinute: 7,
    },
  })
  await Promise.all(
    Array.from({ length: clients }, async (_, first) => {
      const client = await register()
      load.clients.push(client)
      await buy(client, 1_000)
      for (let turn = first; !isOver(); turn += 1) {
        await visit(client, providerId, turn)
        if (turn % 2 === 0) continue
        const payment = await buy(client, 100)
        if (turn % 4 === 1) await refund(client, payment)
      }
    }),
  )
}
