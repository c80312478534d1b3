import { brotliDecompressSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { startTestApi, type TestApi } from '../../test/harness.ts'

let api: TestApi

beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())

test('the document, a megabyte that anybody may ask for, is written once and comes compressed', async () => {
  const write = vi.spyOn(api.app, 'swagger')
  const get = (headers = {}) => api.app.inject({ url: '/openapi.json', headers })
  const plain = await get()
  const small = await get({ 'accept-encoding': 'gzip, br' })
  const again = await get({ 'if-none-match': `"other", ${String(small.headers.etag).slice(2)}` })
  expect(plain.headers).toMatchObject({
    'content-type': 'application/json; charset=utf-8',
    'access-control-allow-origin': '*',
    'cache-control': 'public, max-age=300',
    vary: 'accept-encoding',
  })
  expect(small.rawPayload.length).toBeLessThan(plain.rawPayload.length / 5)
  expect(brotliDecompressSync(small.rawPayload).equals(plain.rawPayload)).toBe(true)
  expect([again.statusCode, again.body]).toEqual([304, ''])
  expect(write).toHaveBeenCalledOnce()
})
