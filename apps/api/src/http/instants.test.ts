import { afterAll, beforeAll, expect, test } from 'vitest'
import { accessTokenOf, addProvider, addUser, startTestApi, type TestApi } from '../../test/harness.ts'

let api: TestApi
let path: string
let token: string
let operatorToken: string
beforeAll(async () => {
  api = await startTestApi()
  const owner = await addUser(api)
  path = `/providers/${await addProvider(api, { ownerId: owner.id })}`
  token = await accessTokenOf(api, owner.id)
  operatorToken = (await addUser(api, { isOperator: true })).token
})
afterAll(() => api.close())

const query = (name: string, instant: string) => `${name}=${encodeURIComponent(instant)}`

test.each([
  '2016-12-31T23:59:60Z',
  '2026-03-01T00:00:00+00',
])('%s, which says an instant in a way that nobody reads, is refused wherever one is asked for', async (instant) => {
  const answers = [
    await api.call('GET', `${path}/analytics?${query('to', instant)}`, { token }),
    await api.call('GET', `${path}/analytics/funnel?${query('to', instant)}`, { token }),
    await api.call('GET', `${path}/analytics/experiments?${query('to', instant)}`, { token }),
    await api.call('GET', `${path}/earnings/statement?${query('to', instant)}`, { token }),
    await api.call('GET', `/operators/audit?${query('from', instant)}`, { token: operatorToken }),
    await api.call('GET', `/operators/audit/export?${query('to', instant)}`, { token: operatorToken }),
  ]
  expect(answers.map(({ status, body }) => [status, body?.code])).toEqual(
    answers.map(() => [400, 'validation_failed']),
  )
})

test.each([
  ['2026-03-01T00:00:00-23:59', '2026-03-02T00:00:00.000Z'],
  ['2026-03-01T00:30:00+23:59', '2026-03-01T00:00:00.000Z'],
  ['2026-03-01t00:00:00.123456789z', '2026-03-02T00:00:00.000Z'],
])('%s is an instant like any other', async (instant, to) => {
  const { status, body } = await api.call('GET', `${path}/analytics?${query('to', instant)}`, { token })
  expect([status, body.to]).toEqual([200, to])
})

test('the audit log of before there were any is empty, and from then on it is whole', async () => {
  const read = async (name: string) =>
    (
      await api.call('GET', `/operators/audit?${query(name, '1960-01-01T00:00:00Z')}`, {
        token: operatorToken,
      })
    ).body.items.length
  await read('from')
  expect([(await read('from')) > 0, await read('to')]).toEqual([true, 0])
})
