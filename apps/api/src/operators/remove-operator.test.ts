import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { addUser, countWaiting, startTestApi, type TestApi, type TestUser } from '../../test/harness.ts'
import type { Tx } from '../db.ts'
import { removeOperator } from './remove-operator.ts'

let api: TestApi
const operators: (TestUser & { email: string })[] = []

async function addNamed(email: string, isOperator: boolean) {
  const user = await addUser(api, { isOperator })
  const names = [user.id, email, email.toLowerCase()]
  await api.deps.db.batch.query('update users set email = $2, email_normalized = $3 where id = $1', names)
  return { ...user, email }
}

beforeAll(async () => {
  api = await startTestApi()
  for (const email of ['ada@example.com', 'Bob@example.com', 'eve@example.com'])
    operators.push(await addNamed(email, true))
  await addNamed('user@example.com', false)
})
afterAll(() => api.close())

async function run(parameters: string[], env: Record<string, string> = {}) {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, '../change-operators.ts'), ...parameters],
    {
      env: {
        PATH: process.env.PATH,
        DATABASE_URL: api.databaseUrl,
        STRIPE_WEBHOOK_SECRET: 'whsec_test',
        KEY_ENCRYPTION_KEY: '07'.repeat(32),
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return { code, out, err }
}
const audited = () =>
  api.deps.db.batch.query(
    `select actor_id as by, subject_id as of, before, after, reason from audit_entries where action = 'operator.remove'`,
  )
const mayOperate = async ({ token }: TestUser) =>
  (await api.call('GET', '/operators/health', { token })).status

test('operators are listed', async () => {
  const { code, out, err } = await run([])
  expect([code, err]).toEqual([0, ''])
  const oldestFirst = operators.toSorted((one, other) => (one.id < other.id ? -1 : 1))
  expect(out).toBe(oldestFirst.map(({ id, email }) => `${id}  ${email}\n`).join(''))
})

test('one that is removed is an ordinary user at once, and it is on record why', async () => {
  const [, bob] = operators
  expect(await mayOperate(bob!)).toBe(200)
  const { code, out, err } = await run(['--remove', 'bob@EXAMPLE.com', '--reason', 'Left the company'])
  expect([code, out, err]).toEqual([0, `Bob@example.com is no operator any more\n`, ''])
  expect(await mayOperate(bob!)).toBe(404)
  expect((await api.call('GET', '/auth/profile', { token: bob!.token })).body.roles).toEqual(['user'])
  expect(await audited()).toEqual([
    {
      by: 'operators',
      of: bob!.id,
      before: { isOperator: true },
      after: { isOperator: false },
      reason: 'Left the company',
    },
  ])
})

test.each([
  ['nobody@example.com', {}, 'nobody@example.com is no operator\n'],
  ['user@example.com', {}, 'user@example.com is no operator\n'],
  ['no address', {}, 'no address is no operator\n'],
  [
    'eve@example.com',
    { ADMIN_EMAIL: 'Eve@example.com', ADMIN_PASSWORD: 'correct horse battery' },
    'ADMIN_EMAIL would make eve@example.com an operator again at the next start: change that first\n',
  ],
])('%s is not removed, and nothing is on record (%o)', async (email, env, told) => {
  const before = await audited()
  expect(await run(['--remove', email], env)).toEqual({ code: 2, out: '', err: told })
  expect(await audited()).toEqual(before)
})

test('of two that remove each other one stays', async () => {
  const { db, clock } = api.deps
  const remove = (email: string) => (tx: Tx) =>
    removeOperator(tx, { email, by: { command: 'operators' }, now: clock() })
  const last = 'eve@example.com is the last operator: make another one first, with ADMIN_EMAIL'
  const second = await db.inBatch(async (tx) => {
    await remove('ada@example.com')(tx)
    const waiting = db.inBatch(remove('eve@example.com')).catch((error: Error) => error)
    await vi.waitFor(async () => expect(await countWaiting(api)).toBe(1))
    return { waiting }
  })
  expect(await second.waiting).toMatchObject({ name: 'ConfigError', message: last })
  const [ada, , eve] = operators
  expect([await mayOperate(ada!), await mayOperate(eve!)]).toEqual([404, 200])
  expect(await run(['--remove', 'eve@example.com'])).toEqual({ code: 2, out: '', err: `${last}\n` })
})
