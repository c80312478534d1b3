/**
 * Every operation on a session or its money against every other, at the same instant, through two instances on one
 * database: whatever the order, the books are right and nobody is told of an error.
 *
 * @module
 */
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createApp } from '../../src/app.ts'
import { createDeps } from '../../src/create-deps.ts'
import { connect, type Db } from '../../src/db.ts'
import type { App } from '../../src/http/server.ts'
import { checkLedger } from '../../src/ledger/check-ledger.ts'
import { sweepSessions } from '../../src/sessions/sweep-sessions.ts'
import { accessTokenOf, addUser, startTestApi, type TestApi } from '../harness.ts'
import { createMarket, openSession, type Play } from '../play.ts'
import {
  beginPurchase,
  completed,
  disputed,
  type EventBody,
  type Payment,
  paymentOf,
  refunded,
  sendEvent,
  signatureOf,
} from '../stripe-events.ts'

/** Someone in the middle of a session, with money bought and money about to be. */
interface Scene {
  play: Play
  token: string
  operatorToken: string
  paid: Payment
  due: Payment
}

type Operation = (which: number, scene: Scene) => Promise<number>

let api: TestApi
let other: App
let otherDb: Db
let operatorId: string

beforeAll(async () => {
  api = await startTestApi()
  otherDb = connect({ databaseUrl: api.databaseUrl })
  const { config, clock } = api.deps
  other = await createApp(await createDeps({ config, db: otherDb, clock, log: pino({ level: 'silent' }) }))
  await other.ready()
  operatorId = (await addUser(api, { isOperator: true })).id
})
afterAll(async () => {
  await other?.close()
  await otherDb?.end()
  await api?.close()
})

async function post(
  which: number,
  url: string,
  token: string,
  body: object | undefined = {},
): Promise<number> {
  const { statusCode } = await (which === 0 ? api.app : other).inject({
    method: 'POST',
    url,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { payload: JSON.stringify(body) }),
  })
  return statusCode
}

async function stripe(which: number, event: EventBody): Promise<number> {
  const text = JSON.stringify(event)
  const signature = signatureOf(text, api.deps.config.stripeWebhookSecret, api.clock.now())
  const headers = { 'content-type': 'application/json', 'stripe-signature': signature }
  const app = which === 0 ? api.app : other
  const answer = await app.inject({ method: 'POST', url: '/webhooks/stripe', headers, payload: text })
  // Another instance applies the same event at this moment: Stripe asks again.
  return answer.statusCode === 409 ? 200 : answer.statusCode
}

/** A call of the app, under a sequence of its own. */
const said =
  (verb: string, more: object = {}): Operation =>
  (which, { play }) =>
    post(which, `/api/v1/sessions/${play.sessionId}/${verb}`, play.sessionJwt, {
      clientId: play.clientId,
      sequence: play.sequence + 1 + which,
      activeMs: 20_000,
      ...more,
    })

const market =
  (verb: string, body?: object): Operation =>
  (which, { play, token }) =>
    post(which, `/sessions/${play.sessionId}/${verb}`, token, body)

const operations: Record<string, Operation> = {
  'opening another one': (which, { play, token }) =>
    post(which, '/sessions', token, { providerId: play.providerId, durationMinutes: 10 }),
  'validating again': async (which, { play }) => {
    const body = { launchJwt: play.launchJwt, clientId: play.clientId }
    const status = await post(which, '/api/v1/sessions/validate', '', body)
    // A relaunch has made it void.
    return status === 401 ? 409 : status
  },
  relaunching: market('relaunch'),
  'a beat': said('heartbeat'),
  'a last beat': said('heartbeat', { final: true }),
  'pausing in the app': said('pause'),
  'pausing in the marketplace': market('pause'),
  resuming: said('resume'),
  'completing in the app': said('complete'),
  'completing in the marketplace': (which, { play, token }) =>
    post(which, `/api/v1/sessions/${play.sessionId}/complete`, token),
  extending: market('extend', { minutes: 5 }),
  'a sweep': async (which) => {
    const { marketplaceUrl } = api.deps.config
    await sweepSessions(which === 0 ? api.deps.db : otherDb, { now: api.clock.now(), marketplaceUrl })
    return 200
  },
  'suspending the provider': (which, { play, operatorToken }) =>
    post(which, `/providers/${play.providerId}/suspend`, operatorToken, { reason: 'Raced.' }),
  'a payment': (which, { due }) => stripe(which, completed(due)),
  'a refund': (which, { paid }) => stripe(which, refunded(paid, Math.floor(paid.amountCents / 2))),
  'a dispute': (which, { paid }) => stripe(which, disputed(paid)),
}

const names = Object.keys(operations)

async function createScene(): Promise<Scene> {
  // Enough for the session and for one of what wants more.
  const it = await createMarket(api, { tokens: 4 * 10 + 4 * 10 })
  const paid = paymentOf(await beginPurchase(api, it.user.token, 50))
  await sendEvent(api, completed(paid))
  const due = paymentOf(await beginPurchase(api, it.user.token, 60))
  const play = await openSession(it, { minutes: 10 })
  await play.beat()
  return { play, paid, due, token: '', operatorToken: '' }
}

test.each(
  names.map((name, i) => ({ name, against: names.slice(i) })),
)('$name against every other operation', async ({ name, against }) => {
  const scenes = await Promise.all(against.map(() => createScene()))
  for (const seconds of [30, 30]) {
    api.clock.advance({ seconds })
    await Promise.all(scenes.map(({ play }) => play.beat()))
  }
  api.clock.advance({ seconds: 20 })
  const operatorToken = await accessTokenOf(api, operatorId)
  for (const scene of scenes) {
    scene.token = await accessTokenOf(api, scene.play.user.id)
    scene.operatorToken = operatorToken
  }
  const statuses = await Promise.all(
    scenes.flatMap((scene, i) =>
      [name, against[i]!].flatMap((one) => [0, 1].map((which) => operations[one]!(which, scene))),
    ),
  )
  // Served, or refused because of the other one.
  expect(statuses.filter((status) => ![200, 201, 402, 404, 409].includes(status))).toEqual([])
  expect(statuses).toContain(200)

  for (const [i, { play }] of scenes.entries()) {
    const { body } = await play.look()
    const pair = `${name} and ${against[i]}`
    // 60 s were confirmed, 20 more at most were used: never less, never twice.
    expect(body.usedMs, pair).toBeGreaterThanOrEqual(60_000)
    expect(body.usedMs, pair).toBeLessThanOrEqual(80_000)
    const charges = await api.deps.db.batch.query<{ amount: number }>(
      `select amount from transfers where session_id = $1 and kind = 'charge'`,
      [play.sessionId],
    )
    const isEnded = body.status === 'ended'
    expect(body.tokensCharged, pair).toBe(isEnded ? Math.ceil((4 * body.usedMs) / 60_000) : null)
    expect(charges, pair).toEqual(isEnded ? [{ amount: body.tokensCharged }] : [])
  }
  expect((await api.deps.db.inBatch(checkLedger)).findings).toEqual([])
})
