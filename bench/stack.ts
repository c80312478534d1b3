/**
 * What is measured: a PostgreSQL of its own, the API as a child process, and the same server reduced to one route.
 *
 * @module
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { startEmbeddedPostgres } from '../apps/api/src/embedded-postgres.ts'
import { migrate } from '../apps/api/src/migrate.ts'
import { withClient } from './bulk.ts'
import { stopping } from './deadline.ts'

export const KEY_ENCRYPTION_KEY = Buffer.alloc(32, 9).toString('base64')
export const PUBLIC_URL = 'http://localhost:4000'

export interface Database {
  url: string
  /** Of its first process, which all others come from. */
  pid: number
  stop(): Promise<void>
}

const SETTINGS = {
  shared_buffers: '1GB',
  max_wal_size: '8GB',
  min_wal_size: '4GB',
  checkpoint_timeout: '30min',
}

/**
 * Segments of 16 MB that lie ready, as in a server that has run for a while: each that has to be made while nobody can commit
 * stands still for 8 to 44 ms, one that is there for half a millisecond.
 */
const SPARE_WAL_SEGMENTS = 200

/** While rows are written in bulk: nothing of it has to survive a crash, and it is written once. */
const LOADING = {
  ...SETTINGS,
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'off',
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_wal_size: '32GB',
  autovacuum: 'off',
  work_mem: '512MB',
  // Statements are shared out to the processors already.
  max_parallel_workers_per_gather: '0',
  maintenance_work_mem: '1GB',
}

/**
 * @param seed writes the rows, in a server that need not survive a crash; what is measured is started anew on its files
 * @param dataDir a folder to keep: what was seeded in it before is used as it is
 */
export async function startDatabase({
  seed,
  dataDir,
}: {
  seed?: (url: string) => Promise<void>
  dataDir?: string | undefined
} = {}): Promise<Database> {
  const folder = dataDir ?? (await mkdtemp(path.join(os.tmpdir(), 'token-marketplace-bench-')))
  const drop = async () => {
    if (dataDir === undefined) await rm(folder, { recursive: true, force: true })
  }
  try {
    if (seed) await seedFolder(folder, seed)
    const postgres = await startPostgres(folder, SETTINGS)
    await migrate(postgres.url)
    return {
      url: postgres.url,
      pid: await findPostmaster(postgres.url),
      async stop() {
        await postgres.stop()
        await drop()
      },
    }
  } catch (error) {
    await drop()
    throw error
  }
}

/** The deadline ends it, whatever it is doing. */
async function startPostgres(
  dataDir: string,
  settings: Record<string, string>,
): Promise<{ url: string; stop(): Promise<void> }> {
  stopping.throwIfAborted()
  const postgres = await startEmbeddedPostgres({ dataDir, settings })
  const end = () => void postgres.stop()
  stopping.addEventListener('abort', end)
  return {
    url: postgres.url,
    stop() {
      stopping.removeEventListener('abort', end)
      return postgres.stop()
    },
  }
}

function findPostmaster(url: string): Promise<number> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ pid: string }>(
      "select split_part(pg_read_file('postmaster.pid'), e'\\n', 1) as pid",
    )
    return Number(rows[0]?.pid)
  })
}

/** What a commit costs besides from here on, as on a cloud disk; 0 for this machine's own. */
export async function delayCommits(url: string, delayUs: number): Promise<void> {
  await withClient(url, async (client) => {
    await client.query(`alter system set commit_delay = ${delayUs}`)
    await client.query('alter system set commit_siblings = 0')
    await client.query('select pg_reload_conf()')
  })
  // It is read when the signal has come; a new connection has what the first process has.
  for (let tries = 0; tries < 100; tries += 1) {
    const { rows } = await withClient(url, (client) => client.query('show commit_delay'))
    if (rows[0].commit_delay === String(delayUs)) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('PostgreSQL did not take the delay of commits')
}

async function seedFolder(folder: string, seed: (url: string) => Promise<void>): Promise<void> {
  const mark = path.join(folder, 'seeded')
  if (existsSync(mark)) return
  const started = performance.now()
  const postgres = await startPostgres(folder, LOADING)
  try {
    await migrate(postgres.url)
    await seed(postgres.url)
    await spareWal(postgres.url)
  } finally {
    await postgres.stop()
  }
  // What the system has still to write to the disk would be measured with the first figures.
  if (process.platform !== 'win32') await promisify(execFile)('sync')
  await writeFile(mark, '')
  process.stdout.write(`seeded in ${Math.round((performance.now() - started) / 1000)} s\n`)
}

/** Written full, so that the checkpoint of the coming stop keeps them for later. */
function spareWal(url: string): Promise<void> {
  return withClient(url, async (client) => {
    for (let i = 0; i < SPARE_WAL_SEGMENTS; i += 1) {
      await client.query("select pg_logical_emit_message(false, 'bench', '')")
      await client.query('select pg_switch_wal()')
    }
  })
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
    signal: stopping,
    killSignal: 'SIGKILL',
  })
  // Being stopped is an error that nobody waits for; whoever calls the server meets it.
  child.on('error', () => {})
  const url = `http://127.0.0.1:${port}`
  await waitFor(`${url}${probe}`, child)
  return {
    url,
    pid: child.pid ?? 0,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGTERM')
      await once(child, 'exit')
    },
  }
}

async function waitFor(url: string, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`a server ended with ${child.exitCode ?? child.signalCode} before it was ready`)
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
