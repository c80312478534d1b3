import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { chown, mkdir, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import {
  type Account,
  EmbeddedPostgresError,
  findAccount,
  findPostgres,
  postgresEnvironment,
  postgresProgram,
} from './embedded-postgres-binaries.ts'
import {
  type Cluster,
  clusterPath,
  endLeftOver,
  findFreePort,
  findRunning,
  type Server,
  startServer,
} from './embedded-postgres-server.ts'

export { EmbeddedPostgresError } from './embedded-postgres-binaries.ts'

const DATABASE = 'marketplace'
const RETRY_SECONDS_MAX = 30
const RESTART_PAUSE_MS_MAX = 5_000

const SETTINGS = {
  shared_buffers: '64MB',
  max_connections: '200',
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_checkpoints: 'off',
  jit: 'off',
}

/** A running embedded PostgreSQL: where to connect, and how to end it. */
export type EmbeddedPostgres = { url: string; stop(): Promise<void> }

type Options = {
  dataDir: string
  /** Receives every line the server writes. */
  log?: (line: string) => void
  /** PostgreSQL settings over the defaults, such as `{ fsync: 'off' }` for tests. */
  settings?: Record<string, string>
}

/**
 * Starts the PostgreSQL that comes with npm, with its files below `dataDir`.
 *
 * Real PostgreSQL, so that development and tests meet the locks and plans of production. It
 * listens on 127.0.0.1 only, on a free port, with a random password kept in `dataDir`. It is ended
 * when this process ends, however that happens, and started again on the same port if it dies.
 *
 * @example
 * const postgres = await startEmbeddedPostgres({ dataDir: '.data' })
 * const pool = new pg.Pool({ connectionString: postgres.url })
 * await postgres.stop()
 *
 * @throws {EmbeddedPostgresError} with one line for the user: folder not writable, in use by
 * another process, no binaries for this platform.
 */
export async function startEmbeddedPostgres(options: Options): Promise<EmbeddedPostgres> {
  const log = options.log ?? (() => {})
  const home = await prepareHome(options.dataDir)
  const lock = lockHome(home)
  if (!lock) {
    throw new EmbeddedPostgresError(
      `DATA_DIR ${home} is in use by another running server. Stop that one, or set DATA_DIR to another folder.`,
    )
  }
  try {
    const cluster = await prepareCluster(home, options.settings ?? {})
    await endLeftOver(cluster)
    const { server, port } = await startOnFreePort(cluster, log)
    const supervised = keepRunning(cluster, server, port, log)
    const url = await connectionUrl(home, port)
    try {
      await createDatabase(url)
    } catch (error) {
      await supervised.stop()
      throw error
    }
    let stopped: Promise<void> | undefined
    const stop = () => {
      stopped ??= supervised.stop().then(() => lock.close())
      return stopped
    }
    return { url, stop }
  } catch (error) {
    lock.close()
    throw error
  }
}

/**
 * Connects a command to the embedded database: to the running server when there is one, else to
 * one started for the command.
 *
 * @example
 * const postgres = await joinEmbeddedPostgres({ dataDir: '.data' })
 * try { await checkLedger(postgres.url) } finally { await postgres.stop() }
 */
export async function joinEmbeddedPostgres(options: Options): Promise<EmbeddedPostgres> {
  const home = await prepareHome(options.dataDir)
  const lock = lockHome(home)
  lock?.close()
  if (lock) return await startEmbeddedPostgres(options)
  const deadline = Date.now() + RETRY_SECONDS_MAX * 1000
  for (;;) {
    const folder = join(home, 'postgres', 'cluster')
    const name = await clusterName(home).catch(() => '')
    const running =
      name && (await findRunning({ folder, name, binaries: '', account: undefined, settings: {} }))
    if (running) {
      const url = await connectionUrl(home, running.port)
      const isReady = await createDatabase(url).then(
        () => true,
        () => false,
      )
      if (isReady) return { url, stop: async () => {} }
    }
    if (Date.now() > deadline) {
      throw new EmbeddedPostgresError(`The server that uses DATA_DIR ${home} has no database to connect to.`)
    }
    await sleep(100)
  }
}

async function prepareHome(dataDir: string): Promise<string> {
  try {
    await mkdir(resolve(dataDir), { recursive: true })
    const home = await realpath(dataDir)
    const probe = join(home, `.write-${process.pid}`)
    await writeFile(probe, '')
    await rm(probe)
    return home
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new EmbeddedPostgresError(
      `DATA_DIR ${resolve(dataDir)} cannot be written (${code}). Make it writable, or set DATA_DIR to another folder.`,
    )
  }
}

/**
 * Takes the folder for this process. SQLite's lock is the operating system's: it ends with the
 * process, also by kill -9, so that there is no stale lock to judge and no race about one.
 */
function lockHome(home: string): DatabaseSync | undefined {
  const path = join(home, 'postgres.lock')
  let lock: DatabaseSync | undefined
  try {
    lock = new DatabaseSync(path, { timeout: 0 })
    lock.exec('pragma journal_mode = memory; begin exclusive')
    return lock
  } catch (error) {
    lock?.close()
    // 5 is SQLITE_BUSY.
    if ((error as { errcode?: number }).errcode === 5) return undefined
    throw new EmbeddedPostgresError(`${path} cannot be locked (${(error as Error).message}).`)
  }
}

async function prepareCluster(home: string, settings: Record<string, string>): Promise<Cluster> {
  const own = join(home, 'postgres')
  const folder = join(own, 'cluster')
  const account = await findOwner(own, await findAccount())
  const binaries = await findPostgres(account, home)
  try {
    if (!(await exists(folder))) await createCluster(own, binaries, account, settings.fsync !== 'off')
    const name = await clusterName(home)
    return { folder, binaries, account, name, settings: { ...SETTINGS, ...settings } }
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException
    if (code !== 'EACCES' && code !== 'EPERM') throw error
    throw new EmbeddedPostgresError(
      `${path} belongs to another user (${code}). Start as that user, or set DATA_DIR to another folder.`,
    )
  }
}

/** Root goes on with the account that owns the files, so that a cluster made by a user stays theirs. */
async function findOwner(own: string, account: Account): Promise<Account> {
  const found = account && (await stat(own).catch(() => undefined))
  return found && found.uid > 0 ? { uid: found.uid, gid: found.gid } : account
}

async function createCluster(
  own: string,
  binaries: string,
  account: Account,
  isDurable: boolean,
): Promise<void> {
  const half = join(own, 'cluster.new')
  const passwordFile = join(own, 'password')
  await rm(half, { recursive: true, force: true })
  await mkdir(half, { recursive: true, mode: 0o700 })
  await writeFile(passwordFile, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 })
  if (account) for (const path of [own, half, passwordFile]) await chown(path, account.uid, account.gid)
  const inside = clusterPath(half, account)
  await run(postgresProgram(binaries, 'initdb'), half, account, [
    `--pgdata=${inside}`,
    '--username=postgres',
    `--pwfile=${inside}/../password`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    // PostgreSQL's own UTF-8 collation: the same order and the same case on every machine.
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--locale=C',
    ...(isDurable ? [] : ['--no-sync']),
  ])
  // A cluster exists whole or not at all: a killed initdb leaves only the folder removed above.
  await rename(half, join(own, 'cluster'))
}

async function run(command: string, cwd: string, account: Account, parameters: string[]): Promise<void> {
  const child = spawn(command, parameters, {
    ...account,
    cwd,
    env: postgresEnvironment,
    windowsHide: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const code = await new Promise((resolve) => child.once('error', resolve).once('close', resolve))
  if (code !== 0) {
    throw new EmbeddedPostgresError(
      `The embedded database cannot be created: ${said.trim().replaceAll('\n', ' ') || code}`,
    )
  }
}

async function startOnFreePort(cluster: Cluster, log: (line: string) => void) {
  const deadline = Date.now() + RETRY_SECONDS_MAX * 1000
  for (;;) {
    const port = await findFreePort()
    try {
      return { server: await startServer(cluster, port, log), port }
    } catch (error) {
      // Another process took the port, or the children of a killed server still end.
      const isPassing = /could not (bind|create any TCP)|pre-existing shared memory block/.test(String(error))
      if (!isPassing || Date.now() > deadline) throw error
      await sleep(100)
    }
  }
}

/**
 * Starts the server again when it ends unasked, on its port, so that pools simply reconnect. It never gives up: what keeps
 * it from starting, such as a full disk, may take an administrator an hour, and nobody else would start it afterwards.
 */
function keepRunning(cluster: Cluster, first: Server, port: number, log: (line: string) => void) {
  let server = first
  let isStopping = false
  const stopping = new AbortController()
  const supervision = (async () => {
    let failures = 0
    while (!isStopping) {
      await server.ended
      if (isStopping) return
      log(`The embedded PostgreSQL ended and is started again on port ${port}.`)
      try {
        await endLeftOver(cluster)
        server = await startServer(cluster, port, log)
        failures = 0
      } catch (error) {
        failures += 1
        log((error as Error).message)
        const pauseMs = Math.min(200 * failures, RESTART_PAUSE_MS_MAX)
        await sleep(pauseMs, undefined, { ref: false, signal: stopping.signal }).catch(() => undefined)
      }
    }
  })()
  return {
    stop: async () => {
      isStopping = true
      stopping.abort()
      await server.stop()
      await supervision
      await server.stop()
    },
  }
}

async function readPassword(home: string): Promise<string> {
  return (await readFile(join(home, 'postgres', 'password'), 'utf8')).trim()
}

async function clusterName(home: string): Promise<string> {
  const digest = createHash('sha256').update(`cluster name ${await readPassword(home)}`)
  return `marketplace-${digest.digest('hex').slice(0, 16)}`
}

async function connectionUrl(home: string, port: number): Promise<string> {
  return `postgres://postgres:${await readPassword(home)}@127.0.0.1:${port}/${DATABASE}`
}

async function createDatabase(url: string): Promise<void> {
  const maintenance = new URL(url)
  maintenance.pathname = '/postgres'
  const client = new pg.Client({ connectionString: maintenance.href })
  await client.connect()
  try {
    const found = await client.query('select 1 from pg_database where datname = $1', [DATABASE])
    if (found.rowCount === 0) await client.query(`create database ${DATABASE}`)
  } finally {
    await client.end()
  }
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false
      throw error
    },
  )
}
