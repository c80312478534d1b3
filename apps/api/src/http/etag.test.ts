import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApi, type TestApi } from '../../test/harness.ts'

let api: TestApi

beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())

test.each([
  '/api/v1/keys/public',
  '/openapi.json',
])('%s is not sent again to who has it, whatever made the tag weak or stands beside it', async (url) => {
  const etag = String((await api.call('GET', url)).headers.etag)
  const held = etag.replace('W/', '')
  for (const known of [`W/${held}`, held, `"other", ${held}`, '*']) {
    const { status, text } = await api.call('GET', url, { headers: { 'if-none-match': known } })
    expect([known, status, text]).toEqual([known, 304, ''])
  }
  expect((await api.call('GET', url, { headers: { 'if-none-match': '"other"' } })).status).toBe(200)
})
