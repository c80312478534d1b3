/**
 * Buyers who pay at a server that plays Stripe, and whose events nobody sends.
 *
 * @module
 */
import type { Deps } from '../src/deps.ts'
import { type Figures, readFigures } from '../src/observability/figures.ts'
import { receiveUndeliveredEventsTask, reconcilePurchasesTask } from '../src/tokens/jobs.ts'
import { connectAs } from './database.ts'
import { accessTokenOf, addUser, startTestApi, type TestApi, type TestUser } from './harness.ts'
import { type Payment, paymentOf } from './stripe-events.ts'
import { paidSession, type StripeServer, startStripeServer } from './stripe-server.ts'

export interface Bought {
  user: TestUser
  payment: Payment
  /** As Stripe has it, for a test to change. */
  session: Record<string, unknown>
}

export interface StripeBuyers {
  api: TestApi
  stripe: StripeServer
  /** A purchase of 1,000 tokens for 950 cents whose page is open. */
  buy(): Promise<Bought>
  /** One that was paid, and the event lost. */
  pay(charge?: object): Promise<Bought>
  /** The job's turn. */
  reconcile(changes?: Partial<Deps>, abortSignal?: AbortSignal): Promise<unknown>
  /** A process that looks, whenever it is called, for what Stripe could not deliver. */
  startLooking(changes?: Partial<Deps>): (abortSignal?: AbortSignal) => Promise<unknown>
  /** Events that Stripe could not deliver, created so many seconds ago. */
  lose(secondsAgo: number, ...events: object[]): void
  /** What the buyer sees: the purchase's status and the balance. */
  standing(bought: Pick<Bought, 'user' | 'payment'>): Promise<[status: string, total: number]>
  /** What is on record of a purchase. */
  eventsOf(bought: Bought): Promise<{ type: string; outcome: string; why: string | null }[]>
  /** How often Stripe was asked for it. */
  asked(bought: Bought): number
  figures(): Promise<Figures>
  /** From now on, how many transactions are open whenever Stripe is asked. */
  watchTransactions(): unknown[]
  asOwner(sql: string, values: unknown[]): Promise<Record<string, unknown>[]>
  /** What is still open is asked for no more, and Stripe answers as it does. */
  reset(): Promise<void>
  close(): Promise<void>
}

/** @example const it = await startStripeBuyers(); afterAll(() => it.close()) */
export async function startStripeBuyers(): Promise<StripeBuyers> {
  const stripe = await startStripeServer()
  const api = await startTestApi({ env: { STRIPE_SECRET_KEY: 'sk_test_x', STRIPE_API_BASE: stripe.url } })
  const { deps, clock } = api

  async function buy(): Promise<Bought> {
    const user = await addUser(api)
    const { body } = await api.call('POST', '/tokens/purchase', {
      token: user.token,
      body: { tokens: 1_000 },
    })
    const payment = paymentOf(body.purchase)
    return { user, payment, session: stripe.sessions.get(`cs_test_${payment.purchaseId}`)! }
  }

  async function asOwner(sql: string, values: unknown[]): Promise<Record<string, unknown>[]> {
    const owner = await connectAs(api.databaseUrl)
    const rows = await owner.query(sql, values)
    await owner.end()
    return rows as Record<string, unknown>[]
  }

  return {
    api,
    stripe,
    buy,
    async pay(charge = {}) {
      const bought = await buy()
      Object.assign(bought.session, paidSession(bought.payment, charge))
      return bought
    },
    reconcile: async (changes = {}, abortSignal = undefined) =>
      reconcilePurchasesTask({ ...deps, ...changes })({}, { abortSignal } as never),
    startLooking(changes = {}) {
      const task = receiveUndeliveredEventsTask({ ...deps, ...changes })
      return async (abortSignal) => task({}, { abortSignal } as never)
    },
    lose(secondsAgo, ...events) {
      const created = Math.floor(clock.now().getTime() / 1000) - secondsAgo
      stripe.undelivered.push(...events.map((event) => ({ ...event, created })))
    },
    async standing({ user, payment }) {
      const token = await accessTokenOf(api, user.id)
      const purchase = await api.call('GET', `/tokens/purchases/${payment.purchaseId}`, { token })
      const balance = await api.call('GET', '/tokens/balance', { token })
      return [purchase.body.status, balance.body.total]
    },
    eventsOf: ({ payment }) =>
      deps.db.batch.query(
        `select type, outcome, refused_because as why from stripe_events where purchase_id = $1 order by received_at, id`,
        [payment.purchaseId],
      ),
    asked: ({ session }) =>
      stripe.requests.filter(({ method, url }) => method === 'GET' && url?.includes(String(session.id)))
        .length,
    figures: () => readFigures(deps.db.batch, clock.now()),
    watchTransactions() {
      const seen: unknown[] = []
      stripe.answerWith = (request, response) => {
        // As the owner: nobody else is told the state of others' connections.
        asOwner(openSql, []).then(([row]) => {
          seen.push(row?.open)
          stripe.answer(request, response)
        })
      }
      return seen
    },
    asOwner,
    async reset() {
      stripe.reset()
      await deps.db.batch.query(`update purchases set reconcile_at = 'infinity'`)
    },
    async close() {
      await api.close()
      await stripe.close()
    },
  }
}

const openSql = `
  select count(*) as open from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'`
