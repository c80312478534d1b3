/**
 * `npm run api` is three processes: npm, its shell and the API. Whoever ends the first wants all of them ended.
 *
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { makeDataFolder } from '../test/data-folder.ts'
import { createTestDatabase } from '../test/database.ts'

const ROOT = resolve(import.meta.dirname, '../../..')
let database: Awaited<ReturnType<typeof createTestDatabase>>
let dataDir: string
const running: ChildProcess[] = []

beforeAll(async () => {
  database = await createTestDatabase()
  dataDir = await makeDataFolder('npm')
})
afterEach(() => {
  for (const { pid = 0 } of running.splice(0)) {
    try {
      process.kill(-pid, 'SIGKILL')
    } catch {
      // Nobody of the group is left, which is what should be.
    }
  }
})
afterAll(async () => {
  await database.drop()
  await rm(dataDir, { recursive: true, force: true })
})

// Windows has no signals: who ends npm there ends it alone, and nothing tells us.
test.skipIf(process.platform === 'win32').each(['SIGTERM', 'SIGKILL'] as const)(
  '%s to npm ends the API too, in order',
  async (signal) => {
    const npm = spawn('npm', ['run', 'api'], {
      cwd: ROOT,
      env: {
        PATH: process.env.PATH ?? '',
        PORT: '0',
        DATABASE_URL: database.url,
        DATA_DIR: dataDir,
        LOG_LEVEL: 'info',
      },
      stdio: ['ignore', 'pipe', 'ignore'],
      // A group of its own, so that a failure leaves nothing behind.
      detached: true,
    })
    running.push(npm)
    let said = ''
    const ready = new Promise<void>((resolve) => {
      npm.stdout.setEncoding('utf8').on('data', (text: string) => {
        said += text
        if (said.includes('api is ready')) resolve()
      })
    })
    // Not before the last of the three has let go of it.
    const ended = once(npm, 'close')
    await Promise.race([ready, ended])
    expect(said).toContain('api is ready')
    npm.kill(signal)
    await ended
    expect(said).toContain('"msg":"stopping"')
  },
)
