import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Accounts, password, refusal, startAccounts } from '../../test/accounts.ts'
import { countWaiting, type TestApi } from '../../test/harness.ts'
import { holdLock } from '../../test/hold-lock.ts'
import { tokenIn } from '../../test/mailbox.ts'

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
const askReset = (email: string) => open('/auth/password/reset-request', { email })
const reset = (token: string, newPassword = 'another good one') =>
  open('/auth/password/reset', { token, newPassword })

// -- addresses

test('a new account works at once, and its link confirms the address', async () => {
  const ada = await register({ displayName: 'Ada' })
  expect((await ada.call('GET', '/auth/email')).body).toEqual({
    email: ada.email,
    emailVerified: false,
    pendingEmail: null,
  })
  expect((await ada.call('POST', '/tokens/purchase', { tokens: 100 })).status).toBe(201)
  const [message, ...more] = await deliver()
  expect(more).toEqual([])
  expect(message).toMatchObject({ to: [ada.email], subject: 'Confirm your e-mail address' })
  expect(message?.raw).toContain('http://localhost:4001/#/verify-email?token=tml_')
  // A name is whatever a stranger typed beside somebody's address.
  expect(message?.raw).not.toContain('Ada')
  const verified = await open('/auth/email/verify', { token: tokenIn(message) })
  expect([verified.status, verified.body]).toEqual([
    200,
    { email: ada.email, emailVerified: true, pendingEmail: null },
  ])
  expect(refusal(await open('/auth/email/verify', { token: tokenIn(message) }))).toEqual([
    400,
    'link_invalid',
  ])
  await ada.call('POST', '/auth/email/resend')
  expect(await deliver()).toEqual([])
})

test('asking for a mail is answered without a body, as documented', async () => {
  const ada = await register()
  for (const answer of [await askReset(ada.email), await ada.call('POST', '/auth/email/resend')]) {
    expect([answer.status, answer.text, answer.headers['content-type']]).toEqual([202, '', undefined])
  }
})

test('a link to confirm lives a day, and three are sent in an hour', async () => {
  const ada = await register()
  const [first] = await deliver()
  for (let i = 0; i < 4; i += 1) expect((await ada.call('POST', '/auth/email/resend')).status).toBe(202)
  expect(await deliver()).toHaveLength(2)
  api.clock.advance({ hours: 24 })
  expect(refusal(await open('/auth/email/verify', { token: tokenIn(first) }))).toEqual([400, 'link_invalid'])
  await ada.call('POST', '/auth/email/resend')
  expect(await deliver()).toHaveLength(1)
})

test('while the SMTP server refuses nothing is lost, and a link that was not sent is none', async () => {
  await register()
  accounts.mailbox.isBroken = true
  expect(await deliver()).toEqual([])
  const links = () => api.deps.db.batch.query('select from mailed_links')
  const before = (await links()).length
  accounts.mailbox.isBroken = false
  await runAtOnce()
  const [message] = await deliver()
  expect(tokenIn(message)).toMatch(/^tml_/)
  expect((await links()).length).toBe(before + 1)
})

test('an address changes when the new one is confirmed, not before', async () => {
  const ada = await register()
  await deliver()
  const newEmail = `new-${ada.email}`
  const ask = (currentPassword: string, to = newEmail) =>
    ada.call('POST', '/auth/email', { currentPassword, newEmail: to })
  expect(refusal(await ask('wrong password'))).toEqual([403, 'password_wrong'])
  expect((await ask(password, 'nonsense')).body.errors[0].path).toBe('/newEmail')
  expect((await ask(password)).body).toEqual({
    email: ada.email,
    emailVerified: false,
    pendingEmail: newEmail,
  })
  const messages = await deliver()
  expect(messages.map(({ to, subject }) => [to[0], subject]).sort()).toEqual(
    [
      [ada.email, 'A new e-mail address was asked for'],
      [newEmail, 'Confirm your e-mail address'],
    ].sort(),
  )
  expect((await login(ada.email)).status).toBe(200)
  const token = tokenIn(messages.find(({ to }) => to[0] === newEmail))
  expect((await open('/auth/email/verify', { token })).body).toEqual({
    email: newEmail,
    emailVerified: true,
    pendingEmail: null,
  })
  expect((await login(ada.email)).status).toBe(401)
  expect((await login(newEmail)).body.user.id).toBe(ada.id)
})

test('who had the address hears of what was done to the account, also where it is another’s or gone by then', async () => {
  const ada = await register()
  await deliver()
  const newEmail = `thief-${ada.email}`
  const changed = { currentPassword: password, newPassword: 'a better password' }
  expect((await ada.call('POST', '/auth/password', changed)).status).toBe(204)
  await ada.call('POST', '/auth/email', { currentPassword: changed.newPassword, newEmail })
  // Confirmed before the messages of before have left.
  await api.deps.db.batch.query(
    `update users set email = pending_email, email_normalized = pending_email_normalized, email_verified_at = $2,
       pending_email = null, pending_email_normalized = null where id = $1`,
    [ada.id, api.clock.now()],
  )
  const currentPassword = changed.newPassword
  expect((await ada.call('POST', '/auth/account/delete', { currentPassword })).status).toBe(204)
  expect((await deliver()).map(({ to, subject }) => [to[0], subject]).sort()).toEqual([
    [ada.email, 'A new e-mail address was asked for'],
    [ada.email, 'Your password was changed'],
    [newEmail, 'Your account was deleted'],
  ])
})

test('an address asked for and replaced, called off or taken meanwhile is not confirmed', async () => {
  const ada = await register()
  await deliver()
  const ask = (newEmail: string) => ada.call('POST', '/auth/email', { currentPassword: password, newEmail })
  const linkTo = async (address: string) => tokenIn((await deliver()).find(({ to }) => to[0] === address))
  await ask('first-choice@example.com')
  const first = await linkTo('first-choice@example.com')
  await ask('second-choice@example.com')
  const second = await linkTo('second-choice@example.com')
  expect(refusal(await open('/auth/email/verify', { token: first }))).toEqual([400, 'link_invalid'])
  await open('/auth/register', { email: 'Second-Choice@example.com', password })
  expect(refusal(await open('/auth/email/verify', { token: second }))).toEqual([409, 'email_taken'])
  expect(refusal(await ask('second-choice@example.com'))).toEqual([409, 'email_taken'])
  await ask(ada.email.toUpperCase())
  expect((await ada.call('GET', '/auth/email')).body).toMatchObject({
    email: ada.email.toUpperCase(),
    pendingEmail: null,
  })
  await deliver()
})

// -- passwords

test('a changed password ends the other sign-ins and keeps this one', async () => {
  const ada = await register()
  const other = await login(ada.email)
  await deliver()
  const changed = await ada.call('POST', '/auth/password', {
    currentPassword: password,
    newPassword: 'a better password',
    refreshToken: ada.refreshToken,
  })
  expect(changed.status).toBe(204)
  expect((await refresh(other.body.refreshToken)).status).toBe(401)
  expect((await refresh(ada.refreshToken)).status).toBe(200)
  expect((await login(ada.email)).status).toBe(401)
  expect((await login(ada.email, 'a better password')).status).toBe(200)
  expect((await deliver()).map(({ subject }) => subject)).toEqual(['Your password was changed'])
})

test('without a refresh token, or with another’s or an old one, every sign-in ends', async () => {
  const stranger = await register()
  for (const kept of [undefined, stranger.refreshToken, 'used'] as const) {
    const ada = await register()
    const second = await refresh(ada.refreshToken)
    const refreshToken = kept === 'used' ? ada.refreshToken : kept
    const newPassword = 'a better password'
    await ada.call('POST', '/auth/password', {
      currentPassword: password,
      newPassword,
      ...(refreshToken && { refreshToken }),
    })
    expect((await refresh(second.body.refreshToken)).status).toBe(401)
  }
  expect((await refresh(stranger.refreshToken)).status).toBe(200)
})

test('the current password is asked for', async () => {
  const ada = await register()
  const change = (body: object) => ada.call('POST', '/auth/password', body)
  const wrong = await change({ currentPassword: 'wrong password', newPassword: 'a better password' })
  expect(refusal(wrong)).toEqual([403, 'password_wrong'])
  for (const [body, path] of [
    [{ currentPassword: password, newPassword: 'short' }, '/newPassword'],
    [{ currentPassword: password, newPassword: 'passwor\ud800' }, '/newPassword'],
    [{ newPassword: 'a better password' }, '/currentPassword'],
  ] as const) {
    expect((await change(body)).body.errors[0].path).toBe(path)
  }
  expect((await login(ada.email)).status).toBe(200)
})

test('a sign-in that races with a change of the password does not outlive it', async () => {
  const ada = await register()
  const [changed, ...signIns] = await Promise.all([
    ada.call('POST', '/auth/password', { currentPassword: password, newPassword: 'a better password' }),
    ...Array.from({ length: 6 }, () => login(ada.email)),
  ])
  expect(changed?.status).toBe(204)
  for (const { status, body } of signIns) {
    if (status === 200) expect((await refresh(body.refreshToken)).status).toBe(401)
  }
})

test('of two changes that race with one current password one wins', async () => {
  const ada = await register()
  const answers = await Promise.all(
    ['first new password', 'second new password'].map((newPassword) =>
      ada.call('POST', '/auth/password', { currentPassword: password, newPassword }),
    ),
  )
  expect(answers.map(({ status }) => status).sort()).toEqual([204, 403])
})

test('a forgotten password is chosen anew by a link, once', async () => {
  const ada = await register({ displayName: 'Ada' })
  await deliver()
  expect((await askReset(ada.email.toUpperCase())).status).toBe(202)
  const [message] = await deliver()
  expect(message).toMatchObject({ to: [ada.email], subject: 'Choose a new password' })
  const token = tokenIn(message)
  const answers = await Promise.all(Array.from({ length: 5 }, () => reset(token)))
  expect(answers.map(({ status }) => status).sort()).toEqual([204, 400, 400, 400, 400])
  expect((await login(ada.email)).status).toBe(401)
  expect((await login(ada.email, 'another good one')).status).toBe(200)
  expect((await refresh(ada.refreshToken)).status).toBe(401)
  api.clock.advance({ seconds: 1 })
  expect((await ada.call('GET', '/auth/email')).body.emailVerified).toBe(true)
  await deliver()
})

test('of two links of one account that are opened at once neither is held while the other waits', async () => {
  const ada = await register()
  await deliver()
  await askReset(ada.email)
  await askReset(ada.email)
  const [first, second] = (await deliver()).map(tokenIn) as [string, string]
  const release = await holdLock(api, 'select from users where id = $1 for update', [ada.id])
  const resets = [reset(first), reset(second)]
  await expect.poll(() => countWaiting(api)).toBe(2)
  const free = await api.deps.db.batch.query(
    `select from mailed_links where user_id = $1 and purpose = 'reset_password' for update skip locked`,
    [ada.id],
  )
  expect(free).toHaveLength(2)
  await release()
  // The first voids the other.
  expect((await Promise.all(resets)).map(({ status }) => status).sort()).toEqual([204, 400])
})

test('a reset link lives an hour, and dies with a change of password or address', async () => {
  const ada = await register()
  await deliver()
  const link = async () => {
    api.clock.advance({ minutes: 61 })
    await askReset(ada.email)
    return tokenIn((await deliver())[0])
  }
  const late = await link()
  api.clock.advance({ minutes: 60 })
  expect(refusal(await reset(late))).toEqual([400, 'link_invalid'])
  const older = await link()
  await ada.call('POST', '/auth/password', { currentPassword: password, newPassword: 'a better password' })
  await deliver()
  expect(refusal(await reset(older))).toEqual([400, 'link_invalid'])
  const toOldAddress = await link()
  const newEmail = `moved-${ada.email}`
  await ada.call('POST', '/auth/email', { currentPassword: 'a better password', newEmail })
  const token = tokenIn((await deliver()).find(({ to }) => to[0] === newEmail))
  await open('/auth/email/verify', { token })
  expect(refusal(await reset(toOldAddress))).toEqual([400, 'link_invalid'])
})

test('a link of one kind does nothing of the other', async () => {
  await register()
  const token = tokenIn((await deliver())[0])
  expect(refusal(await reset(token))).toEqual([400, 'link_invalid'])
  expect(refusal(await reset('tml_nobody'))).toEqual([400, 'link_invalid'])
})

test('whether an address has an account shows neither in the answer nor in what it costs', async () => {
  const ada = await register()
  const bare = ({ requestId, date, ...headers }: Record<string, unknown>) => Object.keys(headers).sort()
  const [known, unknown] = [await askReset(ada.email), await askReset('nobody-here@example.com')]
  expect([unknown.status, unknown.text, bare(unknown.headers)]).toEqual([
    known.status,
    known.text,
    bare(known.headers),
  ])
  // The very same statements: the request looks up nothing.
  const queued = await readQueue()
  expect(queued.map(({ kind }) => kind).filter((kind) => kind === 'reset_password')).toHaveLength(2)
  expect(JSON.stringify(queued)).not.toContain('tml_')
  const sent = await deliver()
  expect(sent.filter(({ subject }) => subject === 'Choose a new password').map(({ to }) => to)).toEqual([
    [ada.email],
  ])
})

test('only hashes of links are stored', async () => {
  await register()
  const token = tokenIn((await deliver())[0])
  const rows = await api.deps.db.batch.query<{ text: string }>('select l::text as text from mailed_links l')
  expect(rows.length).toBeGreaterThan(0)
  for (const { text } of rows) expect(text).not.toContain(token.slice(4))
})

// The queue's tables are closed to our roles: a connection of its owner looks.
async function asOwner<Row extends object>(sql: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: api.databaseUrl })
  await client.connect()
  try {
    return (await client.query<Row>(sql)).rows
  } finally {
    await client.end()
  }
}
const readQueue = async () =>
  (await asOwner<{ payload: { kind: string } }>('select payload from graphile_worker._private_jobs')).map(
    ({ payload }) => payload,
  )
/** What failed waits for its next try; this makes it due. */
const runAtOnce = () => asOwner('update graphile_worker._private_jobs set run_at = now()')
