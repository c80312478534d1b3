import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Accounts, type Person, password, startAccounts } from '../../test/accounts.ts'
import { addProvider } from '../../test/harness.ts'
import { type Received, tokenIn } from '../../test/mailbox.ts'
import { PUBLIC_TENANT_ID } from '../id.ts'

let accounts: Accounts
beforeAll(async () => {
  accounts = await startAccounts()
})
afterAll(() => accounts.close())

/** More than go to an address that nobody confirmed. */
const OFTEN = 7
const often = async (run: (i: number) => Promise<unknown>) => {
  for (let i = 0; i < OFTEN; i += 1) await run(i)
}
const askForAddress = (person: Person, newEmail: string) =>
  person.call('POST', '/auth/email', { currentPassword: password, newEmail })
const countTo = (messages: Received[], address: string, subject: RegExp) =>
  messages.filter((message) => message.to[0] === address && subject.test(message.subject)).length

test('whoever registers with somebody’s address fills no mailbox with notices', async () => {
  const ada = await accounts.register()
  await often((i) => askForAddress(ada, `elsewhere-${i}@example.com`))
  expect(countTo(await accounts.deliver(), ada.email, /new e-mail address/)).toBe(5)
  accounts.api.clock.advance({ hours: 1 })
  await askForAddress(ada, 'elsewhere@example.com')
  expect(countTo(await accounts.deliver(), ada.email, /new e-mail address/)).toBe(1)
})

test('whoever confirmed their address is told every time', async () => {
  const ada = await accounts.register()
  await accounts.open('/auth/email/verify', { token: tokenIn((await accounts.deliver())[0]) })
  await often((i) => askForAddress(ada, `elsewhere-${i}@example.com`))
  expect(countTo(await accounts.deliver(), ada.email, /new e-mail address/)).toBe(OFTEN)
})

test('many accounts that ask for one address fill no mailbox either', async () => {
  await often(async () => askForAddress(await accounts.register(), 'wanted@example.com'))
  expect(countTo(await accounts.deliver(), 'wanted@example.com', /Confirm/)).toBe(5)
})

test('nor does one address that is registered and given up again and again', async () => {
  const email = 'again@example.com'
  await often(async () => {
    const { accessToken } = (await accounts.open('/auth/register', { email, password })).body
    await accounts.api.call('POST', '/auth/account/delete', {
      token: accessToken,
      body: { currentPassword: password },
    })
    accounts.api.clock.advance({ seconds: 1 })
  })
  expect(countTo(await accounts.deliver(), email, /deleted/)).toBe(5)
})

test('nor does a provider that is passed to and fro', async () => {
  const [ada, bob] = [await accounts.register(), await accounts.register()]
  const { api } = accounts
  const providerId = await addProvider(api, { ownerId: ada.id })
  await api.deps.db.inTenant(PUBLIC_TENANT_ID, (tx) =>
    tx.query(
      `insert into provider_members (provider_id, user_id, role, created_at) values ($1, $2, 'owner', $3)`,
      [providerId, bob.id, api.clock.now()],
    ),
  )
  await often(async (i) => {
    const [from, to] = i % 2 === 0 ? [ada, bob] : [bob, ada]
    const body = { userId: to.id, currentPassword: password }
    expect((await from.call('POST', `/providers/${providerId}/transfer`, body)).status).toBe(200)
  })
  expect(countTo(await accounts.deliver(), bob.email, /primary owner/)).toBe(5)
})

test('a message that could not be sent counts for none', async () => {
  const ada = await accounts.register()
  accounts.mailbox.isBroken = true
  await often(async () => {
    await accounts.deliver()
    await makeDue()
  })
  accounts.mailbox.isBroken = false
  expect(countTo(await accounts.deliver(), ada.email, /Confirm/)).toBe(1)
})

/** What failed waits for its next try. The queue's tables are closed to our roles. */
async function makeDue(): Promise<void> {
  const owner = new pg.Client({ connectionString: accounts.api.databaseUrl })
  await owner.connect()
  await owner.query('update graphile_worker._private_jobs set run_at = now()')
  await owner.end()
}
