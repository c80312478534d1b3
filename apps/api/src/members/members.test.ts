import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Accounts, type Person, password, refusal, startAccounts } from '../../test/accounts.ts'
import { addProvider, addUser, countWaiting } from '../../test/harness.ts'
import { holdLock } from '../../test/hold-lock.ts'
import { PUBLIC_TENANT_ID } from '../id.ts'
import type { MemberRole } from '../providers/member-role.ts'

let accounts: Accounts
let owner: Person
let developer: Person
let viewer: Person
let providerId: string
let base: string

beforeAll(async () => {
  accounts = await startAccounts()
})
afterAll(() => accounts.close())

const join = (person: Person, role: MemberRole) =>
  accounts.api.deps.db.inTenant(PUBLIC_TENANT_ID, (tx) =>
    tx.query(
      'insert into provider_members (provider_id, user_id, role, created_at) values ($1, $2, $3, $4)',
      [providerId, person.id, role, accounts.api.clock.now()],
    ),
  )

/** Each a moment after the one before, so that their ids are in order. */
async function registerNext() {
  accounts.api.clock.advance({ seconds: 1 })
  return accounts.register()
}

beforeEach(async () => {
  owner = await registerNext()
  developer = await registerNext()
  viewer = await registerNext()
  providerId = await addProvider(accounts.api, { ownerId: owner.id })
  base = `/providers/${providerId}`
  await join(developer, 'developer')
  await join(viewer, 'viewer')
})

const roles = async (as = owner) =>
  Object.fromEntries(
    (await as.call('GET', `${base}/members`)).body.items.map((each: { userId: string; role: string }) => [
      each.userId,
      each.role,
    ]),
  )
const setRole = (as: Person, who: Person, role: string) =>
  as.call('PATCH', `${base}/members/${who.id}`, { role })
const remove = (as: Person, who: Person) => as.call('DELETE', `${base}/members/${who.id}`)

test('everybody on the team sees who is on it, page by page, with the keys they made', async () => {
  await developer.call('POST', `${base}/api-keys`, { name: 'K', scopes: ['sessions:read'], mode: 'live' })
  const { body } = await viewer.call('GET', `${base}/members?limit=2`)
  expect(body.items).toEqual([
    expect.objectContaining({ userId: owner.id, role: 'owner', isPrimary: true, emailVerified: false }),
    expect.objectContaining({ userId: developer.id, role: 'developer', isPrimary: false, workingKeys: 1 }),
  ])
  const next = await viewer.call('GET', `${base}/members?limit=2&cursor=${body.nextCursor}`)
  expect(next.body).toMatchObject({ items: [{ userId: viewer.id }], nextCursor: null })
})

test('GET /providers/mine lists what one is on the team of, and as what', async () => {
  accounts.api.clock.advance({ seconds: 1 })
  const own = await addProvider(accounts.api, { ownerId: viewer.id })
  const { body } = await viewer.call('GET', '/providers/mine')
  expect(body.items.map(({ id, role }: { id: string; role: string }) => [id, role])).toEqual([
    [own, 'owner'],
    [providerId, 'viewer'],
  ])
  const first = await viewer.call('GET', '/providers/mine?limit=1')
  const second = await viewer.call('GET', `/providers/mine?limit=1&cursor=${first.body.nextCursor}`)
  expect([first.body.items[0].id, second.body.items[0].id]).toEqual([own, providerId])
  expect((await developer.call('GET', '/auth/profile')).body.roles).toEqual(['user', 'provider'])
})

describe('roles', () => {
  test('are changed by owners alone, and count from the next request on', async () => {
    expect(refusal(await setRole(developer, viewer, 'developer'))).toEqual([403, 'forbidden'])
    expect(refusal(await viewer.call('PATCH', base, { tokensPerMinute: 9 }))).toEqual([403, 'forbidden'])
    expect((await setRole(owner, viewer, 'developer')).body).toMatchObject({ role: 'developer' })
    expect((await viewer.call('PATCH', base, { tokensPerMinute: 9 })).status).toBe(200)
    expect((await setRole(owner, viewer, 'viewer')).status).toBe(200)
    expect(refusal(await viewer.call('PATCH', base, { tokensPerMinute: 8 }))).toEqual([403, 'forbidden'])
  })

  test('several owners may do the same, but none of them ends the primary one', async () => {
    await setRole(owner, developer, 'owner')
    expect((await setRole(developer, viewer, 'owner')).status).toBe(200)
    expect(refusal(await setRole(developer, owner, 'viewer'))).toEqual([409, 'primary_owner_stays'])
    expect(refusal(await remove(developer, owner))).toEqual([409, 'primary_owner_stays'])
    expect(refusal(await remove(owner, owner))).toEqual([409, 'primary_owner_stays'])
    expect(await roles()).toEqual({ [owner.id]: 'owner', [developer.id]: 'owner', [viewer.id]: 'owner' })
  })

  test('of somebody who is not on the team are nothing: 404, as for a stranger’s provider', async () => {
    const stranger = await accounts.register()
    expect(refusal(await setRole(owner, stranger, 'viewer'))).toEqual([404, 'member_not_found'])
    expect(refusal(await remove(owner, stranger))).toEqual([404, 'member_not_found'])
    expect(refusal(await setRole(stranger, viewer, 'owner'))).toEqual([404, 'provider_not_found'])
    expect(refusal(await stranger.call('GET', `${base}/members`))).toEqual([404, 'provider_not_found'])
  })

  test('changed and removed from two sides at once leave one truth and the primary owner', async () => {
    await setRole(owner, developer, 'owner')
    await Promise.all([
      remove(owner, developer),
      setRole(developer, viewer, 'owner'),
      remove(developer, viewer),
      remove(developer, owner),
    ])
    expect((await roles())[owner.id]).toBe('owner')
    expect((await owner.call('PATCH', base, { tokensPerMinute: 5 })).status).toBe(200)
  })
})

describe('leaving', () => {
  test('ends all access at once; the keys they made belong to the provider and go on', async () => {
    const key = await developer.call('POST', `${base}/api-keys`, {
      name: 'Server',
      scopes: ['analytics:read'],
      mode: 'live',
    })
    expect(refusal(await remove(viewer, developer))).toEqual([403, 'forbidden'])
    expect((await remove(developer, developer)).status).toBe(204)
    for (const path of ['', '/members', '/analytics', '/earnings', '/api-keys', '/sessions', '/theme'].slice(
      1,
    )) {
      expect([path, refusal(await developer.call('GET', base + path))]).toEqual([
        path,
        [404, 'provider_not_found'],
      ])
    }
    expect((await developer.call('GET', '/providers/mine')).body.items).toEqual([])
    const asKey = await accounts.api.call('GET', `${base}/earnings`, { token: key.body.secret })
    expect(asKey.status).toBe(200)
  })

  test('is on record with who did it, and holds no address', async () => {
    await remove(owner, viewer)
    const rows = await accounts.api.deps.db.batch.query<{ action: string; text: string }>(
      'select action, before::text as text from audit_entries where subject_id = $1 and actor_id = $2',
      [providerId, owner.id],
    )
    expect(rows).toEqual([{ action: 'member.remove', text: expect.stringContaining(viewer.id) }])
    expect(rows[0]?.text).not.toContain('@')
  })
})

describe('transferring', () => {
  const transfer = (as: Person, to: Person, currentPassword = password) =>
    as.call('POST', `${base}/transfer`, { userId: to.id, currentPassword })

  test('makes a member the primary owner, keeps the one before, and tells both', async () => {
    await accounts.deliver()
    expect((await transfer(owner, viewer)).body).toMatchObject({
      userId: viewer.id,
      role: 'owner',
      isPrimary: true,
    })
    expect(await roles()).toEqual({
      [owner.id]: 'owner',
      [developer.id]: 'developer',
      [viewer.id]: 'owner',
    })
    const messages = await accounts.deliver()
    expect(messages.map(({ to }) => to[0]).sort()).toEqual([owner.email, viewer.email].sort())
    expect(refusal(await remove(owner, viewer))).toEqual([409, 'primary_owner_stays'])
    expect((await remove(owner, owner)).status).toBe(204)
    expect((await roles(viewer))[owner.id]).toBeUndefined()
  })

  test('takes the primary owner and their password, and a member', async () => {
    await setRole(owner, developer, 'owner')
    const stranger = await accounts.register()
    expect(refusal(await transfer(developer, developer))).toEqual([403, 'forbidden'])
    expect(refusal(await transfer(viewer, viewer))).toEqual([403, 'forbidden'])
    expect(refusal(await transfer(stranger, stranger))).toEqual([404, 'provider_not_found'])
    expect(refusal(await transfer(owner, developer, 'wrong password'))).toEqual([403, 'password_wrong'])
    expect(refusal(await transfer(owner, stranger))).toEqual([404, 'member_not_found'])
    expect((await transfer(owner, owner)).body).toMatchObject({ isPrimary: true })
  })

  test('does not go on with a password that was changed while it waited', async () => {
    const { api } = accounts
    const release = await holdLock(api, 'select from providers where id = $1 for no key update', [providerId])
    const moving = transfer(owner, developer)
    await expect.poll(() => countWaiting(api)).toBe(1)
    await owner.call('POST', '/auth/password', {
      currentPassword: password,
      newPassword: 'a better password',
    })
    await release()
    expect(refusal(await moving)).toEqual([403, 'password_wrong'])
    expect(await roles()).toMatchObject({ [owner.id]: 'owner', [developer.id]: 'developer' })
  })

  test('twice at once ends with one primary owner, and nobody lost', async () => {
    await Promise.all([transfer(owner, developer), transfer(owner, viewer)])
    const { body } = await owner.call('GET', `${base}/members`)
    expect(body.items).toHaveLength(3)
    expect(body.items.filter(({ isPrimary }: { isPrimary: boolean }) => isPrimary)).toHaveLength(1)
  })

  test('lets the one before delete their account, after which they are on no team', async () => {
    const erase = () => owner.call('POST', '/auth/account/delete', { currentPassword: password })
    expect(refusal(await erase())).toEqual([409, 'account_in_use'])
    await transfer(owner, developer)
    expect((await erase()).status).toBe(204)
    expect(Object.keys(await roles(developer)).sort()).toEqual([developer.id, viewer.id].sort())
  })

  test('payouts wait for the address of the new primary owner', async () => {
    const operator = await addUser(accounts.api, { isOperator: true })
    const payOut = () => accounts.api.call('POST', `${base}/payouts`, { token: operator.token, body: {} })
    const verify = 'update users set email_verified_at = $2 where id = $1'
    await accounts.api.deps.db.batch.query(verify, [owner.id, accounts.api.clock.now()])
    expect(refusal(await payOut())).toEqual([409, 'payout_exceeds_payable'])
    await transfer(owner, developer)
    expect(refusal(await payOut())).toEqual([409, 'email_not_verified'])
  })

  test('is done by an operator where the owner is gone, with a reason on record', async () => {
    const operator = await addUser(accounts.api, { isOperator: true })
    const heir = await accounts.register()
    const path = `/operators${base}/transfer`
    const body = { userId: heir.id, reason: 'Ticket 4711' }
    expect((await owner.call('POST', path, body)).status).toBe(404)
    expect((await accounts.api.call('POST', path, { token: operator.token, body })).status).toBe(200)
    expect((await roles(heir))[heir.id]).toBe('owner')
    const [entry] = await accounts.api.deps.db.batch.query(
      `select reason from audit_entries where subject_id = $1 and action = 'provider.transfer'`,
      [providerId],
    )
    expect(entry).toEqual({ reason: 'Ticket 4711' })
  })
})

test.each([
  'owner',
  'developer',
] as const)('whoever waits as %s for the removal that is under way acts no more', async (role) => {
  const { api } = accounts
  const leaving = await registerNext()
  await join(leaving, role)
  const calls = await api.deps.db.inTenant(PUBLIC_TENANT_ID, async (tx) => {
    await tx.query('select from providers where id = $1 for no key update', [providerId])
    await tx.query('delete from provider_members where user_id = $1', [leaving.id])
    const asked = [
      leaving.call('POST', `${base}/api-keys`, { name: 'K', scopes: ['sessions:read'], mode: 'live' }),
      leaving.call('PATCH', base, { name: 'Mine' }),
      leaving.call('POST', `${base}/invitations`, { email: 'me@again.example', role: 'viewer' }),
    ]
    await expect.poll(() => countWaiting(api)).toBe(asked.length)
    return () => Promise.all(asked)
  })
  for (const answer of await calls()) expect(refusal(answer)).toEqual([404, 'provider_not_found'])
})
