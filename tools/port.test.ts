import { expect, test } from 'vitest'
import { urlOf } from './port.ts'

test.each([
  ['127.0.0.1', 'http://127.0.0.1:4000'],
  ['api.local', 'http://api.local:4000'],
  ['::1', 'http://[::1]:4000'],
  // What listens everywhere is called where it is.
  ['0.0.0.0', 'http://127.0.0.1:4000'],
  ['::', 'http://127.0.0.1:4000'],
])('what listens on %s is called at %s', (host, url) => {
  expect(urlOf(host, 4000)).toBe(url)
  expect(new URL(url).port).toBe('4000')
})
