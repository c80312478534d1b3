/**
 * Load from a process of its own: autocannon for rates, an open-loop driver for latencies.
 *
 * @module
 */
import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { stopping } from './deadline.ts'

export interface Call {
  path: string
  token?: string
  /** JSON; `"@seq"` in it becomes a number that rises with every call. */
  body: string
}

/** What a driver says of a run. */
export interface Driven {
  perSecond: number
  answered: number
  errors: number
  /** So many more may have been under way when it ended. */
  unansweredMax: number
  /** Of the open-loop driver alone. */
  p95Ms?: number
}

export interface LoadResult extends Driven {
  /** By the clock, before the first call. */
  begunAt: number
  seconds: number
  cpuSeconds: number
}

export interface LoadOrder {
  url: string
  /** A file with a call on each line, of which those `from` (with) `to` (without) are made, again and again: all, when not said. */
  calls: string
  from?: number
  to?: number
  connections: number
  seconds: number
  /** Stop after so many calls instead. */
  amount?: number
  /** Open loop: this many a second, whatever comes back. */
  rate?: number
}

export interface Calls {
  file: string
  count: number
  drop(): void
}

/** Writes calls where the load process reads them. */
export function keepCalls(calls: Call[]): Calls {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'token-marketplace-calls-'))
  const file = path.join(folder, 'calls.jsonl')
  writeFileSync(file, calls.map((call) => JSON.stringify(call)).join('\n'))
  return { file, count: calls.length, drop: () => rmSync(folder, { recursive: true, force: true }) }
}

/**
 * Each order by a process of its own, all at once: none begins before all have read their calls.
 *
 * @throws when a call failed: a load that met errors measured something else.
 */
export async function runLoads(orders: readonly LoadOrder[]): Promise<LoadResult[]> {
  const children = await Promise.all(orders.map(startLoad))
  const results = await Promise.all(
    children.map((child) => {
      child.send('go')
      return nextMessage<LoadResult>(child)
    }),
  )
  const errors = results.reduce((sum, result) => sum + result.errors, 0)
  if (errors > 0) throw new Error(`${errors} calls failed: the figure would mean nothing`)
  return results
}

async function startLoad(order: LoadOrder): Promise<ChildProcess> {
  const child = fork(path.join(import.meta.dirname, 'load-process.ts'), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    signal: stopping,
    killSignal: 'SIGKILL',
  })
  // Being stopped is an error that nobody may be waiting for just then; whoever waits meets the closed channel.
  child.on('error', () => {})
  child.send(order)
  await nextMessage(child)
  return child
}

function nextMessage<Message>(child: ChildProcess): Promise<Message> {
  return new Promise((resolve, reject) => {
    const fail = () => reject(new Error('a load process ended before it was done'))
    child.once('disconnect', fail)
    child.once('message', (message) => {
      child.off('disconnect', fail)
      resolve(message as Message)
    })
  })
}
