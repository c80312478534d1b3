import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApi, type TestApi } from '../../test/harness.ts'

let api: TestApi

beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())

test.each([
  '/api/v1/keys/public',
  '/.well-known/jwks.json',
])('%s is open to every page, with a slash at its end, too', async (path) => {
  for (const url of [path, `${path}/`, `${path}/?a=1`]) {
    const { headers } = await api.call('GET', url, { headers: { origin: 'https://somebody.example' } })
    expect([url, headers['access-control-allow-origin']]).toEqual([url, '*'])
  }
})
