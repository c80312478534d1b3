import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { addProvider, addUser } from '../../test/harness.ts'
import { type Mailbox, startMailbox } from '../../test/mailbox.ts'
import { startWebhookTest, type WebhookTest } from '../../test/webhook-harness.ts'

let mailbox: Mailbox
let it: WebhookTest
beforeAll(async () => {
  mailbox = await startMailbox()
  it = await startWebhookTest({ SMTP_URL: mailbox.smtpUrl, MAIL_FROM: 'Market <noreply@market.example>' })
})
afterEach(() => it.clear())
afterAll(async () => {
  await it.close()
  await mailbox.close()
})

const query = <Row extends object>(sql: string, values: unknown[]) =>
  it.api.deps.db.batch.query<Row>(sql, values)

/** @returns the address of somebody who joined. */
async function join(providerId: string, role: string): Promise<{ id: string; email: string }> {
  const { id } = await addUser(it.api)
  await query(
    `insert into provider_members (tenant_id, provider_id, user_id, role, created_at)
     select tenant_id, id, $2, $3, created_at from providers where id = $1`,
    [providerId, id, role],
  )
  return { id, email: await emailOf(id) }
}

async function emailOf(id: string): Promise<string> {
  const [user] = await query<{ email: string }>('select email from users where id = $1', [id])
  return user?.email ?? ''
}

async function disable(providerId: string) {
  const receiver = await it.receive((response) => response.writeHead(410).end())
  const endpoint = await it.addEndpoint(providerId, `${receiver.url}?key=secret`)
  await it.emitAll([it.eventOf(providerId), it.eventOf(providerId)])
  await it.deliver()
  expect((await it.endpointOf(endpoint)).disabledBecause).toBe('gone')
  return { endpoint, url: receiver.url }
}

test('owners and developers, each once, are told that an endpoint was disabled', async () => {
  const providerId = await addProvider(it.api, { ownerId: it.owner.id, name: '<i>Timer</i>' })
  const told = [await emailOf(it.owner.id)]
  told.push((await join(providerId, 'owner')).email, (await join(providerId, 'developer')).email)
  await join(providerId, 'viewer')
  // Another provider's people have nothing to do with it.
  await join(await it.addOwnProvider(), 'owner')
  const { url } = await disable(providerId)
  const messages = await mailbox.deliver(it.api)
  expect(messages.flatMap(({ to }) => to).sort()).toEqual(told.sort())
  for (const { subject, raw } of messages) {
    expect(subject).toBe('A webhook endpoint was disabled')
    expect(raw).toContain(`the webhook endpoint ${url} of &lt;i&gt;Timer&lt;/i&gt; is disabled`)
    expect(raw).not.toContain('secret')
  }
  expect(await mailbox.deliver(it.api)).toEqual([])
})

test('who left the team before it is sent is not told, and nobody is when it works again', async () => {
  const providerId = await it.addOwnProvider()
  const gone = await join(providerId, 'developer')
  const { endpoint } = await disable(providerId)
  await query('delete from provider_members where user_id = $1', [gone.id])
  expect((await mailbox.deliver(it.api)).flatMap(({ to }) => to)).toEqual([await emailOf(it.owner.id)])
  await it.api.call('DELETE', endpoint.path, { token: await it.token() })
  const again = await disable(providerId)
  await it.api.call('PATCH', again.endpoint.path, { token: await it.token(), body: { status: 'enabled' } })
  expect(await mailbox.deliver(it.api)).toEqual([])
})

test('to an address that nobody confirmed neither the app nor the endpoint is named', async () => {
  const providerId = await it.addOwnProvider()
  const guest = await join(providerId, 'developer')
  await query('update users set email_verified_at = null where id = $1', [guest.id])
  const { url } = await disable(providerId)
  const message = (await mailbox.deliver(it.api)).find(({ to }) => to.includes(guest.email))
  expect(message?.raw).toContain('a webhook endpoint of your app is disabled, because it answered 410 Gone')
  expect(message?.raw).not.toContain(url)
  expect(message?.raw).not.toContain('Focus timer')
})
