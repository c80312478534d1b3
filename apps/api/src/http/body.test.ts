import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addUser, startTestApi, type TestApi, type TestUser } from '../../test/harness.ts'

let api: TestApi
let user: TestUser
beforeAll(async () => {
  api = await startTestApi()
  user = await addUser(api)
})
afterAll(() => api.close())

const provider = {
  name: 'App',
  description: '',
  category: 'tools',
  launchUrl: 'https://a.example/',
  allowedOrigins: ['https://a.example'],
  tokensPerMinute: 1,
}
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
  const answer = await post(gzipSync(JSON.stringify(provider)), { 'content-encoding': coding })
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
  expect((await post(JSON.stringify(provider), { 'content-encoding': coding })).statusCode).toBe(201)
})

test.each([
  ['a name', { ...provider, name: 'half \ud800 a pair' }, '/name'],
  ['an item', { ...provider, allowedOrigins: ['https://a.example/\udc00'] }, '/allowedOrigins/0'],
  ['a property', { ...provider, '\ud800': 1 }, '/'],
])('half of a surrogate pair in %s is refused by name, before anything is stored', async (_what, body, path) => {
  const answer = await post(JSON.stringify(body))
  expect([answer.statusCode, answer.json().errors]).toEqual([
    400,
    [{ path, message: 'must be well-formed text' }],
  ])
})

test('an escaped pair is one character', async () => {
  const answer = await post(JSON.stringify(provider).replace('"App"', '"\\ud83d\\ude00"'))
  expect([answer.statusCode, answer.json().name]).toEqual([201, '😀'])
})
