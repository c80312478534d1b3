/**
 * The real application, as two instances on one real PostgreSQL, each call at a virtual instant of its own.
 *
 * @module
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { createHmac } from 'node:crypto'
import pg from 'pg'
import { pino } from 'pino'
import { createApp } from '../../src/app.ts'
import { type Config, readConfig } from '../../src/config.ts'
import { createDeps } from '../../src/create-deps.ts'
import { connect, type Db } from '../../src/db.ts'
import type { Deps } from '../../src/deps.ts'
import type { App } from '../../src/http/server.ts'
import { createId, PUBLIC_TENANT_ID } from '../../src/id.ts'
import { addSigningKey } from '../../src/keys/key-ring.ts'
import { checkLedger, type LedgerReport } from '../../src/ledger/check-ledger.ts'
import { foldBeats } from '../../src/sessions/fold-beats.ts'
import { sweepSessions } from '../../src/sessions/sweep-sessions.ts'
import { findUnloggedTime } from '../unlogged-time.ts'
import { findUntoldEvents } from '../untold-events.ts'

export const FEE_BASIS_POINTS = 2_000
export const ORIGIN = 'http://localhost:4002'
const STRIPE_SECRET = 'whsec_simulation'
const INSTANCES = 2

export interface Answer {
  status: number
  replayed: boolean
  // biome-ignore lint/suspicious/noExplicitAny: answers are read as the wire has them.
  body: any
}

export interface Call {
  method: 'GET' | 'POST'
  url: string
  token?: string
  body?: unknown
  idempotencyKey?: string
  stripeSignature?: string
  isBeacon?: boolean
}

interface Instance {
  app: App
  deps: Deps
  db: Db
}

const instant = new AsyncLocalStorage<number>()

/** That this machine is busy is no fault of the market's, whose clock stands meanwhile. */
const PATIENCE = { connectionTimeoutMs: 120_000, statementTimeoutMs: 120_000 }

export class Marketplace {
  readonly databaseUrl: string
  calls = 0
  /** How far the second instance's clock is off, as NTP may leave it. */
  skewMs = 0
  #instances: Instance[] = []
  #config: Config
  #admin: pg.Pool
  #now: number

  private constructor(databaseUrl: string, startAt: number) {
    this.databaseUrl = databaseUrl
    this.#now = startAt
    this.#admin = new pg.Pool({ connectionString: databaseUrl, max: 4 })
    this.#admin.on('error', () => undefined)
    this.#admin.on('connect', (client) => client.on('error', () => undefined))
    this.#config = readConfig({
      DATABASE_URL: databaseUrl,
      PUBLIC_URL: 'http://localhost:4000',
      MARKETPLACE_URL: 'http://localhost:4001',
      KEY_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
      STRIPE_WEBHOOK_SECRET: STRIPE_SECRET,
      PLATFORM_FEE_BASIS_POINTS: String(FEE_BASIS_POINTS),
      RATE_LIMIT_FACTOR: '1000000',
      OUTGOING_ALLOW_CIDRS: '127.0.0.0/8',
      LOG_LEVEL: process.env.SIMULATION_LOG ?? 'silent',
    })
  }

  static async start(databaseUrl: string, startAt: number): Promise<Marketplace> {
    const marketplace = new Marketplace(databaseUrl, startAt)
    for (let i = 0; i < INSTANCES; i += 1) marketplace.#instances.push(await marketplace.#boot())
    return marketplace
  }

  async #boot(): Promise<Instance> {
    const clock = () => new Date(instant.getStore() ?? this.#now)
    const config = this.#config
    const db = connect({ databaseUrl: this.databaseUrl, poolSize: 6, ...PATIENCE })
    const deps = await createDeps({ config, db, clock, log: pino({ level: config.logLevel }) })
    const app = await createApp(deps)
    await app.ready()
    return { app, deps, db }
  }

  /** A process that died and came back: nothing of its memory is left. */
  async restart(which: number): Promise<void> {
    const old = this.#instances[which]!
    this.#instances[which] = await this.#boot()
    await old.app.close()
    await old.db.end()
  }

  setTime(at: number): void {
    this.#now = at
  }

  /** What jobs are given on that instance. */
  deps(which: number): Deps {
    return this.#instances[which]!.deps
  }

  at<T>(when: number, run: () => Promise<T>): Promise<T> {
    return instant.run(when, run)
  }

  /** What that instance's clock says then. */
  localTime(when: number, which: number): number {
    return which === 1 ? when + this.skewMs : when
  }

  async call(when: number, which: number, call: Call): Promise<Answer> {
    this.calls += 1
    const { method, url, token, body, idempotencyKey, stripeSignature, isBeacon } = call
    const payload = typeof body === 'string' ? body : body === undefined ? undefined : JSON.stringify(body)
    const response = await this.at(this.localTime(when, which), async () =>
      this.#instances[which]!.app.inject({
        method,
        url,
        headers: {
          ...(payload !== undefined && { 'content-type': isBeacon ? 'text/plain' : 'application/json' }),
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
          ...(stripeSignature !== undefined && { 'stripe-signature': stripeSignature }),
          ...(url.startsWith('/api/v1') && token === undefined && { origin: ORIGIN }),
        },
        ...(payload !== undefined && { payload }),
      }),
    )
    return {
      status: response.statusCode,
      replayed: response.headers['idempotent-replayed'] === 'true',
      body: response.body === '' ? undefined : JSON.parse(response.body),
    }
  }

  sweep(when: number, which = 0): Promise<number> {
    const { marketplaceUrl } = this.#config
    return this.at(when, () =>
      sweepSessions(this.#instances[which]!.db, { now: new Date(when), marketplaceUrl }),
    )
  }

  /** Which of these the sweeper has not come to. */
  async notEnded(sessionIds: readonly string[]): Promise<string[]> {
    if (sessionIds.length === 0) return []
    const rows = await this.rows<{ id: string }>(
      `select id from sessions where id = any($1) and status <> 'ended'`,
      [sessionIds],
    )
    return rows.map(({ id }) => id)
  }

  async rotateKeys(when: number): Promise<void> {
    const { keyEncryptionKey } = this.#config
    await this.#instances[0]!.db.inBatch((tx) => addSigningKey(tx, { keyEncryptionKey, now: new Date(when) }))
    await this.reloadKeys(when)
  }

  /** What every instance does once a minute. */
  async reloadKeys(when: number): Promise<void> {
    for (const { deps } of this.#instances) await this.at(when, () => deps.keys.reload())
  }

  accessToken(when: number, userId: string): Promise<string> {
    const iat = Math.floor(when / 1000)
    const claims = { sub: userId, aud: 'marketplace', tid: PUBLIC_TENANT_ID, iat, exp: iat + 86_400 * 30 }
    return this.at(when, () => this.#instances[0]!.deps.keys.sign('at+jwt', claims))
  }

  /** `Stripe-Signature` by Stripe's own recipe. */
  sign(when: number, body: string): string {
    const t = Math.floor(when / 1000)
    return `t=${t},v1=${createHmac('sha256', STRIPE_SECRET).update(`${t}.${body}`).digest('hex')}`
  }

  async addUser(when: number, name: string, isOperator = false): Promise<string> {
    const id = createId('usr', new Date(when))
    await this.#admin.query(
      `insert into users (tenant_id, id, email, email_normalized, display_name, password_hash, is_operator,
         reference_salt, created_at) values ($1, $2, $3, $3, 'Simulated', 'none', $4, $5, $6)`,
      [PUBLIC_TENANT_ID, id, `${name}@example.com`, isOperator, Buffer.from(name), new Date(when)],
    )
    await this.#admin.query('insert into wallets (tenant_id, id) values ($1, $2)', [PUBLIC_TENANT_ID, id])
    return id
  }

  async addProvider(when: number, ownerId: string, name: string, tokensPerMinute: number): Promise<string> {
    const id = createId('prv', new Date(when))
    await this.#admin.query(
      `insert into providers (tenant_id, id, owner_id, name, description, category, launch_url, allowed_origins,
         tokens_per_minute, status, created_at, updated_at)
       values ($1, $2, $3, $4, 'Simulated', 'tools', $5, $6, $7, 'listed', $8, $8)`,
      [PUBLIC_TENANT_ID, id, ownerId, name, `${ORIGIN}/`, [ORIGIN], tokensPerMinute, new Date(when)],
    )
    return id
  }

  async rows<Row>(sql: string, values: unknown[] = []): Promise<Row[]> {
    return (await this.#admin.query(sql, values)).rows
  }

  checkLedger(): Promise<LedgerReport> {
    return this.#instances[0]!.db.inBatch(checkLedger)
  }

  /** Sessions whose log of time is not what they were charged for, before it is folded and after; and whose events are amiss. */
  async findUnlogged(now: number): Promise<{ id: string; said: string }[]> {
    const { db } = this.#instances[0]!
    const unfolded = await findUnloggedTime(db.batch)
    await foldBeats(db, { now: new Date(now) })
    return [...unfolded, ...(await findUnloggedTime(db.batch)), ...(await findUntoldEvents(db.batch))]
  }

  async stop(): Promise<void> {
    for (const { app, db } of this.#instances) {
      await app.close()
      await db.end()
    }
    await this.#admin.end()
  }
}
