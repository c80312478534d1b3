/**
 * The process behind `load.ts`.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import autocannon from 'autocannon'
import type { Call, LoadOrder, LoadResult } from './load.ts'
import { openLoop } from './open-loop.ts'

process.once('message', async (message) => {
  const order = message as LoadOrder
  const calls = JSON.parse(readFileSync(order.calls, 'utf8')) as Call[]
  let next = order.offset ?? 0
  // Above everything sent by earlier runs, so that no beat is a late one.
  let sequence = Math.floor(Date.now() / 10) % 1e9
  const nextCall = () => {
    const call = calls[next % calls.length] as Call
    next += 1
    sequence += 1
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
  const result = await (order.rate === undefined
    ? closedLoop(order, nextCall)
    : openLoop({ ...order, rate: order.rate }, nextCall))
  process.send?.(result, () => process.exit(0))
})

async function closedLoop(order: LoadOrder, nextCall: () => object): Promise<LoadResult> {
  const running = autocannon({
    url: order.url,
    connections: order.connections,
    ...(order.amount === undefined ? { duration: order.seconds } : { amount: order.amount }),
    requests: [{ setupRequest: (request: object) => ({ ...request, ...nextCall() }) }],
  } as autocannon.Options)
  // autocannon looks once a second whether all are answered: of a run of one second that would be up to half.
  const started = performance.now()
  let answeredAt = started
  running.on('response', () => {
    answeredAt = performance.now()
  })
  const result = await running
  const seconds = order.amount === undefined ? result.duration : (answeredAt - started) / 1000
  const answered = result['2xx']
  return { perSecond: answered / seconds, errors: result.non2xx + result.errors + result.timeouts }
}
