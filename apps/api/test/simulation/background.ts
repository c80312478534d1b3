/**
 * What runs beside the calls: the worker's jobs and the courier, on both instances. They run twice, at once, stop half
 * way, or not at all for a while; whatever they did, the books and what was told of them have to be right in the end.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { sumSettled } from '../../src/analytics/activity.ts'
import { verifyChain } from '../../src/audit/verify-chain.ts'
import type { Deps } from '../../src/deps.ts'
import { PUBLIC_TENANT_ID } from '../../src/id.ts'
import { getAccountBalance } from '../../src/ledger/account-balance.ts'
import { createOutgoing } from '../../src/outgoing.ts'
import { reconcilePurchases } from '../../src/tokens/reconcile-purchases.ts'
import { createCourier } from '../../src/webhooks/courier.ts'
import { createEndpoint } from '../../src/webhooks/create-endpoint.ts'
import { createTasks } from '../../src/worker.ts'
import { type Receiver, startReceiver } from '../webhook-receiver.ts'
import { withCut } from './cut.ts'
import { FEE_BASIS_POINTS, type Marketplace } from './marketplace.ts'
import type { SessionModel } from './oracle-session.ts'
import { feeOf } from './oracle-wallet.ts'
import { SimulationFailure } from './person.ts'
import { createRandom, type Random } from './random.ts'
import type { UntoldPayments } from './untold-payments.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** Those of the worker that read or write what the model knows, and the nightly proof, which has to pass at any time. */
const JOBS = [
  'chain-audit',
  'roll-up-accounts',
  'fold-beats',
  'roll-up-activity',
  'roll-up-activity-again',
  'notice-low-balances',
  'retire-origins',
  'notice-unusual-providers',
  'forget-old-rows',
  'check-ledger',
] as const
const COURIER = 'courier'
const RECONCILE = 'reconcile-purchases'

/** What providers and the platform have to have, by the model. */
export type Earned = ReadonlyMap<string, { gross: number; fee: number }>

export class Background {
  /** When the jobs are due again. */
  dueAt: number
  #marketplace: Marketplace
  #random: Random
  /** Its own, so that one more job leaves the fate of the others as it is. */
  #reconcileRandom: Random
  #untold: UntoldPayments
  #receiver: Receiver
  /** What the receiver has refused was not told. */
  #accepted: ReadonlySet<string>
  #hookedIds: readonly string[]
  #count: (kind: string) => void
  #outgoing: ReturnType<typeof createOutgoing>

  private constructor(
    { marketplace, seed, hookedIds, count, untold, now }: BackgroundOptions,
    receiver: Receiver,
    accepted: ReadonlySet<string>,
  ) {
    this.#accepted = accepted
    this.#marketplace = marketplace
    this.#random = createRandom(seed, 'background')
    this.#reconcileRandom = createRandom(seed, 'reconciliation')
    this.#untold = untold
    this.#receiver = receiver
    this.#hookedIds = hookedIds
    this.#count = count
    this.#outgoing = createOutgoing(marketplace.deps(0).config, { timeoutMs: 10_000 })
    this.dueAt = now + 5 * MINUTE
  }

  static async start(options: BackgroundOptions): Promise<Background> {
    const { marketplace, hookedIds, now } = options
    const tries = new Map<string, number>()
    const accepted = new Set<string>()
    const receiver = await startReceiver((response, { headers }) => {
      const id = String(headers['webhook-id'])
      const before = tries.get(id) ?? 0
      tries.set(id, before + 1)
      // One in five fails at first, some twice: by its id, so that no order of arrival decides.
      const draw = createHash('sha1').update(id).digest()[0]! % 10
      const isRefused = draw < 2 - before
      if (!isRefused) accepted.add(id)
      response.writeHead(isRefused ? 500 : 204).end()
    })
    const { db, config } = marketplace.deps(0)
    const endpoint = { url: receiver.url, events: ['*' as const], asymmetric: false }
    const { keyEncryptionKey } = config
    for (const providerId of hookedIds)
      await db.inTenant(PUBLIC_TENANT_ID, (tx) =>
        createEndpoint(tx, { providerId, endpoint, keyEncryptionKey, now: new Date(now) }),
      )
    return new Background(options, receiver, accepted)
  }

  /** The jobs' turn, whatever becomes of it. */
  async run(now: number): Promise<void> {
    await this.#runJobs(now)
    await this.#untold.learn(this.#marketplace)
  }

  /** What was paid has to be found, whatever the turns before had left of it. */
  async reconcile(now: number): Promise<void> {
    for (let runs = 0; runs < 5; runs += 1) await this.#run(now, 0, RECONCILE)
    await this.#untold.learn(this.#marketplace)
    if (this.#untold.left > 0)
      throw new SimulationFailure(`${this.#untold.left} payments that no event told of were never found`)
  }

  async #runJobs(now: number): Promise<void> {
    const random = this.#random
    this.dueAt = now + 5 * MINUTE
    const draw = random.next()
    if (draw < 0.08) {
      this.#count('jobs stopped')
      this.dueAt = now + random.whole(10, 25) * MINUTE
    } else if (draw < 0.45) {
      this.#count('jobs twice')
      await Promise.all([0, 1, 0, 1].map((which) => this.#runAll(now, which)))
    } else if (draw < 0.75) {
      for (const name of [...JOBS, COURIER]) {
        const cut = { statement: random.whole(1, 6), mode: random.pick(['before', 'after'] as const) }
        const which = random.whole(0, 1)
        const run = () => this.#run(now, which, name).catch(() => undefined)
        if ((await withCut(cut, this.#marketplace.databaseUrl, run)).cut.hasFired) this.#count('crashed job')
      }
      await this.#cutReconciliation(now)
    } else await this.#runAll(now, random.whole(0, 1))
  }

  async #cutReconciliation(now: number): Promise<void> {
    const random = this.#reconcileRandom
    const cut = { statement: random.whole(1, 12), mode: random.pick(['before', 'after'] as const) }
    const run = () => this.#run(now, random.whole(0, 1), RECONCILE).catch(() => undefined)
    if ((await withCut(cut, this.#marketplace.databaseUrl, run)).cut.hasFired) this.#count('crashed job')
  }

  async #runAll(now: number, which: number): Promise<void> {
    await Promise.all([...JOBS, COURIER, RECONCILE].map((name) => this.#run(now, which, name)))
  }

  #run(now: number, which: number, name: string): Promise<void> {
    const deps = this.#marketplace.deps(which)
    return this.#marketplace.at(now, () =>
      name === COURIER ? this.#deliver(deps) : this.#perform(deps, name),
    )
  }

  async #perform(deps: Deps, name: string): Promise<void> {
    if (name === RECONCILE) return reconcilePurchases(deps, this.#untold.checkoutOf(deps))
    // What is enqueued to write mail stays where it is.
    await createTasks(deps, { send: async () => undefined })[name]!({}, undefined as never)
  }

  async #deliver(deps: Deps): Promise<void> {
    const courier = createCourier(deps, { outgoing: this.#outgoing })
    await courier.deliverDue()
    await courier.settled()
  }

  /**
   * Everything that is due is done, over days if it takes them, and held against the model.
   *
   * @returns what is wrong
   */
  async conclude(now: number, sessions: readonly SessionModel[], earned: Earned): Promise<string[]> {
    const deps = this.#marketplace.deps(1)
    // Attempts are a day apart at most.
    for (let days = 0; days < 10; days += 1) await this.#run(now + days * 25 * HOUR, 1, COURIER)
    for (const name of [
      'chain-audit',
      'roll-up-accounts',
      'fold-beats',
      'roll-up-activity',
      'roll-up-activity-again',
    ])
      await this.#run(now, 1, name)
    const wrong = this.#findUntold(sessions)
    await deps.db.inTenant(PUBLIC_TENANT_ID, async (tx) => {
      for (const [providerId, { gross, fee }] of earned) {
        const balance = await getAccountBalance(tx, providerId)
        if (balance !== gross - fee) wrong.push(`${providerId} has ${balance}, the model says ${gross - fee}`)
        const figures = await sumSettled(tx, { providerId, from: new Date(0), to: new Date(now + HOUR) })
        if (figures.gross !== gross || figures.fee !== fee)
          wrong.push(
            `figures of ${providerId}: ${figures.gross} less ${figures.fee}, not ${gross} less ${fee}`,
          )
      }
    })
    wrong.push(...(await this.#findMiscounted([...earned.keys()], sessions)))
    const chain = await deps.db.inBatch((tx) => verifyChain(tx, { sealing: deps.config, now: new Date(now) }))
    return [...wrong, ...chain.findings.map((finding) => `audit: ${finding}`)]
  }

  /** Every start, every end and what was earned were told, each as one event, however often and in whatever order. */
  #findUntold(sessions: readonly SessionModel[]): string[] {
    const told = new Map<string, { eventId: string; what: string }>()
    const wrong: string[] = []
    for (const { headers, body } of this.#receiver.received) {
      const { type, data } = JSON.parse(body)
      const [kind, id, what] =
        type === 'earnings.posted'
          ? ['earnings', data.sessionId, `${data.gross} less ${data.fee}`]
          : type === 'session.started'
            ? ['start', data.id, data.startedAt]
            : ['end', data.id, `${data.usedMs} ms and ${data.tokensCharged}`]
      if (kind === 'end' && data.status !== 'ended') continue
      const eventId = String(headers['webhook-id'])
      if (!this.#accepted.has(eventId)) continue
      const before = told.get(`${kind} of ${id}`)
      if (before && before.eventId !== eventId) wrong.push(`the ${kind} of ${id} was told as two events`)
      told.set(`${kind} of ${id}`, { eventId, what })
    }
    for (const session of sessions) {
      if (!this.#hookedIds.includes(session.providerId) || session.status !== 'ended') continue
      for (const [kind, what] of toldOf(session)) {
        const one = told.get(`${kind} of ${session.id}`)
        if (one?.what !== what) wrong.push(`the ${kind} of ${session.id}: told ${one?.what}, not ${what}`)
        told.delete(`${kind} of ${session.id}`)
      }
    }
    for (const what of told.keys()) wrong.push(`the ${what} was told and is none`)
    return wrong
  }

  /** What became of all sessions, by the roll-up and by the model: of those that the roll-up knows nothing of, too. */
  async #findMiscounted(
    providerIds: readonly string[],
    sessions: readonly SessionModel[],
  ): Promise<string[]> {
    const rows = await this.#marketplace.rows<
      { providerId: string } & Record<(typeof OUTCOMES)[number], number>
    >(
      `select provider_id as "providerId", ${OUTCOMES.map((name) => `sum(${name})::int as ${name}`).join(', ')}
       from outcome_quarters group by provider_id`,
    )
    const counts = new Map(rows.map((row) => [row.providerId, row]))
    return providerIds.flatMap((providerId) => {
      const own = sessions.filter((session) => session.providerId === providerId)
      return OUTCOMES.flatMap((name) => {
        const expected =
          name === 'opened' ? own.length : own.filter(({ endReason }) => endReason === name).length
        const counted = counts.get(providerId)?.[name] ?? 0
        return counted === expected ? [] : [`${providerId}: ${counted} ${name}, not ${expected}`]
      })
    })
  }

  async stop(): Promise<void> {
    await this.#outgoing.end()
    await this.#receiver.close()
  }
}

/** What a provider has to hear of a session that has ended. */
function* toldOf({ startedAt, usedMs, charged }: SessionModel): Generator<[string, string]> {
  if (startedAt !== null) yield ['start', new Date(startedAt).toISOString()]
  if (charged) yield ['earnings', `${charged} less ${feeOf(charged, FEE_BASIS_POINTS)}`]
  yield ['end', `${usedMs} ms and ${charged}`]
}

const OUTCOMES = ['opened', 'completed', 'expired', 'abandoned', 'cancelled', 'revoked'] as const

interface BackgroundOptions {
  marketplace: Marketplace
  seed: string
  /** The providers whose endpoints are told of everything. */
  hookedIds: readonly string[]
  count: (kind: string) => void
  untold: UntoldPayments
  now: number
}
