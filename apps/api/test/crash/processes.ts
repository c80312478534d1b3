/**
 * The API and PostgreSQL as processes of their own, to be killed without a word.
 *
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { startEmbeddedPostgres } from '../../src/embedded-postgres.ts'

const MAIN = resolve(import.meta.dirname, '../../src/main.ts')
const CHECK = resolve(import.meta.dirname, '../../src/check-ledger.ts')
export const READY_MS_MAX = 60_000
const START_TRIES_MAX = 20
export const STRIPE_SECRET = 'whsec_crash'

export interface Processes {
  /** Of the first API process. */
  url: string
  urls: string[]
  databaseUrl: string
  /** kill -9 of one API process, and a new one on the same port. */
  killApi(): Promise<void>
  /** kill -9 of PostgreSQL, which is started again on the same port. */
  killPostgres(): Promise<void>
  /** All of it at the same instant; the API is started again until the database is back. */
  killBoth(): Promise<void>
  /** The command's own words and exit code. */
  checkLedger(): Promise<{ code: number | null; said: string }>
  stop(): Promise<void>
}

export interface ProcessesOptions {
  /** Before the database is started for good. */
  prepare?: (dataDir: string) => Promise<void>
  /** Receives every line the database writes. */
  log?: (line: string) => void
}

export interface ApiProcess {
  url: string
  /** kill -9. */
  kill(): Promise<void>
  /** A new one on the same port, ready. */
  start(): Promise<void>
  /** Until it answers again, the database included. */
  untilReady(): Promise<void>
}

/** The API as production runs it. */
export async function startApiProcess(given: Record<string, string>): Promise<ApiProcess> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const env = { PATH: process.env.PATH ?? '', PUBLIC_URL: url, ...given, PORT: String(port) }
  let said = ''
  const start = async () => {
    const child = spawn(process.execPath, [MAIN], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        said = (said + text).slice(-4_000)
      })
    await untilReady(url, child, () => said)
    return child
  }
  let child = await start()
  return {
    url,
    kill: () => kill(child),
    async start() {
      child = await start()
    },
    untilReady: () => untilReady(url, child, () => said),
  }
}

/** @param apis how many API processes share the database */
export async function startProcesses(apis = 1, options: ProcessesOptions = {}): Promise<Processes> {
  const dataDir = await mkdtemp(join(tmpdir(), 'token-marketplace-crash-'))
  await options.prepare?.(dataDir)
  const { log = () => {} } = options
  // With its defaults: what was acknowledged has to be on the disk.
  const postgres = await startEmbeddedPostgres({ dataDir, log })
  const env = {
    DATABASE_URL: postgres.url,
    // One for all of them: what one signs the others take.
    ...(apis > 1 && { PUBLIC_URL: 'http://localhost:4000' }),
    KEY_ENCRYPTION_KEY: Buffer.alloc(32, 9).toString('base64'),
    STRIPE_WEBHOOK_SECRET: STRIPE_SECRET,
    RATE_LIMIT_FACTOR: '1000',
    LOG_LEVEL: 'error',
    DATA_DIR: dataDir,
  }
  const postgresId = async () => {
    const file = await readFile(join(dataDir, 'postgres', 'cluster', 'postmaster.pid'), 'utf8')
    return Number(file.split('\n')[0])
  }
  // At once: whoever comes first makes the tables and the keys.
  const all = await Promise.all(Array.from({ length: apis }, () => startApiProcess(env)))
  return {
    url: all[0]!.url,
    urls: all.map(({ url }) => url),
    databaseUrl: postgres.url,
    async killApi() {
      const api = all[Math.floor(Math.random() * all.length)]!
      await api.kill()
      await api.start()
    },
    async killPostgres() {
      process.kill(await postgresId(), 'SIGKILL')
      await Promise.all(all.map((api) => api.untilReady()))
    },
    async killBoth() {
      const postgresProcess = await postgresId()
      const ended = Promise.all(all.map((api) => api.kill()))
      process.kill(postgresProcess, 'SIGKILL')
      await ended
      await Promise.all(all.map(startAgain))
    },
    async checkLedger() {
      const child = spawn(process.execPath, [CHECK], {
        env: { PATH: process.env.PATH ?? '', ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      let text = ''
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding('utf8').on('data', (part: string) => {
          text += part
        })
      const [code] = (await once(child, 'close')) as [number | null]
      return { code, said: text }
    },
    async stop() {
      await Promise.all(all.map((api) => api.kill()))
      await postgres.stop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

async function startAgain(api: ApiProcess): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await api.start()
    } catch (error) {
      if (tries === START_TRIES_MAX) throw error
    }
  }
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'close')
  child.kill('SIGKILL')
  await ended
}

/** Ready means that the database answers, too; a process that ended instead says why. */
async function untilReady(url: string, child: ChildProcess, said: () => string): Promise<void> {
  const deadline = Date.now() + READY_MS_MAX
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`the API ended (${child.exitCode ?? child.signalCode}): ${said()}`)
    const answer = await fetch(`${url}/readyz`).catch(() => undefined)
    if (answer?.ok) return
    if (Date.now() > deadline) throw new Error(`the API is not ready: ${said()}`)
    await pause(20)
  }
}

async function freePort(): Promise<number> {
  const probe = createServer()
  probe.listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as { port: number }
  probe.close()
  await once(probe, 'close')
  return port
}
