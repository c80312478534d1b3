import { brotliDecompressSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApi, type TestApi } from '../../test/harness.ts'

let api: TestApi

beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())

test('the reference’s program, megabytes that anybody may ask for, is not written for each of them', async () => {
  const get = (headers = {}) => api.app.inject({ url: '/docs/js/scalar.js', headers })
  // Asked for the head first, it has the program all the same.
  const head = await api.app.inject({ method: 'HEAD', url: '/docs/js/scalar.js' })
  const plain = await get()
  expect(head.headers['content-length']).toBe(plain.headers['content-length'])
  const small = await get({ 'accept-encoding': 'gzip, br' })
  const again = await get({ 'if-none-match': String(small.headers.etag) })
  expect(plain.headers).toMatchObject({
    'content-type': expect.stringMatching(/^(text|application)\/javascript/),
    'content-length': String(plain.rawPayload.length),
    'cache-control': 'public, max-age=3600',
    vary: 'accept-encoding',
  })
  expect(small.rawPayload.length).toBeLessThan(plain.rawPayload.length / 3)
  expect(brotliDecompressSync(small.rawPayload).equals(plain.rawPayload)).toBe(true)
  expect([again.statusCode, again.body]).toEqual([304, ''])
})
