import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Accounts, type Person, refusal, startAccounts } from '../../test/accounts.ts'
import { accessTokenOf, addProvider } from '../../test/harness.ts'
import { tokenIn } from '../../test/mailbox.ts'
import { PUBLIC_TENANT_ID } from '../id.ts'

let accounts: Accounts
let owner: Person
let providerId: string
let base: string

beforeAll(async () => {
  accounts = await startAccounts()
  owner = await accounts.register({ displayName: 'Olga' })
  providerId = await addProvider(accounts.api, { ownerId: owner.id })
  base = `/providers/${providerId}`
  await accounts.deliver()
})
afterAll(() => accounts.close())

let count = 0
const freshEmail = () => {
  count += 1
  return `guest-${count}@example.com`
}
const invite = (email: string, role = 'developer', as = owner) =>
  as.call('POST', `${base}/invitations`, { email, role })
const find = (token: string) => accounts.open('/invitations/find', { token })

/** Invites somebody and reads what is mailed. */
async function inviteByMail(email: string, role = 'developer') {
  const { body } = await invite(email, role)
  const messages = await accounts.deliver()
  return { id: body.id as string, token: tokenIn(messages.find(({ to }) => to.includes(email))) }
}

describe('inviting', () => {
  test('gives whoever is on the team by another address no other role, and puts none on record', async () => {
    const { api } = accounts
    const guest = await accounts.register()
    await accounts.deliver()
    const first = await inviteByMail(guest.email, 'viewer')
    await guest.call('POST', '/invitations/accept', { token: first.token })
    api.clock.advance({ seconds: 1 })
    const email = freshEmail()
    const { token } = await inviteByMail(email, 'owner')
    await api.deps.db.batch.query('update users set email = $2, email_normalized = $2 where id = $1', [
      guest.id,
      email,
    ])
    const accepted = await guest.call('POST', '/invitations/accept', { token })
    expect(accepted.body.member.role).toBe('viewer')
    const [entry] = await api.deps.db.batch.query<{ after: { role: string } }>(
      `select after from audit_entries where actor_id = $1 order by id desc limit 1`,
      [guest.id],
    )
    expect(entry?.after.role).toBe('viewer')
  })

  test('mails a link that shows the app and joins its team, once', async () => {
    const email = freshEmail()
    const answer = await invite(email, 'developer')
    expect(answer).toMatchObject({
      status: 201,
      body: { email, role: 'developer', isExpired: false, lastSentAt: null },
    })
    const [message] = await accounts.deliver()
    const token = tokenIn(message)
    expect((await owner.call('GET', `${base}/invitations`)).body.items[0].lastSentAt).not.toBeNull()
    expect((await find(token)).body).toEqual({
      providerId,
      providerName: 'Focus timer',
      email,
      role: 'developer',
      expiresAt: answer.body.expiresAt,
    })
    const guest = await accounts.register({ email: email.toUpperCase() })
    expect((await guest.call('GET', `${base}/members`)).status).toBe(404)
    const joined = await guest.call('POST', '/invitations/accept', { token })
    expect(joined).toMatchObject({
      status: 200,
      body: { providerId, member: { userId: guest.id, role: 'developer', isPrimary: false } },
    })
    expect((await guest.call('GET', `${base}/members`)).status).toBe(200)
    expect(refusal(await guest.call('POST', '/invitations/accept', { token }))).toEqual([400, 'link_invalid'])
    expect(refusal(await find(token))).toEqual([400, 'link_invalid'])
    const pending = await owner.call('GET', `${base}/invitations`)
    expect(pending.body.items.map((each: { email: string }) => each.email)).not.toContain(email)
  })

  test('says the same, and mails the same, whether or not the address has an account', async () => {
    const known = await accounts.register()
    await accounts.deliver()
    const unknown = freshEmail()
    const answers = [await invite(known.email), await invite(unknown)]
    const shapes = answers.map(({ status, body }) => ({ status, ...body, id: '', email: '' }))
    expect(shapes[0]).toEqual(shapes[1])
    const messages = await accounts.deliver()
    const texts = messages.map(({ raw }) =>
      raw.slice(raw.indexOf('\r\n\r\n')).replace(/tml_[\w-]+|--_NmP[\w.-]+|boundary="[^"]*"/g, ''),
    )
    expect(messages).toHaveLength(2)
    expect(texts[0]).toBe(texts[1])
  })

  test('names no app and nobody unconfirmed in the mail: a stranger’s text is not carried to strangers', async () => {
    const email = freshEmail()
    await invite(email)
    const [message] = await accounts.deliver()
    expect(message?.raw).not.toContain('Focus timer')
    expect(message?.raw).not.toContain('Olga')
    expect(message?.raw).not.toContain(owner.email)
  })

  test('is refused for whoever is on the team, or was invited already', async () => {
    const email = freshEmail()
    await invite(email)
    expect(refusal(await invite(email.toUpperCase(), 'viewer'))).toEqual([409, 'already_invited'])
    expect(refusal(await invite(owner.email))).toEqual([409, 'already_member'])
  })

  test('refuses what is no address and no role', async () => {
    expect(refusal(await invite('nobody'))).toEqual([400, 'validation_failed'])
    expect(refusal(await invite(freshEmail(), 'admin'))).toEqual([400, 'validation_failed'])
  })

  test('writes to one address five times a day, whoever asks and however often it is taken back', async () => {
    const email = freshEmail()
    for (let i = 0; i < 5; i += 1) {
      const { status, body } = await invite(email)
      expect(status).toBe(201)
      await owner.call('DELETE', `${base}/invitations/${body.id}`)
    }
    const refused = await invite(email)
    expect(refusal(refused)).toEqual([429, 'rate_limited'])
    expect(refused.headers['retry-after']).toBeDefined()
    accounts.api.clock.advance({ hours: 25 })
    expect((await invite(email)).status).toBe(201)
    await accounts.deliver()
  })

  test('goes on until the team and its open invitations are 50, and one that ran out comes back only into a gap', async () => {
    const id = await addProvider(accounts.api, { ownerId: owner.id })
    const { now } = accounts.api.clock
    const path = `/providers/${id}/invitations`
    const ask = (email: string) => owner.call('POST', path, { email, role: 'viewer' })
    const { body: old } = await ask(freshEmail())
    accounts.api.clock.advance({ hours: 8 * 24 })
    await accounts.api.deps.db.inTenant(PUBLIC_TENANT_ID, (tx) =>
      tx.query(
        `insert into provider_invitations (id, provider_id, email, email_normalized, role, invited_by, created_at, expires_at)
         select 'inv_' || n, $1, n || '@full.example', n || '@full.example', 'viewer', $2, $3, $4
         from generate_series(1, 48) n`,
        [id, owner.id, now(), new Date(now().getTime() + 86_400_000)],
      ),
    )
    const { body: last } = await ask(freshEmail())
    expect(refusal(await ask(freshEmail()))).toEqual([409, 'limit_reached'])
    const resend = () => owner.call('POST', `${path}/${old.id}/resend`)
    expect(refusal(await resend())).toEqual([409, 'limit_reached'])
    expect((await owner.call('POST', `${path}/${last.id}/resend`)).status).toBe(200)
    await owner.call('DELETE', `${path}/${last.id}`)
    expect((await resend()).body).toMatchObject({ id: old.id, isExpired: false })
    await accounts.deliver()
  })

  test('that came too often is not the answer for ever: the same request may come again', async () => {
    const email = freshEmail()
    for (let i = 0; i < 5; i += 1)
      await owner.call('DELETE', `${base}/invitations/${(await invite(email)).body.id}`)
    accounts.api.clock.advance({ hours: 23 })
    const repeat = async () =>
      accounts.api.call('POST', `${base}/invitations`, {
        token: await accessTokenOf(accounts.api, owner.id),
        headers: { 'idempotency-key': `invite-${email}` },
        body: { email, role: 'viewer' },
      })
    expect((await repeat()).status).toBe(429)
    accounts.api.clock.advance({ hours: 2 })
    expect((await repeat()).status).toBe(201)
    await accounts.deliver()
  })
})

describe('a link', () => {
  test('joins nobody but the account with that address, and is not used up by others', async () => {
    const email = freshEmail()
    const { token } = await inviteByMail(email)
    const other = await accounts.register()
    expect(refusal(await other.call('POST', '/invitations/accept', { token }))).toEqual([
      403,
      'invitation_for_other_address',
    ])
    expect((await other.call('GET', `${base}/members`)).status).toBe(404)
    const guest = await accounts.register({ email })
    expect((await guest.call('POST', '/invitations/accept', { token })).status).toBe(200)
  })

  test('ends after seven days, and comes back with all of them when it is sent again', async () => {
    const email = freshEmail()
    const { id, token } = await inviteByMail(email)
    const guest = await accounts.register({ email })
    accounts.api.clock.advance({ hours: 7 * 24 })
    expect(refusal(await find(token))).toEqual([400, 'link_invalid'])
    expect(refusal(await guest.call('POST', '/invitations/accept', { token }))).toEqual([400, 'link_invalid'])
    const { body } = await owner.call('GET', `${base}/invitations`)
    expect(body.items.find((each: { id: string }) => each.id === id)).toMatchObject({ isExpired: true })
    await accounts.deliver()
    expect((await owner.call('POST', `${base}/invitations/${id}/resend`)).body.isExpired).toBe(false)
    const [message] = await accounts.deliver()
    const next = tokenIn(message)
    expect(next).not.toBe(token)
    expect((await guest.call('POST', '/invitations/accept', { token: next })).status).toBe(200)
  })

  test('works no more once a newer one was sent, or it was taken back', async () => {
    const { id, token } = await inviteByMail(freshEmail())
    await owner.call('POST', `${base}/invitations/${id}/resend`)
    const [message] = await accounts.deliver()
    expect(refusal(await find(token))).toEqual([400, 'link_invalid'])
    expect((await find(tokenIn(message))).status).toBe(200)
    expect((await owner.call('DELETE', `${base}/invitations/${id}`)).status).toBe(204)
    expect(refusal(await find(tokenIn(message)))).toEqual([400, 'link_invalid'])
    expect(refusal(await owner.call('DELETE', `${base}/invitations/${id}`))).toEqual([
      404,
      'invitation_not_found',
    ])
  })

  test('of an owner who is removed works no more: nobody comes back by another address', async () => {
    const email = freshEmail()
    const { token } = await inviteByMail(email, 'owner')
    const second = await accounts.register({ email })
    await second.call('POST', '/invitations/accept', { token })
    const backdoor = freshEmail()
    expect((await invite(backdoor, 'owner', second)).status).toBe(201)
    const [message] = await accounts.deliver().then((all) => all.filter(({ to }) => to.includes(backdoor)))
    await owner.call('DELETE', `${base}/members/${second.id}`)
    expect(refusal(await find(tokenIn(message)))).toEqual([400, 'link_invalid'])
  })

  test('joins once when it is opened twice at the same moment', async () => {
    const email = freshEmail()
    const { token } = await inviteByMail(email)
    const guest = await accounts.register({ email })
    const answers = await Promise.all(
      [1, 2, 3].map(() => guest.call('POST', '/invitations/accept', { token })),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400])
  })
})

test('what ran out a month ago is forgotten, with its address', async () => {
  const email = freshEmail()
  await invite(email)
  accounts.api.clock.advance({ hours: 24 * 38 })
  const { createTasks } = await import('../worker.ts')
  await createTasks(accounts.api.deps)['forget-invitations']?.({}, {} as never)
  const rows = await accounts.api.deps.db.batch.query(
    'select from provider_invitations where email = $1 union all select from invitation_mails',
    [email],
  )
  expect(rows).toEqual([])
})
