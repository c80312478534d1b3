import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Accounts, type Person, startAccounts } from '../../test/accounts.ts'
import { addUser, type TestUser } from '../../test/harness.ts'
import type { Received } from '../../test/mailbox.ts'

const hostile = '<img src=x onerror=alert(1)>&"Bcc: eve@example.com'
const app = {
  name: hostile,
  description: 'Type faster.',
  category: 'education',
  launchUrl: 'https://typing.example.com/start',
  allowedOrigins: ['https://typing.example.com'],
  tokensPerMinute: 3,
}

let accounts: Accounts
let operator: TestUser
let primary: Person
let owner: Person
let developer: Person
let viewer: Person
let providerId: string

beforeAll(async () => {
  accounts = await startAccounts({ PROVIDER_REVIEW: 'manual' })
  operator = await addUser(accounts.api, { isOperator: true })
  primary = await accounts.register({ displayName: 'Prim <b>' })
  owner = await accounts.register()
  developer = await accounts.register()
  viewer = await accounts.register()
  await query('update users set email_verified_at = created_at where id = any ($1::text[])', [
    [primary.id, owner.id, developer.id, viewer.id],
  ])
})
afterAll(() => accounts.close())

beforeEach(async () => {
  providerId = (await primary.call('POST', '/providers', app)).body.id
  await join(owner, 'owner')
  await join(developer, 'developer')
  await join(viewer, 'viewer')
  await askForReview()
  await accounts.deliver()
})

const query = (sql: string, values: unknown[]) => accounts.api.deps.db.batch.query(sql, values)
const join = ({ id }: Person, role: string) =>
  query(
    `insert into provider_members (tenant_id, provider_id, user_id, role, created_at)
     select tenant_id, id, $2, $3, created_at from providers where id = $1`,
    [providerId, id, role],
  )
const askForReview = () => primary.call('PATCH', `/providers/${providerId}`, { status: 'in_review' })
async function judge(verb: 'approve' | 'reject' | 'suspend', reason?: string) {
  const { status } = await accounts.api.call('POST', `/providers/${providerId}/${verb}`, {
    token: operator.token,
    ...(reason !== undefined && { body: { reason } }),
  })
  expect(status).toBe(200)
}
const recipientsOf = (messages: Received[]) => messages.flatMap(({ to }) => to).sort()
const owners = () => [primary.email, owner.email, developer.email].sort()

describe('owners and developers, each once, are told that their app', () => {
  test('is listed; listing it again says nothing', async () => {
    await judge('approve')
    const messages = await accounts.deliver()
    expect(recipientsOf(messages)).toEqual(owners())
    expect(new Set(messages.map(({ subject }) => subject))).toEqual(new Set(['Your app is listed']))
    expect(messages[0]?.raw).toContain(`http://localhost:4000/dashboard/providers/${providerId}`)
    await judge('approve')
    expect(await accounts.deliver()).toEqual([])
  })

  test('was rejected, and why', async () => {
    await judge('reject', 'The launch page answers 404.')
    const messages = await accounts.deliver()
    expect(recipientsOf(messages)).toEqual(owners())
    for (const { subject, raw } of messages) {
      expect(subject).toBe('Your app was not listed')
      expect(raw).toContain('The reason: The launch page answers 404.')
    }
  })

  test('was suspended, and why; suspending it again says nothing', async () => {
    await judge('suspend', 'It serves malware.')
    const messages = await accounts.deliver()
    expect(recipientsOf(messages)).toEqual(owners())
    for (const { subject, raw } of messages) {
      expect(subject).toBe('Your app was suspended')
      expect(raw).toContain('The reason: It serves malware.')
    }
    await judge('suspend', 'Again.')
    expect(await accounts.deliver()).toEqual([])
  })
})

describe('owners and developers, each once, are told that a change of the listed app', () => {
  /** Changes the listed app and decides on it; resolves to what was mailed. */
  async function decide(verb: 'approve' | 'reject', change: object, reason?: string) {
    await judge('approve')
    await accounts.deliver()
    const { body } = await primary.call('PATCH', `/providers/${providerId}`, change)
    // A change is no decision: it is told to nobody.
    expect(await accounts.deliver()).toEqual([])
    const decided = await accounts.api.call('POST', `/operators/providers/${providerId}/changes/${verb}`, {
      token: operator.token,
      body: { updatedAt: body.updatedAt, ...(reason !== undefined && { reason }) },
    })
    expect(decided.status).toBe(200)
  }

  test.each([
    ['its texts', { description: 'Type slower.' }, 'Your change was approved'],
    ['its addresses', { launchUrl: 'https://other.example.com/start' }, 'Your new addresses are live'],
  ])('was approved: %s', async (_what, change, said) => {
    await decide('approve', change)
    const messages = await accounts.deliver()
    expect(recipientsOf(messages)).toEqual(owners())
    for (const { subject, raw } of messages) {
      expect(subject).toBe(said)
      expect(raw).toContain(`http://localhost:4000/dashboard/providers/${providerId}`)
    }
  })

  test('was taken back, and why', async () => {
    await decide('reject', { name: 'Win tokens' }, 'It is a typing test.')
    const messages = await accounts.deliver()
    expect(recipientsOf(messages)).toEqual(owners())
    for (const { subject, raw } of messages) {
      expect(subject).toBe('Your change was taken back')
      expect(raw).toContain('The reason: It is a typing test.')
    }
  })

  test('was decided, but not when the app is suspended by then: that is told instead', async () => {
    await decide('reject', { name: 'Win tokens' }, 'It is a typing test.')
    await judge('suspend', 'It serves malware.')
    const messages = await accounts.deliver()
    expect(new Set(messages.map(({ subject }) => subject))).toEqual(new Set(['Your app was suspended']))
  })

  test('was decided, and nothing when the decision came too late', async () => {
    await judge('approve')
    await accounts.deliver()
    const { status } = await accounts.api.call('POST', `/operators/providers/${providerId}/changes/approve`, {
      token: operator.token,
      body: { updatedAt: new Date(0).toISOString() },
    })
    expect(status).toBe(409)
    expect(await accounts.deliver()).toEqual([])
  })
})

test('a hostile name or reason is text in the mail, and never in its headers', async () => {
  await judge('reject', '<script>alert(2)</script> & "more"')
  const message = (await accounts.deliver()).find(({ to }) => to.includes(primary.email))
  const [headers = '', ...body] = message?.raw.split('\r\n\r\n') ?? []
  expect(headers).not.toMatch(/onerror|Bcc|script/)
  const html = body.join('\n').slice(body.join('\n').indexOf('<!doctype'))
  expect(html).toContain('Hello Prim &lt;b&gt;,')
  expect(html).toContain('&lt;img src=x onerror=alert(1)&gt;&amp;')
  expect(html).toContain('&lt;script&gt;alert(2)&lt;/script&gt; &amp; ')
  expect(html).not.toMatch(/<img|<script/)
})

test('who left the team, lost their role or deleted their account before it is sent gets nothing', async () => {
  await judge('approve')
  await query('delete from provider_members where provider_id = $1 and user_id = $2', [providerId, owner.id])
  await query(`update provider_members set role = 'viewer' where provider_id = $1 and user_id = $2`, [
    providerId,
    developer.id,
  ])
  expect(recipientsOf(await accounts.deliver())).toEqual([primary.email])
  await query('update users set deleted_at = now() where id = $1', [developer.id])
  await query(`update provider_members set role = 'developer' where provider_id = $1`, [providerId])
  await judge('suspend', 'Malware.')
  expect(recipientsOf(await accounts.deliver())).toEqual([primary.email, viewer.email].sort())
  await query('update users set deleted_at = null where id = $1', [developer.id])
})

test('while the mail server is away decisions do not pile up: the last one is told, once', async () => {
  await judge('approve')
  await judge('suspend', 'Malware.')
  await judge('approve')
  await judge('suspend', 'Malware again.')
  const messages = await accounts.deliver()
  expect(recipientsOf(messages)).toEqual(owners())
  expect(messages.every(({ raw }) => raw.includes('Malware again.'))).toBe(true)
})

test('says nothing of a rejection when the app is in review again by then', async () => {
  await judge('reject', 'Too soon.')
  await askForReview()
  expect(await accounts.deliver()).toEqual([])
})

test('carries no name to an address that nobody confirmed', async () => {
  const guest = await accounts.register({ displayName: 'Buy now' })
  await join(guest, 'developer')
  await accounts.deliver()
  await judge('reject', 'Too soon.')
  const message = (await accounts.deliver()).find(({ to }) => to.includes(guest.email))
  expect(message?.raw).toContain('an operator looked at your app and did not list it')
  expect(message?.raw).not.toMatch(/onerror|Buy now/)
})

test('a refused decision mails nothing, and no job holds an address or a reason', async () => {
  await judge('approve')
  await accounts.deliver()
  const { status } = await accounts.api.call('POST', `/providers/${providerId}/reject`, {
    token: operator.token,
    body: { reason: 'Too late.' },
  })
  expect(status).toBe(409)
  expect(await accounts.deliver()).toEqual([])
  await judge('suspend', 'A secret reason.')
  const client = new pg.Client({ connectionString: accounts.api.databaseUrl })
  await client.connect()
  const { rows } = await client.query('select payload from graphile_worker._private_jobs')
  await client.end()
  // A mail to each of the three, and what ends the sessions.
  expect(rows).toHaveLength(4)
  expect(JSON.stringify(rows)).not.toMatch(/@example|secret reason/)
  await accounts.deliver()
})
