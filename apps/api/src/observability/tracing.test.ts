import { afterAll, beforeAll, expect, test } from 'vitest'
import { addProvider, addUser, startTestApi, type TestApi } from '../../test/harness.ts'
import { attributeOf, type Span, startOtlpReceiver } from '../../test/otlp-receiver.ts'
import { runJobs } from '../../test/run-jobs.ts'
import { startReceiver } from '../../test/webhook-receiver.ts'
import { emit } from '../events.ts'
import { PUBLIC_TENANT_ID } from '../id.ts'
import { enqueue } from '../jobs.ts'
import { createOutgoing } from '../outgoing.ts'
import { startSweeper } from '../sessions/jobs.ts'
import { inSpan, nameOfStatement } from '../trace.ts'
import { createCourier } from '../webhooks/courier.ts'
import { readTraceparent, startTracing } from './start-tracing.ts'
import { traceTasks } from './trace-tasks.ts'

let otlp: Awaited<ReturnType<typeof startOtlpReceiver>>
let received: Span[]
let api: TestApi
let stop: () => Promise<void>

beforeAll(async () => {
  otlp = await startOtlpReceiver()
  received = otlp.received
  stop = await startTracing({ endpoint: otlp.endpoint, sendEveryMs: 50 })
  api = await startTestApi({ env: { OUTGOING_ALLOW_CIDRS: '127.0.0.0/8' } })
})
afterAll(async () => {
  await stop()
  await api.close()
  otlp.close()
})

test('a request’s trace goes from its route’s template through its statements', async () => {
  const owner = await addUser(api)
  const id = await addProvider(api, { ownerId: owner.id })
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
  const { status, headers } = await api.call('PATCH', `/providers/${id}`, {
    token: owner.token,
    body: { description: 'nobody traces what a caller sends' },
    headers: { traceparent: `00-${traceId}-00f067aa0ba902b7-01` },
  })
  expect(status).toBe(200)
  const request = await otlp.find((span) => span.traceId === traceId && span.name === 'PATCH /providers/:id')
  expect(request.parentSpanId).toBe('00f067aa0ba902b7')
  expect(attributeOf(request, 'request.id')).toBe(headers['x-request-id'])
  expect(attributeOf(request, 'http.response.status_code')).toBe(200)
  const statements = received.filter(({ parentSpanId }) => parentSpanId === request.spanId)
  // Once a second a request also looks who was signed out.
  const names = statements.map(({ name }) => name).filter((name) => name !== 'select users')
  expect(names).toEqual([
    // Locked and then read, once for the audit log and once for the change.
    ...['select providers', 'select providers', 'select providers', 'select providers'],
    ...['update providers', 'insert audit_entries'],
  ])
  const everything = JSON.stringify(received)
  expect(everything).not.toContain('nobody traces what a caller sends')
  expect(everything).not.toContain(owner.token)
})

test('a job’s trace is its own, and its link leads to the request that enqueued it', async () => {
  await inSpan('POST /somewhere', { kind: 'server' }, () =>
    api.deps.db.inTenant(PUBLIC_TENANT_ID, (tx) => enqueue(tx, 'traced', { what: 1 })),
  )
  const traced = () => api.deps.db.batch.query('select 1 as one').then(() => undefined)
  await runJobs(api.databaseUrl, traceTasks({ traced }))
  const job = await otlp.find(({ name }) => name === 'job traced')
  const request = await otlp.find(({ name }) => name === 'POST /somewhere')
  const enqueued = received.find(({ parentSpanId }) => parentSpanId === request.spanId)!
  expect(enqueued.name).toBe('select enqueue_job')
  expect(job.traceId).not.toBe(request.traceId)
  expect(job.links).toEqual([expect.objectContaining({ traceId: request.traceId, spanId: request.spanId })])
  await otlp.find(({ parentSpanId, name }) => parentSpanId === job.spanId && name === 'select')
})

test('the sweeper’s trace holds its statements and says how many sessions it ended', async () => {
  const stopSweeping = startSweeper(api.deps)
  const sweep = await otlp.find(({ name }) => name === 'sweep sessions')
  await stopSweeping()
  expect(attributeOf(sweep, 'sessions.ended')).toBe(0)
  await otlp.find(({ name, parentSpanId }) => parentSpanId === sweep.spanId && name === 'select sessions')
})

test('a webhook’s trace goes from the claim through the call to what is written down of it', async () => {
  const { owner, url, receiver } = await addWebhook()
  const outgoing = createOutgoing(api.deps.config, { timeoutMs: 2_000 })
  const courier = createCourier(api.deps, { outgoing })
  await courier.deliverDue()
  await courier.settled()
  expect(receiver.received).toHaveLength(1)
  const delivery = await otlp.find(({ name }) => name === 'deliver webhook')
  expect(attributeOf(delivery, 'webhook.event')).toBe(receiver.received[0]?.headers['webhook-id'])
  const call = await otlp.find(
    ({ name, parentSpanId }) => parentSpanId === delivery.spanId && name === 'POST',
  )
  expect(attributeOf(call, 'server.address')).toBe('127.0.0.1')
  expect(attributeOf(call, 'http.response.status_code')).toBe(204)
  await otlp.find(({ name, parentSpanId }) => parentSpanId === delivery.spanId && / webhook_/.test(name))
  const claim = await otlp.find(({ name }) => name === 'claim webhooks')
  expect(claim.traceId).not.toBe(delivery.traceId)
  const everything = JSON.stringify(received)
  for (const secret of [url, 'secret-of-the-receiver', owner.token]) expect(everything).not.toContain(secret)
  await outgoing.end()
  await receiver.close()
})

test('a webhook that nobody answers is a failed call', async () => {
  const { receiver } = await addWebhook()
  await receiver.close()
  const outgoing = createOutgoing(api.deps.config, { timeoutMs: 2_000 })
  const courier = createCourier(api.deps, { outgoing })
  await courier.deliverDue()
  await courier.settled()
  const call = await otlp.find(({ name, status }) => name === 'POST' && status?.code === 2)
  expect(attributeOf(call, 'error.type')).toBe('OutgoingFailure')
  await outgoing.end()
})

test('a span that fails says so with the class of the error and nothing it says', async () => {
  await expect(
    inSpan('failing', {}, async () => {
      throw new TypeError('secret detail')
    }),
  ).rejects.toThrow('secret detail')
  const span = await otlp.find(({ name }) => name === 'failing')
  expect([span.status?.code, attributeOf(span, 'error.type')]).toEqual([2, 'TypeError'])
  expect(JSON.stringify(received)).not.toContain('secret detail')
})

async function addWebhook() {
  const receiver = await startReceiver()
  const owner = await addUser(api)
  const providerId = await addProvider(api, { ownerId: owner.id })
  const url = `${receiver.url}?sig=secret-of-the-receiver`
  const { status } = await api.call('POST', `/providers/${providerId}/webhook-endpoints`, {
    token: owner.token,
    body: { url, events: ['*'] },
  })
  expect(status).toBe(201)
  const now = api.clock.now()
  await api.deps.db.inBatch((tx) =>
    emit(tx, [
      {
        tenantId: PUBLIC_TENANT_ID,
        type: 'provider.approved',
        providerId,
        sessionId: null,
        sequence: 1,
        snapshot: {},
        now,
      },
    ]),
  )
  return { owner, receiver, url }
}

test.each([
  undefined,
  '',
  '00-xyz',
  `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
  `00-4bf92f3577b34da6a3ce929d0e0e4736-${'0'.repeat(16)}-01`,
  `ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01`,
  '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\nx: y',
])('the traceparent %j is none', (text) => {
  expect(readTraceparent(text)).toBeUndefined()
})

test.each([
  ['select id from users where id = $1', 'select users'],
  ['with x as (select 1) insert into transfers (id) select 1', 'insert transfers'],
  ['update sessions s set used_ms = 1', 'update sessions'],
  ['delete from idempotency_keys', 'delete idempotency_keys'],
  ['select credit_wallet($1, $2)', 'select credit_wallet'],
  ['select id from sessions limit 1 for update skip locked', 'select sessions'],
  ['select id from providers for no key update of providers', 'select providers'],
  [`select (select role from members m where m.id = coalesce($1, '')) from providers`, 'select providers'],
  ['savepoint effect', 'statement'],
])('%s is called %s', (sql, name) => {
  expect(nameOfStatement(sql)).toBe(name)
})
