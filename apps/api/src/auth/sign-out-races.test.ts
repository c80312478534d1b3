import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Accounts, addOperator, refusal, startAccounts } from '../../test/accounts.ts'
import { countWaiting, type TestApi } from '../../test/harness.ts'
import { holdLock } from '../../test/hold-lock.ts'

let accounts: Accounts
let api: TestApi
let operator: Awaited<ReturnType<typeof addOperator>>
beforeAll(async () => {
  accounts = await startAccounts()
  api = accounts.api
  operator = await addOperator(api)
})
afterAll(() => accounts.close())

const areWaiting = (count: number) => expect.poll(() => countWaiting(api)).toBe(count)

test('a refresh that meets a sign-out under way gets nothing', async () => {
  const ada = await accounts.register()
  // Written last by the sign-out.
  const release = await holdLock(api, 'lock table audit_entries in exclusive mode', [])
  const signingOut = operator.signOut(ada.id)
  await areWaiting(1)
  const refreshing = accounts.refresh(ada.refreshToken)
  await areWaiting(2)
  await release()
  expect((await signingOut).body).toEqual({ endedCount: 1 })
  expect(refusal(await refreshing)).toEqual([401, 'refresh_token_invalid'])
})

test('a refresh that meets the end of its own sign-in gets nothing', async () => {
  const ada = await accounts.register()
  const [{ id }] = (await ada.call('GET', '/auth/sign-ins')).body.items
  const release = await holdLock(api, 'select from refresh_tokens where family_id = $1 for update', [id])
  const ending = ada.call('DELETE', `/auth/sign-ins/${id}`)
  await areWaiting(1)
  const refreshing = accounts.refresh(ada.refreshToken)
  await areWaiting(2)
  await release()
  expect((await ending).status).toBe(204)
  expect(refusal(await refreshing)).toEqual([401, 'refresh_token_invalid'])
})

test('a refresh that waits for its user holds no token that a sign-out would wait for', async () => {
  const ada = await accounts.register()
  const release = await holdLock(api, 'select from users where id = $1 for update', [ada.id])
  const refreshing = accounts.refresh(ada.refreshToken)
  await areWaiting(1)
  const free = await api.deps.db.batch.query(
    'select from refresh_tokens where user_id = $1 for update skip locked',
    [ada.id],
  )
  expect(free).toHaveLength(1)
  await release()
  expect((await refreshing).status).toBe(200)
})

test('what is given out while a sign-out waits for its turn is void, too', async () => {
  const ada = await accounts.register()
  const release = await holdLock(api, 'select from users where id = $1 for share', [ada.id])
  const signingOut = operator.signOut(ada.id)
  await areWaiting(1)
  api.clock.advance({ seconds: 2 })
  const { body } = await accounts.refresh(ada.refreshToken)
  expect((await accounts.profile(body.accessToken)).status).toBe(200)
  await release()
  expect((await signingOut).body).toEqual({ endedCount: 1 })
  expect(refusal(await accounts.profile(body.accessToken))).toEqual([401, 'unauthenticated'])
})

test('a second sign-out within the same second voids what was given out between the two', async () => {
  const ada = await accounts.register()
  await operator.signOut(ada.id)
  const { accessToken } = (await accounts.login(ada.email)).body
  expect((await accounts.profile(accessToken)).status).toBe(200)
  await operator.signOut(ada.id)
  expect(refusal(await accounts.profile(accessToken))).toEqual([401, 'unauthenticated'])
  const again = (await accounts.login(ada.email)).body
  expect((await accounts.profile(again.accessToken)).status).toBe(200)
})

test('an access token is dated by when its sign-in was written, however late it is signed', async () => {
  const ada = await accounts.register()
  const release = await holdLock(api, 'lock table refresh_tokens in exclusive mode', [])
  const refreshing = accounts.refresh(ada.refreshToken)
  await areWaiting(1)
  const began = Math.floor(api.clock.now().getTime() / 1_000)
  api.clock.advance({ seconds: 2 })
  await release()
  const { accessToken } = (await refreshing).body
  expect((await api.deps.keys.verify(accessToken, 'at+jwt')).iat).toBe(began)
})
