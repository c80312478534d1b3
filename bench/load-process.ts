/**
 * The process behind `load.ts`.
 *
 * @module
 */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import autocannon from 'autocannon'
import type { Call, Driven, LoadOrder, LoadResult } from './load.ts'
import { openLoop } from './open-loop.ts'

process.once('message', async (message) => {
  const order = message as LoadOrder
  const lines = readFileSync(order.calls, 'utf8').split('\n').slice(order.from, order.to)
  const calls = lines.map((line) => JSON.parse(line) as Call)
  if (order.rate === undefined) await warmUp(order)
  process.send?.('ready')
  await once(process, 'message')
  const cpu = process.cpuUsage()
  const begun = performance.now()
  const begunAt = Date.now()
  const nextCall = createCalls(calls)
  const driven = await (order.rate === undefined
    ? closedLoop(order, nextCall)
    : openLoop({ ...order, rate: order.rate }, nextCall))
  const { user, system } = process.cpuUsage(cpu)
  const result: LoadResult = {
    ...driven,
    begunAt,
    seconds: (performance.now() - begun) / 1000,
    cpuSeconds: (user + system) / 1e6,
  }
  process.send?.(result, () => process.exit(0))
})

function createCalls(calls: Call[]) {
  let next = 0
  let sequence = 0
  return () => {
    const call = calls[next % calls.length] as Call
    next += 1
    // Above everything sent before, by whatever process: the clock in microseconds, or one more within a millisecond. That
    // stays below the largest number the API takes, 2^53 - 1, for two hundred years.
    sequence = Math.max(sequence + 1, Date.now() * 1000)
    return {
      method: 'POST' as const,
      path: call.path,
      headers: {
        'content-type': 'application/json',
        ...(call.token !== undefined && { authorization: `Bearer ${call.token}` }),
      },
      body: call.body.replace('"@seq"', String(sequence)),
    }
  }
}

function load(order: LoadOrder, nextCall: () => object, length: object) {
  return autocannon({
    url: order.url,
    connections: order.connections,
    requests: [{ setupRequest: (request: object) => ({ ...request, ...nextCall() }) }],
    ...length,
  } as autocannon.Options)
}

/** What can be called once only is called for half a second: compiling autocannon would be a good part of it. */
const WARMING_CALLS = 3_000

async function warmUp(order: LoadOrder): Promise<void> {
  await load(order, () => ({ method: 'GET', path: '/healthz' }), { amount: WARMING_CALLS })
}

async function closedLoop(order: LoadOrder, nextCall: () => object): Promise<Driven> {
  const length = order.amount === undefined ? { duration: order.seconds } : { amount: order.amount }
  const running = load(order, nextCall, length)
  // autocannon looks once a second whether all are answered: of a run of one second that would be up to half.
  const started = performance.now()
  let answeredAt = started
  running.on('response', () => {
    answeredAt = performance.now()
  })
  const result = await running
  const isByTime = order.amount === undefined
  const answered = result['2xx']
  return {
    perSecond: answered / (isByTime ? result.duration : (answeredAt - started) / 1000),
    answered,
    errors: result.non2xx + result.errors + result.timeouts,
    unansweredMax: isByTime ? order.connections : 0,
  }
}
