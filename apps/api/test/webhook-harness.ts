import type { EventType, NewEvent } from '../src/events.ts'
import { emit } from '../src/events.ts'
import { createId, PUBLIC_TENANT_ID } from '../src/id.ts'
import type { Message } from '../src/mail/mail.ts'
import { createOutgoing, type Outgoing } from '../src/outgoing.ts'
import { createCourier } from '../src/webhooks/courier.ts'
import { createTasks } from '../src/worker.ts'
import { accessTokenOf, addProvider, addUser, startTestApi, type TestApi } from './harness.ts'
import { runJobs } from './run-jobs.ts'
import { type Receiver, startReceiver } from './webhook-receiver.ts'

export type WebhookTest = Awaited<ReturnType<typeof startWebhookTest>>

/**
 * The application with a provider's owner, a courier, and receivers on loopback.
 *
 * @example const it = await startWebhookTest(); afterEach(() => it.clear()); afterAll(() => it.close())
 */
export async function startWebhookTest(env: Record<string, string> = {}) {
  const api: TestApi = await startTestApi({ env: { OUTGOING_ALLOW_CIDRS: '127.0.0.0/8', ...env } })
  const owner = await addUser(api)
  const outgoing: Outgoing = createOutgoing(api.deps.config, { timeoutMs: 2_000 })
  const receivers: Receiver[] = []
  const courier = createCourier(api.deps, { outgoing })
  /** A new one each time: the clock moves by days. */
  const token = () => accessTokenOf(api, owner.id)
  const call: TestApi['call'] = async (method, url, options) =>
    api.call(method, url, { token: await token(), ...options })

  return {
    api,
    owner,
    outgoing,
    token,
    async receive(...args: Parameters<typeof startReceiver>) {
      const receiver = await startReceiver(...args)
      receivers.push(receiver)
      return receiver
    },
    addOwnProvider: () => addProvider(api, { ownerId: owner.id }),
    async addEndpoint(providerId: string, url: string, more: object = {}) {
      const path = `/providers/${providerId}/webhook-endpoints`
      const { status, body, text } = await call('POST', path, { body: { url, events: ['*'], ...more } })
      if (status !== 201) throw new Error(text)
      return { ...body, path: `${path}/${body.id}` }
    },
    eventOf: (providerId: string, type: EventType = 'session.completed'): NewEvent => ({
      tenantId: PUBLIC_TENANT_ID,
      type,
      providerId,
      sessionId: createId('ses', api.clock.now()),
      sequence: 2,
      snapshot: { id: 'ses_x', status: 'ended', text: 'é ✓ 日本 "quoted"' },
      now: api.clock.now(),
    }),
    emitAll: (events: NewEvent[]) => api.deps.db.inBatch((tx) => emit(tx, events)),
    async deliver() {
      await courier.deliverDue()
      await courier.settled()
    },
    deliveriesOf: async ({ path }: { path: string }) =>
      (await call('GET', `${path}/deliveries?limit=100`)).body.items,
    endpointOf: async ({ path }: { path: string }) => (await call('GET', path)).body,
    /** Runs what is enqueued and resolves to the messages that were sent. */
    async runJobs(): Promise<Message[]> {
      const sent: Message[] = []
      const mailer = {
        send: async (message: Message) => {
          sent.push(message)
        },
      }
      await runJobs(api.databaseUrl, createTasks(api.deps, mailer))
      return sent
    },
    /** Of one test nothing is left to be delivered in the next. */
    async clear() {
      await api.deps.db.batch.query(
        `update webhook_deliveries set status = 'failed' where status = 'pending'`,
      )
      await Promise.all(receivers.splice(0).map((receiver) => receiver.close()))
    },
    async close() {
      await outgoing.end()
      await api.close()
    },
  }
}
