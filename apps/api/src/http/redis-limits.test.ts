import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { pino } from 'pino'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { type Counters, createCounters } from './counters.ts'

const program = [process.env.REDIS_SERVER, 'redis-server', 'valkey-server'].find(
  (name) => name !== undefined && spawnSync(name, ['--version']).status === 0,
)
if (!program) {
  console.log(
    'No redis-server or valkey-server here (PATH, REDIS_SERVER): shared counts are not tested, falling back is.',
  )
}

const policy = { name: 'test', calls: 3, windowSeconds: 60 }
const opened: Counters[] = []
const servers: ChildProcess[] = []
afterAll(() => {
  for (const counters of opened) counters.end()
  for (const server of servers) server.kill('SIGKILL')
})

function listenTo() {
  const lines: string[] = []
  const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) })
  return { lines, log }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

async function startRedis(port: number): Promise<ChildProcess> {
  const server = spawn(program ?? '', ['--port', String(port), '--save', '', '--bind', '127.0.0.1'])
  servers.push(server)
  let said = ''
  server.stdout?.on('data', (chunk: Buffer) => {
    said += String(chunk)
  })
  await vi.waitFor(() => expect(said).toMatch(/ready to accept connections/i), 10_000)
  return server
}

function count(redisUrl: string, log = pino({ level: 'silent' })) {
  const counters = createCounters({ redisUrl, log })
  opened.push(counters)
  return counters.create(policy)
}

describe('while redis is away', () => {
  test('each instance counts for itself and says so once, loudly', async () => {
    const { lines, log } = listenTo()
    const counter = count(`redis://127.0.0.1:${await freePort()}`, log)
    for (let i = 0; i < 3; i += 1) expect((await counter.take('a')).isOver).toBe(false)
    expect((await counter.take('a')).isOver).toBe(true)
    await vi.waitFor(() => expect(lines.join('')).toContain('redis is away'))
    expect(lines).toHaveLength(1)
  })
})

describe.runIf(program)('with a real server', () => {
  test('two instances share one count', async () => {
    const port = await freePort()
    await startRedis(port)
    const [one, two] = [count(`redis://127.0.0.1:${port}`), count(`redis://127.0.0.1:${port}`)]
    // Until both are connected they count apart.
    await vi.waitFor(async () => {
      await one.take('warm')
      expect(await two.isSet('warm')).toBe(true)
    }, 5_000)
    expect((await one.take('a')).remaining).toBe(2)
    expect((await two.take('a')).remaining).toBe(1)
    await two.giveBack('a')
    expect((await one.take('a')).remaining).toBe(1)
    expect((await two.take('a')).isOver).toBe(false)
    expect((await one.take('a')).isOver).toBe(true)
    await two.clear('a')
    expect(await one.isSet('a')).toBe(false)
    expect((await one.take('a')).resetSeconds).toBe(60)
  })

  test('a server that dies and comes back is left and found again', async () => {
    const port = await freePort()
    const first = await startRedis(port)
    const { lines, log } = listenTo()
    const url = `redis://127.0.0.1:${port}`
    const [one, two] = [count(url, log), count(url)]
    await vi.waitFor(async () => {
      await one.take('warm')
      expect(await two.isSet('warm')).toBe(true)
    }, 5_000)
    first.kill('SIGKILL')
    await once(first, 'exit')
    expect((await one.take('b')).isOver).toBe(false)
    await vi.waitFor(() => expect(lines.join('')).toContain('redis is away'), 5_000)
    await startRedis(port)
    await vi.waitFor(() => expect(lines.join('')).toContain('redis is back'), 10_000)
    await vi.waitFor(async () => {
      await one.take('again')
      expect(await two.isSet('again')).toBe(true)
    }, 10_000)
  })

  test('a server that hangs costs a moment, not the request', async () => {
    const port = await freePort()
    const server = await startRedis(port)
    const counter = count(`redis://127.0.0.1:${port}`)
    await vi.waitFor(async () => expect((await counter.take('warm')).isOver).toBe(false))
    server.kill('SIGSTOP')
    const began = performance.now()
    expect((await counter.take('c')).isOver).toBe(false)
    expect(performance.now() - began).toBeLessThan(2_000)
    server.kill('SIGCONT')
  })
})
