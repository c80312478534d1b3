import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  addProvider,
  addUser,
  countWaiting,
  startTestApi,
  type TestApi,
  type TestUser,
} from '../../test/harness.ts'
import { holdLock } from '../../test/hold-lock.ts'

let api: TestApi
let user: TestUser
let providerId: string

beforeAll(async () => {
  api = await startTestApi()
  user = await addUser(api, { tokens: 10_000 })
  providerId = await addProvider(api, { ownerId: user.id })
})
afterAll(() => api.close())

const open = (url: string, key: string) =>
  api.call('POST', url, {
    token: user.token,
    body: { providerId, durationMinutes: 10 },
    headers: { 'idempotency-key': key },
  })

test('a key acts once, however the address of its route is spelled', async () => {
  const first = await open('/sessions', 'spelled')
  expect(first.status).toBe(201)
  for (const url of ['/sessions/', '/%73essions', '/sessions?']) {
    const again = await open(url, 'spelled')
    expect([url, again.status, again.text]).toEqual([url, 201, first.text])
    expect(again.headers['idempotent-replayed']).toBe('true')
  }
})

test('a key is of one session where its route is of sessions', async () => {
  const [one, other] = [await open('/sessions', 'one'), await open('/sessions', 'other')]
  const extend = ({ body }: typeof one) =>
    api.call('POST', `/sessions/${body.session.id}/extend`, {
      token: user.token,
      body: { minutes: 5 },
      headers: { 'idempotency-key': 'longer' },
    })
  const [first, second] = [await extend(one), await extend(other)]
  expect([first.body.session.id, second.body.session.id]).toEqual([
    one.body.session.id,
    other.body.session.id,
  ])
})

test.each(['with spaces, and a comma', 'ümlaut', '"quoted"', 'x'.repeat(255)])('%s is a key', async (key) => {
  const first = await open('/sessions', key)
  const again = await open('/sessions', key)
  expect([first.status, again.text, again.headers['idempotent-replayed']]).toEqual([201, first.text, 'true'])
})

test('a request that meets the first one at work is told to come again, and changes nothing', async () => {
  const release = await holdLock(api, 'select from wallets where id = $1 for update', [user.id])
  const first = open('/sessions', 'met')
  await expect.poll(() => countWaiting(api)).toBe(1)
  const second = await open('/sessions', 'met')
  expect([second.status, second.body.code, second.headers['retry-after']]).toEqual([
    409,
    'idempotency_in_progress',
    '1',
  ])
  await release()
  const done = await first
  expect([done.status, done.headers['idempotent-replayed']]).toEqual([201, undefined])
  expect((await open('/sessions', 'met')).text).toBe(done.text)
})
