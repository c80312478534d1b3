import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { addUser, startTestApi, type TestApi, type TestUser } from '../../test/harness.ts'
import { providerBody } from '../../test/provider-body.ts'

let api: TestApi
let user: TestUser
beforeAll(async () => {
  api = await startTestApi()
  user = await addUser(api)
})
afterAll(() => api.close())

const post = (text: string | Buffer, headers: Record<string, string> = {}) =>
  api.app.inject({
    method: 'POST',
    url: '/providers',
    headers: { authorization: `Bearer ${user.token}`, 'content-type': 'application/json', ...headers },
    payload: text,
  })

test.each([
  'gzip',
  'br',
  'identity, gzip',
  'unheard-of',
])('a body coded as %s is not understood, and the answer says what is', async (coding) => {
  const answer = await post(gzipSync(JSON.stringify(providerBody)), { 'content-encoding': coding })
  expect([answer.statusCode, answer.json(), answer.headers['accept-encoding']]).toMatchObject([
    415,
    {
      code: 'unsupported_media_type',
      detail: 'Send the body as it is: a Content-Encoding is not undone here.',
    },
    'identity',
  ])
})

test.each([
  'identity',
  'Identity',
  '',
])('a body whose Content-Encoding is "%s" is sent as it is', async (coding) => {
  expect((await post(JSON.stringify(providerBody), { 'content-encoding': coding })).statusCode).toBe(201)
})

test.each([
  ['a name', { ...providerBody, name: 'half \ud800 a pair' }, '/name'],
  ['an item', { ...providerBody, allowedOrigins: ['https://a.example/\udc00'] }, '/allowedOrigins/0'],
  ['a property', { ...providerBody, '\ud800': 1 }, '/'],
])('half of a surrogate pair in %s is refused by name, before anything is stored', async (_what, body, path) => {
  const answer = await post(JSON.stringify(body))
  expect([answer.statusCode, answer.json().errors]).toEqual([
    400,
    [{ path, message: 'must be well-formed text' }],
  ])
})

test('an escaped pair is one character', async () => {
  const answer = await post(JSON.stringify(providerBody).replace('"App"', '"\\ud83d\\ude00"'))
  expect([answer.statusCode, answer.json().name]).toEqual([201, '😀'])
})

describe('bodies', () => {
  test.each([
    ['half a value', '{"name":'],
    ['two values', '{}{}'],
    ['a trailing comma', '{"name":"x",}'],
    ['single quotes', "{'name':'x'}"],
    ['__proto__', `{"__proto__":{"isOperator":true},"name":"x"}`],
    ['__proto__ in disguise', `{"__pro\\u0074o__":{"isOperator":true}}`],
    ['__proto__ further in', `{"name":{"__proto__":{}}}`],
    ['constructor.prototype', `{"constructor":{"prototype":{"isOperator":true}}}`],
    ['bytes that are not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d])],
    ['a byte order mark of UTF-16', Buffer.from('\ufeff{}', 'utf16le')],
  ])('%s are malformed', async (_what, text) => {
    const answer = await post(text)
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'malformed_json'])
    expect(({} as { isOperator?: boolean }).isOperator).toBeUndefined()
  })

  test.each([
    ['none', ''],
    ['null', 'null'],
    ['a number', '1'],
    ['text', '"x"'],
    ['a list', '[]'],
    ['a list in a list in a list, 30,000 deep', `${'['.repeat(30_000)}${']'.repeat(30_000)}`],
    ['an object 10,000 deep', `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`],
    ['30,000 wrong origins', JSON.stringify({ ...providerBody, allowedOrigins: Array(30_000).fill(1) })],
    [
      '9,000 unknown properties',
      JSON.stringify(Object.fromEntries(Array.from({ length: 6_000 }, (_, i) => [i, 1]))),
    ],
  ])('%s is refused in no time, with a short answer', async (_what, text) => {
    const began = performance.now()
    const answer = await post(text)
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'validation_failed'])
    expect(answer.json().errors.length).toBeLessThanOrEqual(20)
    expect(performance.now() - began).toBeLessThan(2_000)
  })

  test.each([
    'text/xml',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/',
    '*/*',
  ])('of %s are not understood', async (type) => {
    const answer = await post('a=1', { 'content-type': type })
    expect([answer.statusCode, answer.json().code]).toEqual([415, 'unsupported_media_type'])
  })

  test('a NUL in a text that reaches the database is the caller’s mistake, not ours', async () => {
    const answer = await api.call('POST', '/auth/register', {
      body: { email: 'nul@example.com', password: 'long enough', displayName: 'a\u0000b' },
    })
    expect(answer.status).toBe(400)
  })
})
