import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApi, type TestApi } from '../../test/harness.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi({ env: { RATE_LIMIT_FACTOR: '1' } })
})
afterAll(() => api.close())

const password = 'correct horse battery'

test('who holds a stolen access token cannot guess the password with it', async () => {
  const email = 'guessed@example.com'
  const { body } = await api.call('POST', '/auth/register', { body: { email, password } })
  const guess = (currentPassword: string) =>
    api.call('POST', '/auth/password', {
      token: body.accessToken,
      body: { currentPassword, newPassword: 'mine from now on' },
    })
  const answers = await Promise.all(Array.from({ length: 25 }, (_, i) => guess(`guess number ${i}`)))
  expect(answers.filter(({ status }) => status === 403)).toHaveLength(20)
  expect(answers.filter(({ status }) => status === 429)).toHaveLength(5)
  expect((await guess(password)).status).toBe(429)
  // The owner still signs in: the two counts are apart.
  expect((await api.call('POST', '/auth/login', { body: { email, password } })).status).toBe(200)
})

test('however an address is written, it is one account to guess at', async () => {
  await api.call('POST', '/auth/register', { body: { email: 'one@example.com', password } })
  const login = (email: string, guess: string) =>
    api.call('POST', '/auth/login', { body: { email, password: guess } })
  const spellings = ['one@example.com', ' ONE@Example.com ', 'ｏｎｅ@example.com', 'one@ｅｘａｍｐｌｅ。com']
  for (const spelling of spellings) expect((await login(spelling, password)).status).toBe(200)
  for (let n = 0; n < 20; n += 1) {
    expect((await login(spellings[n % spellings.length]!, 'wrong password')).status).toBe(401)
  }
  for (const spelling of spellings) expect((await login(spelling, password)).status).toBe(429)
})

test.each([
  '/1',
  '?1',
  '#1',
  ':1',
  '\\1',
  '\u00ad',
  '\t.',
])('an address with %j at its end is nobody’s, and no further account to guess at', async (end) => {
  await api.call('POST', '/auth/register', { body: { email: 'two@example.com', password } })
  const body = { email: `two@example.com${end}`, password }
  expect((await api.call('POST', '/auth/login', { body })).body.code).toBe('invalid_credentials')
})

test('asking for a reset does not clear the count of wrong guesses', async () => {
  const email = 'reset-and-guess@example.com'
  await api.call('POST', '/auth/register', { body: { email, password } })
  const guess = () => api.call('POST', '/auth/login', { body: { email, password: 'wrong password' } })
  for (let i = 0; i < 20; i += 1) expect((await guess()).status).toBe(401)
  expect((await api.call('POST', '/auth/password/reset-request', { body: { email } })).status).toBe(202)
  expect((await guess()).status).toBe(429)
})
