import type { JobHelpers } from 'graphile-worker'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Accounts, password, refusal, startAccounts } from '../../test/accounts.ts'
import { accessTokenOf, addProvider, addUser, countWaiting, type TestApi } from '../../test/harness.ts'
import { holdLock } from '../../test/hold-lock.ts'
import { beginPurchase, completed, paymentOf, sendEvent } from '../../test/stripe-events.ts'
import { forgetOldRowsTask } from '../http/forget-old-rows.ts'

let accounts: Accounts
let api: TestApi
beforeAll(async () => {
  accounts = await startAccounts()
  api = accounts.api
})
afterAll(() => accounts.close())

const register = (more?: object) => accounts.register(more)
const open = (url: string, body: object) => accounts.open(url, body)
const login = (email: string, secret?: string) => accounts.login(email, secret)
const refresh = (refreshToken: string) => accounts.refresh(refreshToken)
const deliver = () => accounts.deliver()

test('sign-ins are listed with when and what, and ended one by one', async () => {
  const ada = await register()
  api.clock.advance({ minutes: 5 })
  const phone = await api.call('POST', '/auth/login', {
    body: { email: ada.email, password },
    headers: { 'user-agent': `Phone\u00e9 ${'x'.repeat(300)}` },
  })
  const signedInAt = api.clock.now().toISOString()
  api.clock.advance({ minutes: 5 })
  const second = await refresh(phone.body.refreshToken)
  const { items } = (await ada.call('GET', '/auth/sign-ins')).body
  expect(items).toHaveLength(2)
  expect(items[0]).toEqual({
    id: expect.stringMatching(/^fam_/),
    userAgent: expect.stringMatching(/^Phone x{10,}/),
    signedInAt,
    lastUsedAt: api.clock.now().toISOString(),
    expiresAt: expect.any(String),
  })
  expect(items[0].userAgent).toHaveLength(200)
  const page = (await ada.call('GET', '/auth/sign-ins?limit=1')).body
  const rest = (await ada.call('GET', `/auth/sign-ins?limit=1&cursor=${page.nextCursor}`)).body
  expect([page.items[0].id, rest.items[0].id, rest.nextCursor]).toEqual([items[0].id, items[1].id, null])

  const end = () => ada.call('DELETE', `/auth/sign-ins/${items[0].id}`)
  expect((await end()).status).toBe(204)
  expect(refusal(await end())).toEqual([404, 'sign_in_not_found'])
  expect((await refresh(second.body.refreshToken)).status).toBe(401)
  expect((await refresh(ada.refreshToken)).status).toBe(200)
  expect((await ada.call('GET', '/auth/sign-ins')).body.items).toHaveLength(1)
})

test('somebody else’s sign-in looks like none', async () => {
  const [ada, eve] = [await register(), await register()]
  const [signIn] = (await ada.call('GET', '/auth/sign-ins')).body.items
  const foreign = await eve.call('DELETE', `/auth/sign-ins/${signIn.id}`)
  const missing = await eve.call('DELETE', `/auth/sign-ins/fam_${'0'.repeat(26)}`)
  expect([refusal(foreign), refusal(missing)]).toEqual([
    [404, 'sign_in_not_found'],
    [404, 'sign_in_not_found'],
  ])
  expect((await refresh(ada.refreshToken)).status).toBe(200)
})

test('a successor that was written while its family was revoked stays dead when old rows are forgotten', async () => {
  const ada = await register()
  api.clock.advance({ minutes: 8 * 24 * 60 })
  const { refreshToken } = (await refresh(ada.refreshToken)).body
  // What such a race leaves: the revocation did not see the new row.
  await api.deps.db.batch.query(
    'update refresh_tokens set revoked_at = $2 where user_id = $1 and rotated_at is not null',
    [ada.id, api.clock.now()],
  )
  expect((await refresh(refreshToken)).status).toBe(401)
  api.clock.advance({ minutes: (29 * 24 + 12) * 60 })
  await forgetOldRowsTask(api.deps)({}, {} as JobHelpers)
  expect((await refresh(refreshToken)).status).toBe(401)
})

// -- the end of an account

test('a deleted account leaves nothing that says whose it was', async () => {
  const ada = await register({ displayName: 'Ada Lovelace' })
  await deliver()
  expect(refusal(await ada.call('POST', '/auth/account/delete', { currentPassword: 'x' }))).toEqual([
    403,
    'password_wrong',
  ])
  expect((await ada.call('POST', '/auth/account/delete', { currentPassword: password })).status).toBe(204)
  expect((await deliver()).map(({ to, subject }) => [to[0], subject])).toEqual([
    [ada.email, 'Your account was deleted'],
  ])
  for (const [method, url] of [
    ['GET', '/auth/profile'],
    ['GET', '/auth/email'],
    ['PATCH', '/auth/profile'],
    ['POST', '/tokens/purchase'],
  ] as const) {
    const body = { PATCH: { displayName: 'Back' }, POST: { tokens: 100 }, GET: undefined }[method]
    const answer = await ada.call(method, url, body)
    expect([url, answer.status]).toEqual([url, 401])
  }
  expect((await refresh(ada.refreshToken)).status).toBe(401)
  expect((await login(ada.email)).status).toBe(401)
  expect((await login(`deleted:${ada.id}`)).status).toBe(401)
  const [row] = await api.deps.db.batch.query<{ text: string }>(
    `select coalesce(string_agg(t::text, ' '), '') || (select u::text from users u where u.id = $1) as text
     from refresh_tokens t where t.user_id = $1`,
    [ada.id],
  )
  expect(row?.text).not.toMatch(/lovelace|person-/i)
  // The address is free again, for another account.
  expect((await open('/auth/register', { email: ada.email, password })).body.user.id).not.toBe(ada.id)
})

test('nobody can take the name that a deleted account will have', async () => {
  const ada = await register()
  const left = await register()
  await left.call('POST', '/auth/account/delete', { currentPassword: password })
  const [row] = await api.deps.db.batch.query<{ email: string }>('select email from users where id = $1', [
    left.id,
  ])
  const email = row!.email.replace(left.id, ada.id)
  expect(refusal(await open('/auth/register', { email, password }))).toEqual([400, 'validation_failed'])
})

const provider = {
  name: 'Nobody’s app',
  description: 'Of a deleted account',
  category: 'tools',
  launchUrl: 'https://app.example/',
  allowedOrigins: ['https://app.example'],
  tokensPerMinute: 4,
}

test('whoever still has an access token of a deleted account can neither buy nor register anything with it', async () => {
  const ada = await register()
  expect((await ada.call('POST', '/auth/account/delete', { currentPassword: password })).status).toBe(204)
  for (const [url, body] of [
    ['/tokens/purchase', { tokens: 100 }],
    ['/providers', provider],
  ] as const)
    expect([url, ...refusal(await ada.call('POST', url, body))]).toEqual([url, 401, 'unauthenticated'])
})

test('a provider that is registered while the account is being deleted is nobody’s, so there is none', async () => {
  const ada = await register()
  // Near the end of a deletion.
  const release = await holdLock(api, 'lock table provider_invitations in exclusive mode', [])
  const deleting = ada.call('POST', '/auth/account/delete', { currentPassword: password })
  await expect.poll(() => countWaiting(api)).toBe(1)
  const registering = ada.call('POST', '/providers', provider)
  await expect.poll(() => countWaiting(api)).toBe(2)
  await release()
  expect((await deleting).status).toBe(204)
  expect(refusal(await registering)).toEqual([401, 'unauthenticated'])
  expect(await api.deps.db.batch.query('select from providers where owner_id = $1', [ada.id])).toEqual([])
})

test('an account is not deleted while something hangs on it', async () => {
  const passwordHash = async (userId: string) => {
    const ada = await register()
    await api.deps.db.batch.query(
      'update users set password_hash = (select password_hash from users where id = $2) where id = $1',
      [userId, ada.id],
    )
  }
  const remove = async (userId: string, more: object = {}) =>
    api.call('POST', '/auth/account/delete', {
      token: await accessTokenOf(api, userId),
      body: { currentPassword: password, ...more },
    })
  const rich = await addUser(api, { tokens: 500 })
  const owner = await addUser(api)
  const operator = await addUser(api, { isOperator: true })
  for (const { id } of [rich, owner, operator]) await passwordHash(id)
  const providerId = await addProvider(api, { ownerId: owner.id })
  expect(refusal(await remove(owner.id))).toEqual([409, 'account_in_use'])
  expect(refusal(await remove(operator.id))).toEqual([409, 'account_in_use'])
  const session = await api.call('POST', '/sessions', {
    token: await accessTokenOf(api, rich.id),
    body: { providerId, durationMinutes: 10 },
  })
  expect((await remove(rich.id, { forfeitTokens: 500 })).body.detail).toMatch(/sessions/)
  await api.call('POST', `/api/v1/sessions/${session.body.session.id}/complete`, {
    token: await accessTokenOf(api, rich.id),
    body: {},
  })
  const left = await remove(rich.id)
  expect([...refusal(left), left.body.available]).toEqual([409, 'account_in_use', 500])
  expect((await remove(rich.id, { forfeitTokens: 499 })).status).toBe(409)
  expect((await remove(rich.id, { forfeitTokens: 500 })).status).toBe(204)
  await deliver()
})

test('an account is not deleted while a payment is on its way to it', async () => {
  const ada = await register()
  const remove = (more: object = {}) =>
    ada.call('POST', '/auth/account/delete', { currentPassword: password, ...more })
  const token = await accessTokenOf(api, ada.id)
  const [failing, paying] = [
    paymentOf(await beginPurchase(api, token, 100)),
    paymentOf(await beginPurchase(api, token, 100)),
  ]
  for (const payment of [failing, paying]) {
    await sendEvent(api, completed(payment, { payment_status: 'unpaid' }))
  }
  const failed = completed(failing, { payment_status: 'unpaid' })
  await sendEvent(api, { ...failed, type: 'checkout.session.async_payment_failed' })
  const early = await remove()
  expect([...refusal(early), early.body.detail]).toEqual([
    409,
    'account_in_use',
    expect.stringMatching(/on its way/),
  ])
  const paid = completed(paying)
  await sendEvent(api, { ...paid, type: 'checkout.session.async_payment_succeeded' })
  expect((await remove()).body.available).toBe(100)
  // One that was never heard of again does not keep the account.
  const lost = paymentOf(await beginPurchase(api, token, 100))
  await sendEvent(api, completed(lost, { payment_status: 'unpaid' }))
  expect((await remove({ forfeitTokens: 100 })).status).toBe(409)
  api.clock.advance({ hours: 30 * 24 })
  expect((await remove({ forfeitTokens: 100 })).status).toBe(204)
  await deliver()
})
