/**
 * Load from a process of its own: autocannon for rates, an open-loop driver for latencies.
 *
 * @module
 */
import { fork } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

export interface Call {
  path: string
  token?: string
  /** JSON; `"@seq"` in it becomes a number that rises with every call. */
  body: string
}

export interface LoadResult {
  perSecond: number
  errors: number
  /** Of the open-loop driver alone. */
  p50Ms?: number
  p95Ms?: number
}

export interface LoadOrder {
  url: string
  calls: string
  connections: number
  seconds: number
  /** Stop after so many calls instead. */
  amount?: number
  /** Open loop: this many a second, whatever comes back. */
  rate?: number
  /** Where in the list of calls to begin. */
  offset?: number
}

/** Writes calls where the load process reads them. */
export function keepCalls(calls: Call[]): { file: string; count: number; drop(): void } {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'token-marketplace-calls-'))
  const file = path.join(folder, 'calls.json')
  writeFileSync(file, JSON.stringify(calls))
  return { file, count: calls.length, drop: () => rmSync(folder, { recursive: true, force: true }) }
}

export function runLoad(order: LoadOrder): Promise<LoadResult> {
  const child = fork(path.join(import.meta.dirname, 'load-process.ts'), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  return new Promise((resolve, reject) => {
    child.once('message', (result) => resolve(result as LoadResult))
    child.once('exit', (code) => code !== 0 && reject(new Error(`the load process ended with ${code}`)))
    child.send(order)
  })
}
