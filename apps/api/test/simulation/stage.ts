/**
 * Two instances of the application on one database, and what the operations that are set against one another need:
 * people, providers who have earned something, purchases.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { connect, type Db } from '../../src/db.ts'
import { PAYABLE_AFTER_DAYS } from '../../src/earnings/earnings.ts'
import { startApiProcess } from '../crash/processes.ts'
import { addProvider, addUser, startTestApi, type TestApi, type TestUser } from '../harness.ts'
import { startOtherInstance } from '../instance.ts'
import { openSession, type Play } from '../play.ts'

export interface Instance {
  send(
    method: 'POST' | 'PUT',
    url: string,
    call: { token?: string; headers?: Record<string, string>; payload?: string },
  ): Promise<{ status: number; text: string }>
  /** Of the jobs that would run there. */
  db: Db
}

export interface Earner {
  owner: TestUser
  providerId: string
}

export interface Stage {
  /** Whether time goes on while they race. */
  clock: 'real' | 'still'
  /** Prepares and looks; what races goes to the instances. */
  api: TestApi
  instances: readonly [Instance, Instance]
  operatorId: string
  /** Time passes for these sessions. */
  pass(seconds: number, plays: readonly Play[]): Promise<void>
  /** A provider with something to be paid out. */
  takeEarner(): Earner
  close(): Promise<void>
}

/** Two applications in this process, on one clock that stands still while they race. */
export async function startStage(earners: number): Promise<Stage> {
  const api = await startTestApi()
  const other = await startOtherInstance(api)
  const instanceOf = (app: TestApi['app'], ownDb: Db): Instance => ({
    db: ownDb,
    async send(method, url, { token, headers, payload }) {
      const answer = await app.inject({
        method,
        url,
        headers: headersOf(token, headers, payload),
        ...(payload !== undefined && { payload }),
      })
      return { status: answer.statusCode, text: answer.body }
    },
  })
  const ready = await prepare(api, earners)
  api.clock.advance({ hours: 24 * (PAYABLE_AFTER_DAYS + 1) })
  return {
    ...ready,
    clock: 'still',
    api,
    instances: [instanceOf(api.app, api.deps.db), instanceOf(other.app, other.deps.db)],
    async pass(seconds) {
      api.clock.advance({ seconds })
    },
    async close() {
      await other.close()
      await api.close()
    },
  }
}

/**
 * Two processes as production runs them, with their jobs, on clocks that nobody moves: what is to lie in the past is
 * made earlier in the tables.
 */
export async function startProcessStage(earners: number): Promise<Stage> {
  const api = await startTestApi()
  // All jobs at once, and nobody waits for a connection.
  const db = connect({ databaseUrl: api.databaseUrl, poolSize: 80 })
  const { publicUrl, marketplaceUrl, keyEncryptionKey, stripeWebhookSecret } = api.deps.config
  const toNow = () => api.clock.advance({ ms: Date.now() - api.clock.now().getTime() })
  toNow()
  // What is earned here is payable by now, and its beats are not forgotten yet.
  api.clock.advance({ hours: -24 * (PAYABLE_AFTER_DAYS + 1) })
  const ready = await prepare(api, earners)
  toNow()
  const env = {
    DATABASE_URL: api.databaseUrl,
    PUBLIC_URL: publicUrl,
    MARKETPLACE_URL: marketplaceUrl,
    KEY_ENCRYPTION_KEY: keyEncryptionKey.toString('base64'),
    STRIPE_WEBHOOK_SECRET: stripeWebhookSecret,
    RATE_LIMIT_FACTOR: '1000',
    LOG_LEVEL: 'error',
  }
  const processes = await Promise.all([startApiProcess(env), startApiProcess(env)])
  const [first, second] = processes.map(
    ({ url: origin }): Instance => ({
      db,
      async send(method, url, { token, headers, payload }) {
        const answer = await fetch(origin + url, {
          method,
          headers: headersOf(token, headers, payload),
          ...(payload !== undefined && { body: payload }),
        })
        return { status: answer.status, text: await answer.text() }
      },
    }),
  )
  return {
    ...ready,
    clock: 'real',
    api,
    instances: [first!, second!],
    async pass(seconds, plays) {
      toNow()
      await db.batch.query(
        `update sessions set last_beat_at = last_beat_at - $2 * interval '1 second'
         where id = any ($1) and status = 'active'`,
        [plays.map(({ sessionId }) => sessionId), seconds],
      )
    },
    async close() {
      await Promise.all(processes.map((one) => one.kill()))
      await db.end()
      await api.close()
    },
  }
}

function headersOf(token: string | undefined, headers: object = {}, payload?: string) {
  return {
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(payload !== undefined && { 'content-type': 'application/json' }),
    ...headers,
  }
}

/** Earned long ago: a session of five minutes each. */
async function prepare(api: TestApi, count: number): Promise<Pick<Stage, 'operatorId' | 'takeEarner'>> {
  const earners = await Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const owner = await addUser(api)
      const providerId = await addProvider(api, {
        ownerId: owner.id,
        tokensPerMinute: 4,
        name: `App ${i} ${randomUUID()}`,
      })
      const user = await addUser(api, { tokens: 100 })
      return { owner, providerId, play: await openSession({ api, user, providerId }, { minutes: 10 }) }
    }),
  )
  for (let minute = 0; minute < 10; minute += 1) {
    api.clock.advance({ seconds: 30 })
    await Promise.all(earners.map(({ play }) => play.beat()))
  }
  await Promise.all(earners.map(({ play }) => play.call('complete')))
  return {
    operatorId: (await addUser(api, { isOperator: true })).id,
    takeEarner() {
      const earner = earners.pop()
      if (!earner) throw new Error('more providers have to earn something beforehand')
      return earner
    },
  }
}
