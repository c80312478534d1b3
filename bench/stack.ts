/**
 * What is measured: a PostgreSQL of its own, the API as a child process, and the same server reduced to one route.
 *
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { startEmbeddedPostgres } from '../apps/api/src/embedded-postgres.ts'
import { migrate } from '../apps/api/src/migrate.ts'

export const KEY_ENCRYPTION_KEY = Buffer.alloc(32, 9).toString('base64')
export const PUBLIC_URL = 'http://localhost:4000'

export interface Database {
  url: string
  stop(): Promise<void>
}

/** @param commitDelayUs what a commit costs besides, as on a cloud disk; 0 for this machine's own. */
export async function startDatabase(commitDelayUs = 0): Promise<Database> {
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'token-marketplace-bench-'))
  const postgres = await startEmbeddedPostgres({
    dataDir,
    settings: {
      shared_buffers: '1GB',
      max_wal_size: '8GB',
      checkpoint_timeout: '30min',
      ...(commitDelayUs > 0 && { commit_delay: String(commitDelayUs), commit_siblings: '0' }),
    },
  })
  await migrate(postgres.url)
  return {
    url: postgres.url,
    async stop() {
      await postgres.stop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

export interface Server {
  url: string
  pid: number
  stop(): Promise<void>
}

/** The API as production runs it, but for its limits, which would stop a load test. */
export const startApi = (databaseUrl: string): Promise<Server> =>
  startServer('apps/api/src/main.ts', '/readyz', apiEnvironment(databaseUrl))

/** The same application, but each beat is a statement and a commit of its own. */
export const startSingleBeats = (databaseUrl: string): Promise<Server> =>
  startServer('bench/single-beat-server.ts', '/readyz', apiEnvironment(databaseUrl))

const apiEnvironment = (databaseUrl: string) => ({
  DATABASE_URL: databaseUrl,
  PUBLIC_URL,
  MARKETPLACE_URL: 'http://localhost:4001',
  KEY_ENCRYPTION_KEY,
  STRIPE_WEBHOOK_SECRET: 'whsec_bench',
  RATE_LIMIT_FACTOR: '1000000',
  LOG_LEVEL: 'info',
})

export const startBare = (): Promise<Server> => startServer('bench/bare-server.ts', '/healthz', {})

async function startServer(file: string, probe: string, env: Record<string, string>): Promise<Server> {
  const port = await freePort()
  const child = spawn(process.execPath, [file], {
    cwd: path.resolve(import.meta.dirname, '..'),
    env: { PATH: process.env.PATH, HOME: process.env.HOME, PORT: String(port), ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const url = `http://127.0.0.1:${port}`
  await waitFor(`${url}${probe}`, child)
  return {
    url,
    pid: child.pid ?? 0,
    async stop() {
      if (child.exitCode !== null) return
      child.kill('SIGTERM')
      await once(child, 'exit')
    },
  }
}

async function waitFor(url: string, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    if (child.exitCode !== null) throw new Error(`a server ended with ${child.exitCode} before it was ready`)
    const answer = await fetch(url).catch(() => undefined)
    if (answer?.ok) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`${url} did not answer within 30 s`)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port')
  return address.port
}
