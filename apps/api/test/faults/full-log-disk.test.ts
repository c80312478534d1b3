import { execFileSync } from 'node:child_process'
import { chownSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, expect, test } from 'vitest'
import { startEmbeddedPostgres } from '../../src/embedded-postgres.ts'
import { findAccount } from '../../src/embedded-postgres-binaries.ts'
import { createLoad, runClients } from '../crash/clients.ts'
import { type Processes, startProcesses } from '../crash/processes.ts'
import { findBrokenPromises } from '../crash/what-is-true.ts'
import { mountDisk } from './mount-disk.ts'

/** Of the write-ahead log: four of its files. */
const disk = mountDisk(64)
/** In the long run, longer than anybody would try in quick succession. */
const OUTAGE_MS = process.env.LONG === '1' ? 40_000 : 5_000
const MEGABYTES_MAX = 200
let processes: Processes | undefined

afterAll(async () => {
  await processes?.stop()
  disk?.unmount()
})

/** The write-ahead log on a disk of its own, as it often is. */
async function moveLog(dataDir: string, folder: string): Promise<void> {
  const postgres = await startEmbeddedPostgres({ dataDir })
  await postgres.stop()
  const account = await findAccount()
  if (account) chownSync(folder, account.uid, account.gid)
  const log = join(dataDir, 'postgres', 'cluster', 'pg_wal')
  execFileSync('cp', ['-a', log, folder])
  execFileSync('rm', ['-r', log])
  symlinkSync(join(folder, 'pg_wal'), log)
}

/** Until the last file of the log is full, and with it the disk. */
async function writeUntilRefused(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl })
  client.on('error', () => undefined)
  await client.connect()
  try {
    for (let megabytes = 0; megabytes < MEGABYTES_MAX; megabytes += 1)
      await client.query(`select pg_logical_emit_message(false, 'filler', repeat('x', 1000000))`)
  } catch {
    return
  } finally {
    await client.end().catch(() => undefined)
  }
  throw new Error('the log was never full')
}

const register = (url: string) =>
  fetch(`${url}/auth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: `full-${Math.random()}@example.com`, password: 'long enough to pass' }),
  })

/** What everybody is told meanwhile, each answer once. */
async function listenFor(forMs: number, urls: readonly string[]): Promise<string[]> {
  const said = new Set<string>()
  for (const until = Date.now() + forMs; Date.now() < until; await pause(200)) {
    for (const url of urls) {
      for (const asking of [fetch(`${url}/providers`), register(url), fetch(`${url}/readyz`)]) {
        const answer = await asking
        const { code } = (await answer.json()) as { code?: string }
        said.add(`${answer.status} ${code} ${answer.headers.get('retry-after')}`)
      }
      said.add(`alive ${(await fetch(`${url}/healthz`)).status}`)
    }
  }
  return [...said].sort()
}

test.skipIf(!disk)(
  disk
    ? 'a full disk under the write-ahead log: PostgreSQL panics, everybody is told 503, and with space all of it goes on by itself, what was acknowledged included'
    : 'a full disk under the write-ahead log was not tested: no small disk can be mounted here (that takes root on Linux)',
  async () => {
    const { folder, fill, free } = disk!
    const lines: string[] = []
    processes = await startProcesses(2, {
      prepare: (dataDir) => moveLog(dataDir, folder),
      log: (line) => lines.push(line),
    })
    const { urls, databaseUrl } = processes
    const load = createLoad()
    const progress = { isOver: false }
    const loading = runClients(urls, { clients: 4, load, isOver: () => progress.isOver })
    const failed = loading.then(
      () => undefined,
      (error: Error) => error,
    )
    await expect.poll(() => load.answers, { timeout: 30_000 }).toBeGreaterThan(100)

    fill()
    await writeUntilRefused(databaseUrl)
    await expect.poll(() => lines.join('\n'), { timeout: 5_000 }).toMatch(/PANIC: .*No space left on device/)
    // Until its postmaster has ended the other connections, they still read what they are asked.
    await expect
      .poll(() => lines.join('\n'), { timeout: 30_000 })
      .toContain('all server processes terminated; reinitializing')
    expect(await listenFor(OUTAGE_MS, urls)).toEqual(['503 unavailable 1', 'alive 200'])

    const before = load.answers
    // Whoever reads the log finds what it is, not who came too early.
    expect(lines.findLast((line) => line.startsWith('PostgreSQL did not start'))).toMatch(
      /could not write to file "pg_wal.*No space left on device/,
    )
    free()
    await expect.poll(() => load.answers, { timeout: 30_000 }).toBeGreaterThan(before + 100)
    progress.isOver = true
    expect(await failed).toBeUndefined()
    expect(load.surprises).toEqual([])
    expect(await findBrokenPromises(databaseUrl, load)).toEqual([])
    expect(await processes.checkLedger()).toMatchObject({
      code: 0,
      said: expect.stringContaining('the ledger is right'),
    })
  },
  150_000,
)
