import { type ChildProcess, spawn } from 'node:child_process'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { makeDataFolder } from '../apps/api/test/data-folder.ts'

const SCRIPT = join(import.meta.dirname, 'start.ts')
const running: ChildProcess[] = []
let folder: string
let ports: [number, number, number]

beforeEach(async () => {
  folder = await makeDataFolder('start')
  ports = await findFreePorts()
})

afterEach(async () => {
  for (const child of running.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGTERM')
    await new Promise((resolve) => child.once('exit', resolve))
  }
  await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
})

test.each([0, 1, 2])('taken port %i: one line that names it, and nothing is left running', async (index) => {
  const other = await listen(ports[index]!)
  try {
    const { code, said } = await run()
    expect(code).toBe(1)
    expect(said).toMatch(
      new RegExp(`^Port ${ports[index]} is in use by another program\\. .*PORT=\\d+ npm start\\n$`),
    )
    expect(await readdir(folder)).toEqual([])
    await expectFree(ports.filter((_, i) => i !== index))
  } finally {
    other.close()
  }
})

test('a DATA_DIR that cannot be written: one line that names it', async () => {
  const dataDir = join(folder, 'file')
  await writeFile(dataDir, 'in the way')
  const { code, said } = await run({ DATA_DIR: dataDir })
  expect(code).toBe(1)
  expect(said).toMatch(/^DATA_DIR .*file cannot be written \(\w+\)\. .*\n$/)
})

test('a database that is down: one line, and nothing is left running', async () => {
  const [closed] = await findFreePorts()
  const { code, said } = await run({ DATABASE_URL: `postgres://nobody@127.0.0.1:${closed}/none` })
  expect(code).toBe(1)
  expect(said).toMatch(/^[^\n]*database[^\n]*\n$/i)
  await expectFree(ports)
})

test('starts everything, ends everything, and starts again after kill -9', async () => {
  const first = start()
  await first.ready
  const [api, marketplace, provider] = ports.map((port) => `http://localhost:${port}`)
  expect((await fetch(`${api}/readyz`)).status).toBe(200)
  for (const page of [marketplace, provider]) {
    expect((await fetch(`${page}/`)).headers.get('content-type')).toMatch(/text\/html/)
  }
  const listed = (await (await fetch(`${api}/providers`)).json()) as {
    items: { id: string; launchUrl: string }[]
  }
  expect(listed.items.map(({ launchUrl }) => launchUrl)).toEqual([`${provider}/`])

  first.child.kill('SIGKILL')
  const second = start()
  await second.ready
  const again = (await (await fetch(`${api}/providers`)).json()) as typeof listed
  expect(again.items).toEqual(listed.items)

  const database = await serverPid()
  second.child.kill('SIGTERM')
  expect(await second.ended).toBe(0)
  await expectFree(ports)
  expect(() => process.kill(database, 0)).toThrow()
})

function start(extra: NodeJS.ProcessEnv = {}) {
  const { npm_lifecycle_event: _, ...env } = process.env
  const [PORT, MARKETPLACE_PORT, PROVIDER_PORT] = ports.map(String)
  const child = spawn(process.execPath, [SCRIPT], {
    env: {
      ...env,
      NODE_ENV: 'development',
      PORT,
      MARKETPLACE_PORT,
      PROVIDER_PORT,
      DATA_DIR: folder,
      ...extra,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.push(child)
  let said = ''
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  const ready = new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text
        if (said.includes('is running.')) resolve()
      })
    }
    void ended.then(() => reject(new Error(`it ended: ${said}`)))
  })
  ready.catch(() => undefined)
  return { child, ready, ended, said: () => said }
}

async function run(extra?: NodeJS.ProcessEnv): Promise<{ code: number | null; said: string }> {
  const started = start(extra)
  const code = await started.ended
  return { code, said: started.said() }
}

async function findFreePorts(): Promise<[number, number, number]> {
  const servers = await Promise.all([listen(0), listen(0), listen(0)])
  const found = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return found as [number, number, number]
}

function listen(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}

async function expectFree(wanted: readonly number[]): Promise<void> {
  for (const port of wanted) {
    const server = await vi.waitFor(() => listen(port), { timeout: 5_000 })
    server.close()
  }
}

async function serverPid(): Promise<number> {
  const file = await readFile(join(folder, 'postgres', 'cluster', 'postmaster.pid'), 'utf8')
  return Number(file.split('\n')[0])
}
