import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import pg from 'pg'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { makeDataFolder } from '../test/data-folder.ts'
import { type EmbeddedPostgres, joinEmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.ts'

let dataDir: string
const running: { stop(): unknown }[] = []

beforeEach(async () => {
  dataDir = join(await makeDataFolder('embedded'), 'data')
})

afterEach(async () => {
  for (const each of running.splice(0)) await each.stop()
  // The server of a killed parent may still be writing its last file.
  await rm(join(dataDir, '..'), { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
})

test('keeps what was committed from one start to the next', async () => {
  const first = await start()
  await ask(first.url, 'create table kept as select 1 as one')
  await first.stop()
  const second = await start()
  expect(await ask(second.url, 'select one from kept')).toEqual([{ one: 1 }])
})

test('is durable, speaks UTF-8 the same way everywhere and listens on loopback alone', async () => {
  const { url } = await start()
  const settings = `select current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit,
    current_setting('full_page_writes') as pages, current_setting('listen_addresses') as addresses,
    current_setting('server_encoding') as encoding, current_setting('timezone') as timezone,
    current_setting('unix_socket_directories') as sockets,
    (select datlocale from pg_database where datname = current_database()) as locale, upper('é') as upper`
  expect(await ask(url, settings)).toEqual([
    {
      fsync: 'on',
      commit: 'on',
      pages: 'on',
      addresses: '127.0.0.1',
      encoding: 'UTF8',
      timezone: 'UTC',
      sockets: '',
      locale: 'C.UTF-8',
      upper: 'É',
    },
  ])
})

test('lets nobody in without the password, which only its owner can read', async () => {
  const { url } = await start()
  const wrong = new URL(url)
  wrong.password = 'postgres'
  await expect(ask(wrong.href, 'select 1')).rejects.toThrow(/password authentication failed/)
  const { mode } = await stat(join(dataDir, 'postgres', 'password'))
  expect(mode & 0o777).toBe(0o600)
})

test('a second start on the same folder is refused in one line and disturbs nothing', async () => {
  const { url } = await start()
  const refusal = await startEmbeddedPostgres({ dataDir }).catch((error: Error) => error.message)
  expect(refusal).toBe(
    `DATA_DIR ${dataDir} is in use by another running server. Stop that one, or set DATA_DIR to another folder.`,
  )
  const other = startParent()
  expect(await other.ended).toBe(1)
  expect(await ask(url, 'select 1 as one')).toEqual([{ one: 1 }])
})

test('two starts at once on a new folder: one runs, the other is refused', async () => {
  const parents = [startParent(), startParent()]
  const outcomes = await Promise.all(parents.map(({ url, ended }) => Promise.race([url, ended])))
  expect(outcomes.filter((outcome) => outcome === 1)).toHaveLength(1)
  expect(outcomes.filter((outcome) => String(outcome).startsWith('postgres://'))).toHaveLength(1)
})

test('a command joins the running server and leaves it running', async () => {
  const { url } = await start()
  const joined = await joinEmbeddedPostgres({ dataDir })
  expect(joined.url).toBe(url)
  await joined.stop()
  expect(await ask(url, 'select 1 as one')).toEqual([{ one: 1 }])
})

test('a command starts the server when none runs and ends it again', async () => {
  const joined = await joinEmbeddedPostgres({ dataDir })
  expect(await ask(joined.url, 'select 1 as one')).toEqual([{ one: 1 }])
  await joined.stop()
  await expect(ask(joined.url, 'select 1')).rejects.toThrow()
})

test('a killed parent takes its server along', async () => {
  const parent = startParent()
  await parent.url
  const server = await serverPid()
  parent.child.kill('SIGKILL')
  await vi.waitFor(async () => expect(await isAlive(server)).toBe(false), { timeout: 10_000 })
})

test('starts over a server that an earlier run left', async () => {
  const parent = startParent()
  await ask(String(await parent.url), 'create table kept as select 1 as one')
  const orphan = await serverPid()
  // The shell that watches the parent goes first, so that the server truly stays.
  process.kill(await parentPid(orphan), 'SIGKILL')
  parent.child.kill('SIGKILL')
  await parent.ended
  expect(await isAlive(orphan)).toBe(true)
  const next = await start()
  expect(await isAlive(orphan)).toBe(false)
  expect(await ask(next.url, 'select one from kept')).toEqual([{ one: 1 }])
})

test('starts over the pid file of a dead server, also when its id now belongs to another process', async () => {
  const first = await start()
  await ask(first.url, 'create table kept as select 1 as one')
  const path = join(dataDir, 'postgres', 'cluster', 'postmaster.pid')
  const lines = (await readFile(path, 'utf8')).split('\n')
  await first.stop()
  for (const pid of [process.pid, 2 ** 22 - 1]) {
    await writeFile(path, [pid, ...lines.slice(1)].join('\n'))
    const next = await start()
    expect(await ask(next.url, 'select one from kept')).toEqual([{ one: 1 }])
    await next.stop()
  }
})

test('starts over a creation that was cut short', async () => {
  await mkdir(join(dataDir, 'postgres', 'cluster.new', 'base'), { recursive: true })
  await writeFile(join(dataDir, 'postgres', 'cluster.new', 'PG_VERSION'), '18')
  const { url } = await start()
  expect(await ask(url, 'select 1 as one')).toEqual([{ one: 1 }])
})

test('a killed server comes back on its port with everything that was committed', async () => {
  const { url } = await start()
  await ask(url, 'create table kept as select 1 as one')
  process.kill(await serverPid(), 'SIGKILL')
  await vi.waitFor(async () => expect(await ask(url, 'select one from kept')).toEqual([{ one: 1 }]), {
    timeout: 20_000,
    interval: 50,
  })
})

test('a folder that cannot be written is refused in one line', async () => {
  await writeFile(dataDir, 'a file in the way')
  await expect(startEmbeddedPostgres({ dataDir })).rejects.toThrow(
    /^DATA_DIR .* cannot be written \(\w+\)\. Make it writable, or set DATA_DIR to another folder\.$/,
  )
})

async function start(): Promise<EmbeddedPostgres> {
  const postgres = await startEmbeddedPostgres({ dataDir })
  running.push(postgres)
  return postgres
}

function startParent(): { child: ChildProcess; url: Promise<string>; ended: Promise<number | null> } {
  const script = join(import.meta.dirname, '../test/start-embedded-postgres.ts')
  const child = spawn(process.execPath, [script, dataDir], { stdio: ['ignore', 'pipe', 'ignore'] })
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  running.push({ stop: () => child.kill('SIGKILL') && ended })
  const url = new Promise<string>((resolve) => createInterface(child.stdout!).once('line', resolve))
  return { child, url, ended }
}

async function ask(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

async function serverPid(): Promise<number> {
  const file = await readFile(join(dataDir, 'postgres', 'cluster', 'postmaster.pid'), 'utf8')
  return Number(file.split('\n')[0])
}

async function parentPid(pid: number): Promise<number> {
  return (await readProcess(pid))!.parent
}

/** An ended process that nobody waited for (no init in the container) is a zombie: not alive. */
async function isAlive(pid: number): Promise<boolean> {
  const found = await readProcess(pid)
  return found !== undefined && found.state !== 'Z'
}

async function readProcess(pid: number): Promise<{ state: string; parent: number } | undefined> {
  const line =
    process.platform === 'linux'
      ? (await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')).replace(/^.*\) /, '')
      : spawnSync('ps', ['-o', 'stat=,ppid=', '-p', String(pid)], { encoding: 'utf8' }).stdout
  const [state, parent] = line.trim().split(/\s+/)
  return state ? { state: state.charAt(0), parent: Number(parent) } : undefined
}
