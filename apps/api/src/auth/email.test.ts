import { expect, test } from 'vitest'
import { normalizeEmail } from './email.ts'

test.each([
  ['ada@example.com', 'ada@example.com', 'ada@example.com'],
  ['  Ada@Example.COM ', 'Ada@Example.COM', 'ada@example.com'],
  ['ada+tokens@example.co.uk', 'ada+tokens@example.co.uk', 'ada+tokens@example.co.uk'],
  ['用户@例子.广告', '用户@例子.广告', '用户@xn--fsqu00a.xn--4rr70v'],
  ['ａｄａ@example.com', 'ａｄａ@example.com', 'ada@example.com'],
  ['operator@localhost', 'operator@localhost', 'operator@localhost'],
  [
    "o'brien!#$%&*/=?^_`{|}~-@example.com",
    "o'brien!#$%&*/=?^_`{|}~-@example.com",
    "o'brien!#$%&*/=?^_`{|}~-@example.com",
  ],
])('%s is an address', (typed, shown, normalized) => {
  expect(normalizeEmail(typed)).toEqual({ shown, normalized })
})

test.each([
  '',
  '@',
  'ada',
  '@example.com',
  'ada@',
  'ada@example',
  'ada@@example.com',
  'a＠b@example.com',
  'ada@exa mple.com',
  'ada@-example.com',
  'ada@example..com',
  'ada@127.0.0.1',
  'ada@[127.0.0.1]',
  'ada@1.2.3',
  '.ada@example.com',
  'ada.@example.com',
  'a..da@example.com',
  '"ada"@example.com',
  'ada<x@example.com',
  'a\u200bda@example.com',
  'a\u0000da@example.com',
  'ada@example.com\nbcc: x@example.com',
  `${'a'.repeat(65)}@example.com`,
  `a@${'b.'.repeat(126)}com`,
])('%j is none', (typed) => {
  expect(normalizeEmail(typed)).toBeUndefined()
})

test('what is normalized stays as it is', () => {
  for (const typed of ['İstanbul@example.com', 'ΑΣ@example.com', 'ﬁ@example.com', 'zoë@bücher.example']) {
    const once = normalizeEmail(typed)?.normalized ?? ''
    expect(normalizeEmail(once)?.normalized).toBe(once)
  }
})
