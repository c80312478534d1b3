/**
 * Clients that buy, open, beat, extend and complete over real HTTP, try again whatever happens to a request, and
 * remember every answer they were given.
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
  tokensHeld: number
  sequence: number
  usedMs: number
  /** Null until a completion was answered. */
  tokensCharged: number | null
}

export interface Client {
  token: string
  email: string
  bought: number
  sessions: Told[]
}

export interface Load {
  clients: Client[]
  /** Answers that no client should ever have to see. */
  surprises: string[]
  retries: number
  answers: number
  longestDelayMs: number
  /** The longest that a request took beyond what was being restarted meanwhile. */
  longestHeldUpMs: number
}

export const createLoad = (): Load => ({
  clients: [],
  surprises: [],
  retries: 0,
  answers: 0,
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
  { clients: count, load, isOver, restartedMs = () => 0, heldUpMsMax = Number.POSITIVE_INFINITY }: Run,
): Promise<void> {
  /** The same request until somebody answers it for good. */
  async function call(
    method: 'GET' | 'POST',
    path: string,
    {
      token,
      body,
      headers = {},
    }: { token?: string; body?: object | string; headers?: Record<string, string> },
  ): Promise<Body> {
    const [began, restartedBefore] = [performance.now(), restartedMs()]
    const heldUpMs = () => performance.now() - began - (restartedMs() - restartedBefore)
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
          load.longestDelayMs = Math.max(load.longestDelayMs, performance.now() - began)
          load.longestHeldUpMs = Math.max(load.longestHeldUpMs, heldUpMs())
          if (!response.ok) load.surprises.push(`${method} ${path}: ${response.status} ${answer.code}`)
          return answer
        }
      } catch {
        // The connection broke, or was refused: nobody knows what happened, so the same again.
      }
      load.retries += 1
      await pause(10 + Math.random() * 40)
    }
    throw new Error(`${method} ${path} was not answered, restarts aside, for ${Math.round(heldUpMs())} ms`)
  }

  async function buy(client: Client, tokens: number): Promise<void> {
    const { token } = client
    const headers = { 'idempotency-key': randomUUID() }
    const { purchase } = await call('POST', '/tokens/purchase', { token, body: { tokens }, headers })
    const event = JSON.stringify({
      id: `evt_${randomUUID()}`,
      type: 'checkout.session.completed',
      created: Math.floor(Date.now() / 1000),
      data: {
        object: {
          id: `cs_${randomUUID()}`,
          client_reference_id: purchase.id,
          payment_intent: `pi_${randomUUID()}`,
          payment_status: 'paid',
          amount_total: purchase.amountCents,
          currency: purchase.currency,
        },
      },
    })
    const t = Math.floor(Date.now() / 1000)
    const v1 = createHmac('sha256', STRIPE_SECRET).update(`${t}.${event}`).digest('hex')
    await call('POST', '/webhooks/stripe', {
      body: event,
      headers: { 'stripe-signature': `t=${t},v1=${v1}` },
    })
    client.bought += tokens
  }

  async function visit(client: Client, providerId: string): Promise<void> {
    const { token } = client
    const key = () => ({ 'idempotency-key': randomUUID() })
    const opened = await call('POST', '/sessions', {
      token,
      body: { providerId, durationMinutes: 2 },
      headers: key(),
    })
    const { id, tokensHeld } = opened.session
    const told: Told = { sessionId: id, tokensHeld, sequence: 0, usedMs: 0, tokensCharged: null }
    client.sessions.push(told)
    const clientId = `client_${randomUUID().slice(0, 8)}`
    const hear = ({ session }: Body) => {
      told.sequence = Math.max(told.sequence, session.sequence)
      told.usedMs = Math.max(told.usedMs, session.usedMs)
      told.tokensHeld = session.tokensHeld
    }
    const validated = await call('POST', '/api/v1/sessions/validate', {
      body: { launchJwt: opened.launchJwt, clientId },
    })
    hear(validated)
    const jwt = validated.sessionJwt
    for (let sequence = 1; sequence <= 6; sequence += 1) {
      hear(
        await call('POST', `/api/v1/sessions/${id}/heartbeat`, { token: jwt, body: { clientId, sequence } }),
      )
      if (sequence === 3 && Math.random() < 0.3)
        hear(await call('POST', `/sessions/${id}/extend`, { token, body: { minutes: 1 }, headers: key() }))
    }
    if (Math.random() < 0.1) return
    const done = await call('POST', `/api/v1/sessions/${id}/complete`, { token: jwt, body: {} })
    hear(done)
    told.tokensCharged = done.session.tokensCharged
  }

  async function register(): Promise<Client> {
    const email = `${randomUUID()}@example.com`
    const body = { email, password: 'correct horse battery' }
    const { accessToken } = await call('POST', '/auth/register', { body })
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
    Array.from({ length: count }, async () => {
      const client = await register()
      load.clients.push(client)
      await buy(client, 1_000)
      for (let i = 1; !isOver(); i += 1) {
        await visit(client, providerId)
        if (i % 4 === 0) await buy(client, 100)
      }
    }),
  )
}
