/**
 * The process behind `load.ts`.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import autocannon from 'autocannon'
import { Pool } from 'undici'
import type { Call, LoadOrder, LoadResult } from './load.ts'

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
    : openLoop(order, order.rate, nextCall))
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

/** Sends at its own pace: an answer that is late does not hold back the next call, so nothing is left out. */
async function openLoop(
  order: LoadOrder,
  rate: number,
  nextCall: () => { method: 'POST'; path: string; headers: Record<string, string>; body: string },
): Promise<LoadResult> {
  const pool = new Pool(order.url, { connections: order.connections })
  const latencies: number[] = []
  let errors = 0
  const total = Math.round(rate * order.seconds)
  const waiting: Promise<void>[] = []
  const started = performance.now()
  const send = async (dueAt: number) => {
    try {
      const answer = await pool.request(nextCall())
      await answer.body.dump()
      if (answer.statusCode >= 300) errors += 1
    } catch {
      errors += 1
    }
    latencies.push(performance.now() - dueAt)
  }
  for (let sent = 0; sent < total; ) {
    const due = Math.min(total, Math.floor(((performance.now() - started) / 1000) * rate))
    for (; sent < due; sent += 1) waiting.push(send(started + (sent / rate) * 1000))
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  await Promise.all(waiting)
  const seconds = (performance.now() - started) / 1000
  await pool.close()
  latencies.sort((a, b) => a - b)
  const at = (share: number) => latencies[Math.floor(latencies.length * share)] ?? 0
  return { perSecond: total / seconds, errors, p50Ms: at(0.5), p95Ms: at(0.95) }
}
