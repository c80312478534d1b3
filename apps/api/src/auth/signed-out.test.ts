import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Accounts, addOperator, password, refusal, startAccounts } from '../../test/accounts.ts'
import { accessTokenOf, type TestApi } from '../../test/harness.ts'
import { tokenIn } from '../../test/mailbox.ts'
import { createSignedOut } from './signed-out.ts'

let accounts: Accounts
let api: TestApi
let operator: Awaited<ReturnType<typeof addOperator>>
beforeAll(async () => {
  accounts = await startAccounts()
  api = accounts.api
  operator = await addOperator(api)
})
afterAll(() => accounts.close())

test('an operator ends every sign-in of a person, and what they were given before is void at once', async () => {
  const [ada, bob] = [await accounts.register(), await accounts.register()]
  const { accessToken, refreshToken } = (await accounts.login(ada.email)).body
  const others = await accessTokenOf(api, bob.id)
  expect((await accounts.profile(accessToken)).status).toBe(200)

  const answer = await operator.signOut(ada.id)
  expect([answer.status, answer.body]).toEqual([200, { endedCount: 2 }])
  expect(refusal(await accounts.profile(accessToken))).toEqual([401, 'unauthenticated'])
  expect((await accounts.refresh(refreshToken)).status).toBe(401)
  expect((await accounts.refresh(ada.refreshToken)).status).toBe(401)
  expect((await accounts.profile(others)).status).toBe(200)

  const [mail] = (await accounts.deliver()).filter(({ subject }) => /signed out/.test(subject))
  expect(mail?.to).toEqual([ada.email])
  const [entry] = (
    await api.call('GET', `/operators/audit?subjectId=${ada.id}`, {
      token: await accessTokenOf(api, operator.id),
    })
  ).body.items
  expect(entry).toMatchObject({
    action: 'user.sign_out',
    actorId: operator.id,
    reason: 'Sign-ins from abroad',
    after: { endedCount: 2 },
  })
})

test('whoever signs in again within the same second gets a token that works', async () => {
  const ada = await accounts.register()
  await operator.signOut(ada.id)
  const { accessToken } = (await accounts.login(ada.email)).body
  expect((await accounts.profile(accessToken)).status).toBe(200)
  api.clock.advance({ minutes: 14 })
  expect((await accounts.profile(accessToken)).status).toBe(200)
})

test('another instance learns of it within a second', async () => {
  const ada = await accounts.register()
  const issuedAtSeconds = Math.floor(api.clock.now().getTime() / 1000)
  const elsewhere = createSignedOut({ db: api.deps.db, clock: api.clock.now })
  expect(await elsewhere.isVoid({ userId: ada.id, issuedAtSeconds })).toBe(false)
  await operator.signOut(ada.id)
  await expect
    .poll(() => elsewhere.isVoid({ userId: ada.id, issuedAtSeconds }), { timeout: 10_000 })
    .toBe(true)
})

test('what was read before a sign-out and answered after it does not count', async () => {
  const ada = await accounts.register()
  const issuedAtSeconds = Math.floor(api.clock.now().getTime() / 1000)
  const { db } = api.deps
  const answers: (() => void)[] = []
  const query: typeof db.batch.query = async (sql, values) => {
    const rows = await db.batch.query<never>(sql, values)
    await new Promise<void>((resolve) => answers.push(resolve))
    return rows
  }
  const slow = createSignedOut({ db: { ...db, batch: { query } }, clock: api.clock.now })
  const before = slow.isVoid({ userId: ada.id, issuedAtSeconds })
  await expect.poll(() => answers.length).toBe(1)
  await operator.signOut(ada.id)
  slow.forget()
  const after = slow.isVoid({ userId: ada.id, issuedAtSeconds })
  await expect.poll(() => answers.length).toBe(2)
  answers[1]?.()
  expect(await after).toBe(true)
  answers[0]?.()
  expect(await before).toBe(true)
  expect(await slow.isVoid({ userId: ada.id, issuedAtSeconds })).toBe(true)
})

test('a password chosen by a mailed link voids the access tokens of whoever was in the account', async () => {
  const ada = await accounts.register()
  const { accessToken } = (await accounts.login(ada.email)).body
  await accounts.open('/auth/password/reset-request', { email: ada.email })
  const mail = (await accounts.deliver()).find(({ subject }) => /new password/.test(subject))
  const token = tokenIn(mail)
  const newPassword = 'a different one'
  expect((await accounts.open('/auth/password/reset', { token, newPassword })).status).toBe(204)
  expect((await accounts.profile(accessToken)).status).toBe(401)
  const again = (await accounts.login(ada.email, newPassword)).body
  expect((await accounts.profile(again.accessToken)).status).toBe(200)
})

test('a sign-out of one’s own lets the access token run out', async () => {
  const ada = await accounts.register()
  const { accessToken, refreshToken } = (await accounts.login(ada.email)).body
  const logout = await api.call('POST', '/auth/logout', { token: accessToken, body: { refreshToken } })
  expect(logout.status).toBe(204)
  expect((await accounts.refresh(refreshToken)).status).toBe(401)
  expect((await accounts.profile(accessToken)).status).toBe(200)
  api.clock.advance({ minutes: 15 })
  expect((await accounts.profile(accessToken)).status).toBe(401)
})

test('nobody but an operator signs somebody out, and nobody who does not exist', async () => {
  const ada = await accounts.register()
  const foreign = await api.call('POST', `/operators/users/${ada.id}/sign-out`, {
    token: await accessTokenOf(api, ada.id),
    body: { reason: 'x' },
  })
  expect(refusal(foreign)).toEqual([404, 'not_found'])
  expect(refusal(await operator.signOut(`usr_${'0'.repeat(26)}`))).toEqual([404, 'not_found'])
  expect(refusal(await operator.signOut(ada.id, {}))).toEqual([400, 'validation_failed'])
  expect(refusal(await operator.signOut(ada.id, { reason: 'two\nlines' }))).toEqual([
    400,
    'validation_failed',
  ])
  await ada.call('POST', '/auth/account/delete', { currentPassword: password })
  expect(refusal(await operator.signOut(ada.id))).toEqual([404, 'not_found'])
})
