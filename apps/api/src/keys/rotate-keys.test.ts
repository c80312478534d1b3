import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApi, type TestApi } from '../../test/harness.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())

function run(env: Record<string, string>): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../rotate-keys.ts')], {
    env: { PATH: process.env.PATH, KEY_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  child.stderr.on('data', (chunk) => {
    err += chunk
  })
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })))
}

test('the command adds a key, names it and says from when it signs', async () => {
  const published = async () =>
    (await api.call('GET', '/api/v1/keys/public')).body.keys.map(({ kid }: { kid: string }) => kid)
  const [oldKid] = await published()
  const { code, out, err } = await run({ DATABASE_URL: api.databaseUrl, STRIPE_WEBHOOK_SECRET: 'whsec_test' })
  expect([code, err]).toEqual([0, ''])
  const [, kid] = /^key (\S+) is published and signs from \d{4}-.*Z, in 10 minutes\n$/.exec(out) ?? []
  await api.deps.keys.reload()
  expect(new Set(await published())).toEqual(new Set([oldKid, kid]))
})

test('a key that no instance could open is not added', async () => {
  const published = () => api.deps.db.batch.query('select kid from signing_keys order by kid')
  const before = await published()
  const { code, out, err } = await run({
    DATABASE_URL: api.databaseUrl,
    STRIPE_WEBHOOK_SECRET: 'whsec_test',
    KEY_ENCRYPTION_KEY: Buffer.alloc(32, 8).toString('base64'),
  })
  expect([code, out]).toEqual([2, ''])
  expect(err).toMatch(/^KEY_ENCRYPTION_KEY does not open the signing keys of this database: [^\n]+\n$/)
  expect(await published()).toEqual(before)
})

test('a wrong environment is one clear line', async () => {
  const wrong = await run({ DATABASE_URL: 'mysql://localhost/x' })
  expect([wrong.code, wrong.err]).toEqual([2, 'DATABASE_URL must start with postgres://\n'])
  const away = await run({ DATABASE_URL: 'postgres://localhost:1/x', STRIPE_WEBHOOK_SECRET: 'whsec_test' })
  expect([away.code, away.err]).toEqual([
    2,
    'The database of DATABASE_URL does not answer: start it, or correct the address.\n',
  ])
})
