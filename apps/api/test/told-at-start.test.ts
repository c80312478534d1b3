/**
 * What an operator can mend is told in one line, by every command.
 *
 * @module
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectAs, createTestDatabase } from './database.ts'

const AWAY = 'postgres://nobody@127.0.0.1:1/nothing'
let database: Awaited<ReturnType<typeof createTestDatabase>>

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

async function run(command: string, env: Record<string, string>) {
  const file = resolve(import.meta.dirname, '../src', command)
  const child = spawn(process.execPath, [file], {
    env: { PATH: process.env.PATH ?? '', KEY_ENCRYPTION_KEY: '07'.repeat(32), LOG_LEVEL: 'silent', ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')])
  return { code, said }
}

test.each(['192.0.2.1', '999.1.1.1'])('HOST=%s is no address to listen on', async (HOST) => {
  const env = { HOST, PORT: '0', DATABASE_URL: database.url, STRIPE_WEBHOOK_SECRET: 'whsec_x' }
  expect(await run('main.ts', env)).toEqual({
    code: 1,
    said: `HOST: ${HOST} is not an address of this machine.\n`,
  })
}, 30_000)

test('a KEY_ENCRYPTION_KEY that is not the one of the database is told before anything is done', async () => {
  const [own, other] = ['07'.repeat(32), '08'.repeat(32)]
  const env = { PORT: '0', DATABASE_URL: database.url, STRIPE_WEBHOOK_SECRET: 'whsec_x' }
  const admin = { ADMIN_EMAIL: 'admin@example.com', ADMIN_PASSWORD: 'correct horse battery' }
  // As far as the last step of a start, which fails for another reason.
  const far = { code: 1, said: 'HOST: 192.0.2.1 is not an address of this machine.\n' }
  const start = (keys: Record<string, string>) => run('main.ts', { ...env, HOST: '192.0.2.1', ...keys })
  expect(await start({ KEY_ENCRYPTION_KEY: own })).toEqual(far)
  const refused = await start({ KEY_ENCRYPTION_KEY: other, ...admin })
  expect(refused.said).toMatch(
    /^KEY_ENCRYPTION_KEY does not open the signing keys of this database: .*changing-the-key\.md\.\n$/,
  )
  expect(refused.code).toBe(1)
  const owner = await connectAs(database.url)
  expect(await owner.query('select 1 from users')).toEqual([])
  await owner.end()
  // The steps of a change, in both directions.
  expect(await start({ KEY_ENCRYPTION_KEY: own, KEY_ENCRYPTION_KEY_ALSO: other })).toEqual(far)
  expect(await start({ KEY_ENCRYPTION_KEY: other, KEY_ENCRYPTION_KEY_ALSO: own })).toEqual(far)
}, 60_000)

test.each([
  ['main.ts', 1],
  ['check-ledger.ts', 2],
  ['check-audit.ts', 2],
  ['rotate-keys.ts', 2],
  ['reseal.ts', 2],
])(
  '%s says that the database does not answer, and ends with %i',
  async (command, ends) => {
    const { code, said } = await run(command, { DATABASE_URL: AWAY, STRIPE_WEBHOOK_SECRET: 'whsec_x' })
    expect(said).toBe('The database of DATABASE_URL does not answer: start it, or correct the address.\n')
    expect(code).toBe(ends)
  },
  30_000,
)

test.each(['check-ledger.ts', 'check-audit.ts'])('%s names a variable that is wrong', async (command) => {
  expect((await run(command, { PORT: 'x', DATABASE_URL: AWAY })).said).toBe(
    'PORT must be a whole number from 0 to 65535\n',
  )
}, 30_000)
