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
import { createTestDatabase } from './database.ts'

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

test('a KEY_ENCRYPTION_KEY that does not open what signs is told before anything is served', async () => {
  const env = { HOST: '192.0.2.1', PORT: '0', DATABASE_URL: database.url, STRIPE_WEBHOOK_SECRET: 'whsec_x' }
  const other = '08'.repeat(32)
  // Not an address of this machine: whichever gets so far ends there, having made the first key.
  await run('main.ts', env)
  const { code, said } = await run('main.ts', { ...env, KEY_ENCRYPTION_KEY: other })
  expect(code).toBe(1)
  expect(said).toMatch(/^KEY_ENCRYPTION_KEY does not open the signing keys of this database: [^\n]+\n$/)
  // While it is changed, the second one opens.
  const changing = await run('main.ts', {
    ...env,
    KEY_ENCRYPTION_KEY: other,
    KEY_ENCRYPTION_KEY_ALSO: '07'.repeat(32),
  })
  expect(changing.said).toBe('HOST: 192.0.2.1 is not an address of this machine.\n')
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
