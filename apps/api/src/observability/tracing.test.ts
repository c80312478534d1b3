import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { runOnce } from 'graphile-worker'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addProvider, addUser, startTestApi, type TestApi } from '../../test/harness.ts'
import { PUBLIC_TENANT_ID } from '../id.ts'
import { enqueue } from '../jobs.ts'
import { inSpan, nameOfStatement } from '../trace.ts'
import { readTraceparent, startTracing } from './start-tracing.ts'
import { traceTasks } from './trace-tasks.ts'

interface Span {
  traceId: string
  spanId: string
  parentSpanId?: string
  name: string
  kind: number
  attributes: { key: string; value: { stringValue?: string; intValue?: number } }[]
  links?: { traceId: string; spanId: string }[]
  status?: { code?: number }
}

const received: Span[] = []
let receiver: Server
let api: TestApi
let stop: () => Promise<void>

// A real OTLP/HTTP receiver: what the SDK sends is what a collector would get.
beforeAll(async () => {
  receiver = createServer((request, response) => {
    let text = ''
    request.on('data', (chunk) => {
      text += chunk
    })
    request.on('end', () => {
      expect([request.method, request.url]).toEqual(['POST', '/v1/traces'])
      for (const { scopeSpans } of JSON.parse(text).resourceSpans)
        for (const { spans } of scopeSpans) received.push(...spans)
      response.setHeader('content-type', 'application/json')
      response.end('{}')
    })
  }).listen(0, '127.0.0.1')
  await once(receiver, 'listening')
  const { port } = receiver.address() as AddressInfo
  stop = await startTracing({ endpoint: `http://127.0.0.1:${port}`, sendEveryMs: 50 })
  api = await startTestApi()
})
afterAll(async () => {
  await stop()
  await api.close()
  receiver.close()
})

const find = (holds: (span: Span) => boolean) =>
  expect.poll(() => received.find(holds), { timeout: 15_000, message: 'the span arrives' })
const attribute = ({ attributes }: Span, name: string) => {
  const { value } = attributes.find(({ key }) => key === name) ?? {}
  return value?.stringValue ?? Number(value?.intValue)
}

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
  await find((span) => span.traceId === traceId && span.name === 'PATCH /providers/:id').toBeDefined()
  const request = received.find(({ name, traceId: of }) => of === traceId && name.startsWith('PATCH'))!
  expect(request.parentSpanId).toBe('00f067aa0ba902b7')
  expect(attribute(request, 'request.id')).toBe(headers['x-request-id'])
  expect(attribute(request, 'http.response.status_code')).toBe(200)
  const statements = received.filter(({ parentSpanId }) => parentSpanId === request.spanId)
  expect(statements.map(({ name }) => name)).toEqual([
    'select providers',
    'select providers',
    'update providers',
    'insert audit_entries',
  ])
  const everything = JSON.stringify(received)
  expect(everything).not.toContain('nobody traces what a caller sends')
  expect(everything).not.toContain(owner.token)
})

test('a job’s trace is its own, and its link leads to the request that enqueued it', async () => {
  await inSpan('POST /somewhere', { kind: 'server' }, () =>
    api.deps.db.inTenant(PUBLIC_TENANT_ID, (tx) => enqueue(tx, 'traced', { what: 1 })),
  )
  await runOnce({
    connectionString: api.databaseUrl,
    noHandleSignals: true,
    taskList: traceTasks({ traced: () => api.deps.db.batch.query('select 1 as one').then(() => undefined) }),
  })
  await find(({ name }) => name === 'job traced').toBeDefined()
  await find(({ name }) => name === 'POST /somewhere').toBeDefined()
  const job = received.find(({ name }) => name === 'job traced')!
  const request = received.find(({ name }) => name === 'POST /somewhere')!
  const enqueued = received.find(({ parentSpanId }) => parentSpanId === request.spanId)!
  expect(enqueued.name).toBe('select enqueue_job')
  expect(job.traceId).not.toBe(request.traceId)
  expect(job.links).toEqual([expect.objectContaining({ traceId: request.traceId, spanId: request.spanId })])
  await find(({ parentSpanId, name }) => parentSpanId === job.spanId && name === 'select').toBeDefined()
})

test('a span that fails says so with the class of the error and nothing it says', async () => {
  await expect(
    inSpan('failing', {}, async () => {
      throw new TypeError('secret detail')
    }),
  ).rejects.toThrow('secret detail')
  await find(({ name }) => name === 'failing').toBeDefined()
  const span = received.find(({ name }) => name === 'failing')!
  expect([span.status?.code, attribute(span, 'error.type')]).toEqual([2, 'TypeError'])
  expect(JSON.stringify(received)).not.toContain('secret detail')
})

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
  ['savepoint effect', 'statement'],
])('%s is called %s', (sql, name) => {
  expect(nameOfStatement(sql)).toBe(name)
})
