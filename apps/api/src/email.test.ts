import { expect, test } from 'vitest'
import { normalizeEmail } from './email.ts'

test.each([
  ['ada@example.com', 'ada@example.com', 'ada@example.com'],
  ['  Ada@Example.COM ', 'Ada@Example.COM', 'ada@example.com'],
  ['ada+tokens@example.co.uk', 'ada+tokens@example.co.uk', 'ada+tokens@example.co.uk'],
  ['用户@例子.广告', '用户@例子.广告', '用户@xn--fsqu00a.xn--4rr70v'],
  ['ａｄａ@example.com', 'ａｄａ@example.com', 'ada@example.com'],
  ['ada@ｅｘａｍｐｌｅ。com', 'ada@ｅｘａｍｐｌｅ。com', 'ada@example.com'],
  ['अदा@उदाहरण.भारत', 'अदा@उदाहरण.भारत', 'अदा@xn--p1b6ci4b4b3a.xn--h2brj9c'],
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
  'ada@example.com/',
  'ada@example.com/ (the security team)\n\nSee https://evil.example/',
  'ada@example.com?1',
  'ada@example.com#1',
  'ada@example.com:25',
  'ada@example.com\\x',
  'ada@ex%61mple.com',
  'ada@exam\tple.com',
  'ada@exam\u00adple.com',
  'ada@exam\ufe0fple.com',
  'ada@exam\u034fple.com',
  'a\ufe0fda@example.com',
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
