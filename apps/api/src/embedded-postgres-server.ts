import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import {
  type Account,
  EmbeddedPostgresError,
  postgresEnvironment,
  postgresProgram,
} from './embedded-postgres-binaries.ts'

const START_SECONDS_MAX = 120
const STOP_SECONDS_MAX = 30
const LOG_LINES_KEPT = 30
const TOO_EARLY =
  /FATAL: {2}the database system is (starting up|in recovery|not yet accepting|shutting down)|DETAIL: {2}Consistent recovery state/
const isWindows = process.platform === 'win32'

/** What identifies one cluster and how its programs are called. */
export type Cluster = {
  folder: string
  binaries: string
  account: Account
  /** Stands in the server's command line, so that a process id can be told to be this server. */
  name: string
  settings: Record<string, string>
}

/** A running server process. */
export type Server = { ended: Promise<void>; hasEnded(): boolean; stop(): Promise<void> }

// The shell outlives this process by a moment: when the pipe on descriptor 3 closes, because we
// stop or because we were killed, it asks the server for a fast shutdown. So no server is orphaned.
const WATCHED_START = `
"$@" 3<&- &
server=$!
{ read -r _ <&3; kill -INT "$server"; } 2>/dev/null &
watch=$!
wait "$server"
code=$?
kill "$watch" 2>/dev/null
exit "$code"
`

/**
 * Where the server finds its files. As root this is the folder the process starts in, by a path
 * that needs no permission on the folders above it: `/root/clone/.data` is closed to `nobody`.
 */
export function clusterPath(folder: string, account: Account): string {
  return account && process.platform === 'linux' ? '/proc/self/cwd' : folder
}

/** Starts the server and waits until it accepts connections. Throws with PostgreSQL's own last words. */
export async function startServer(
  cluster: Cluster,
  port: number,
  log: (line: string) => void,
): Promise<Server> {
  const program = [
    postgresProgram(cluster.binaries, 'postgres'),
    '-D',
    clusterPath(cluster.folder, cluster.account),
    ...Object.entries({
      cluster_name: cluster.name,
      listen_addresses: '127.0.0.1',
      port: String(port),
      unix_socket_directories: '',
      ...cluster.settings,
    }).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ]
  const [command, ...parameters] = isWindows ? program : ['/bin/sh', '-c', WATCHED_START, 'sh', ...program]
  const child = spawn(command!, parameters, {
    ...cluster.account,
    cwd: cluster.folder,
    env: postgresEnvironment,
    // A group of its own: Ctrl-C in the terminal is for us, and we end the server last.
    detached: !isWindows,
    windowsHide: true,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  })
  const lines = watchLines(child, log)
  let hasEnded = false
  const ended = new Promise<void>((resolve) => {
    const end = () => {
      hasEnded = true
      resolve()
    }
    child.once('error', end).once('close', end)
  })
  const server: Server = { ended, hasEnded: () => hasEnded, stop: () => stopServer(cluster, child, server) }
  const timer = setTimeout(() => void server.stop(), START_SECONDS_MAX * 1000)
  try {
    await Promise.race([lines.ready, ended])
  } finally {
    clearTimeout(timer)
  }
  if (hasEnded) throw new EmbeddedPostgresError(lines.reason())
  return server
}

function watchLines(child: ChildProcess, log: (line: string) => void) {
  const kept: string[] = []
  const { promise: ready, resolve } = Promise.withResolvers<void>()
  let rest = ''
  child.on('error', (error) => kept.push(`FATAL:  ${error.message}`))
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      log(line)
      // Told to those who are too early: with many of them, what keeps it from starting would not be kept.
      if (TOO_EARLY.test(line)) continue
      kept.push(line)
      if (kept.length > LOG_LINES_KEPT) kept.shift()
      if (line.includes('database system is ready to accept connections')) resolve()
    }
  })
  const reason = () => {
    const told = kept.filter((line) => /FATAL|PANIC|HINT|DETAIL/.test(line))
    return `PostgreSQL did not start: ${(told.length > 0 ? told : kept).join(' ').trim() || 'it said nothing'}`
  }
  return { ready, reason }
}

async function stopServer(cluster: Cluster, child: ChildProcess, server: Server): Promise<void> {
  if (server.hasEnded()) return
  if (isWindows) await stopOnWindows(cluster)
  else (child.stdio[3] as NodeJS.WritableStream).end()
  const isOver = await Promise.race([
    server.ended.then(() => true),
    sleep(STOP_SECONDS_MAX * 1000, false, { ref: false }),
  ])
  if (isOver) return
  const running = await findRunning(cluster)
  if (running) process.kill(running.pid, isWindows ? 'SIGKILL' : 'SIGQUIT')
  await server.ended
}

/** The server that runs on this cluster, whoever started it, and the port it listens on. */
export async function findRunning(cluster: Cluster): Promise<{ pid: number; port: number } | undefined> {
  const file = await readPidFile(cluster)
  if (!file || !(await isServerOf(cluster, file.pid))) return undefined
  return file
}

/**
 * Ends what an earlier run left: a server without its parent, or a pid file without its server.
 *
 * The caller holds the folder's lock, so a server found here belongs to nobody.
 */
export async function endLeftOver(cluster: Cluster): Promise<void> {
  const file = await readPidFile(cluster)
  if (!file) return
  const isOurs = await isServerOf(cluster, file.pid)
  if (isOurs) {
    if (isWindows) await stopOnWindows(cluster)
    else signal(file.pid, 'SIGINT')
    const deadline = Date.now() + STOP_SECONDS_MAX * 1000
    while (await isServerOf(cluster, file.pid)) {
      // SIGQUIT ends it without a checkpoint: the next start recovers from the log.
      if (Date.now() > deadline) signal(file.pid, 'SIGQUIT')
      await sleep(20)
    }
  } else if (isAlive(file.pid)) {
    // The id now belongs to another process, which PostgreSQL would take for a running server. The
    // file must stay: its last lines are how it notices that children of a killed server still
    // write. With our own id in the first line (PG_GRANDPARENT_PID) it looks at those only.
    await writeFile(file.path, [process.pid, ...file.lines.slice(1)].join('\n'))
  }
}

async function readPidFile(cluster: Cluster) {
  const path = join(cluster.folder, 'postmaster.pid')
  const lines = (await readFile(path, 'utf8').catch(() => '')).split('\n')
  const pid = Number(lines[0])
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined
  return { path, lines, pid, port: Number(lines[3]) }
}

async function isServerOf(cluster: Cluster, pid: number): Promise<boolean> {
  // The command line, not /proc/<pid>/cwd: in a container root may not look at another user's cwd.
  const commandLine = await readCommandLine(pid).catch(() => '')
  return commandLine.includes(`cluster_name=${cluster.name}`)
}

async function readCommandLine(pid: number): Promise<string> {
  if (process.platform === 'linux') return await readFile(`/proc/${pid}/cmdline`, 'utf8')
  const question: [string, string[]] = isWindows
    ? [
        'powershell',
        ['-NoProfile', '-Command', `(Get-CimInstance Win32_Process -Filter ProcessId=${pid}).CommandLine`],
      ]
    : ['ps', ['-ww', '-o', 'command=', '-p', String(pid)]]
  return (await promisify(execFile)(...question)).stdout
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

async function stopOnWindows(cluster: Cluster): Promise<void> {
  const program = postgresProgram(cluster.binaries, 'pg_ctl')
  await promisify(execFile)(program, ['stop', '-D', cluster.folder, '-m', 'fast', '-w']).catch(
    () => undefined,
  )
}

/** A TCP port of 127.0.0.1 that nobody listens on at this moment. */
export async function findFreePort(): Promise<number> {
  return await new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number }
      probe.close(() => resolve(port))
    })
  })
}
