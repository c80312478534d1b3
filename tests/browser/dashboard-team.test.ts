import { Logger, runOnce } from 'graphile-worker'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkLedger } from '../../apps/api/src/ledger/check-ledger.ts'
import type { Message } from '../../apps/api/src/mail/mail.ts'
import { createTasks } from '../../apps/api/src/worker.ts'
import { accessTokenOf, addUser } from '../../apps/api/test/harness.ts'
import { openSession } from '../../apps/api/test/play.ts'
import {
  type DashboardStack,
  PASSWORD,
  type Person,
  registerApp,
  startDashboardStack,
  watchComplaints,
} from './dashboard-stack.ts'

let stack: DashboardStack
beforeAll(async () => {
  stack = await startDashboardStack()
})
afterAll(() => stack?.close())

const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name })
const heading = (page: Page, name: string) => page.getByRole('heading', { level: 1, name })

/** Runs what is due, and gives what was mailed. */
async function mails(): Promise<Message[]> {
  const sent: Message[] = []
  const mailer = { send: async (message: Message) => void sent.push(message) }
  await runOnce({
    connectionString: stack.api.databaseUrl,
    taskList: createTasks(stack.api.deps, mailer),
    noHandleSignals: true,
    logger: new Logger(() => () => {}),
  })
  return sent
}

async function linkTo(email: string): Promise<string> {
  const message = (await mails()).findLast(({ to }) => to === email)
  const [link] = /http\S+#token=\S+/.exec(message?.text ?? '') ?? []
  if (link === undefined) throw new Error(`no link to ${email}`)
  return link
}

describe('an owner', () => {
  test('invites somebody new, who registers through the mailed link and works with them', async () => {
    const owner = await stack.register('olga@example.com')
    const id = await registerApp(stack, owner, 'Tonart')
    const context = await stack.newContext({ person: owner })
    const complaints = watchComplaints(context)
    const page = await context.newPage()
    await page.goto(`${stack.url}/dashboard/providers/${id}`)
    await page.getByRole('link', { name: 'Team' }).click()
    await heading(page, 'Team').waitFor()
    await page.getByText('Nobody is invited').waitFor()
    await button(page, 'Invite somebody').click()
    await page.getByLabel('E-mail').fill('grace@example.com')
    await page.getByRole('radio', { name: /^Viewer/ }).check({ force: true })
    await button(page, 'Send the invitation').click()
    await page.getByRole('table', { name: 'Open invitations' }).getByText('grace@example.com').waitFor()

    const first = await linkTo('grace@example.com')
    await button(page, 'Send again: grace@example.com').click()
    await page.getByText('is sent again').waitFor()
    const link = await linkTo('grace@example.com')
    const guestContext = await stack.newContext()
    const guest = await guestContext.newPage()
    await guest.goto(first)
    await guest.getByText('This link does not work any more').waitFor()

    const joining = await guestContext.newPage()
    await joining.goto(link)
    await joining.getByText('You are invited to work on Tonart as viewer').waitFor()
    expect(joining.url()).toBe(`${stack.url}/dashboard/invitation`)
    await joining.reload()
    await button(joining, 'Register').click()
    expect(await joining.getByLabel('E-mail').inputValue()).toBe('grace@example.com')
    await joining.getByLabel('Password').fill(PASSWORD)
    await joining.locator('form').getByRole('button', { name: 'Register' }).click()
    await button(joining, 'Accept the invitation').click()
    await heading(joining, 'Tonart').waitFor()

    // A viewer looks and is offered nothing else.
    await joining.getByRole('link', { name: 'API keys' }).click()
    await joining.getByText('You may look and change nothing').waitFor()
    expect(await button(joining, 'Make a key').count()).toBe(0)

    await page.reload()
    await page.getByText('Nobody is invited').waitFor()
    await button(page, 'Change role: grace@example.com').click()
    await page.getByRole('radio', { name: /^Developer/ }).check({ force: true })
    await button(page, 'Save the role').click()
    await page.getByRole('table', { name: 'Team' }).getByText('Developer').waitFor()
    await joining.reload()
    await button(joining, 'Make a key').waitFor()

    await button(page, 'Remove: grace@example.com').click()
    await button(page, 'Remove from the team').click()
    await button(page, 'Remove: grace@example.com').waitFor({ state: 'detached' })
    await joining.reload()
    await heading(joining, 'There is nothing here').waitFor()
    expect(complaints).toEqual([])
    await Promise.all([context.close(), guestContext.close()])
  })

  test('makes a member the primary owner with the password, then leaves', async () => {
    const owner = await stack.register('hedy@example.com')
    const heir = await stack.register('lise@example.com')
    const id = await registerApp(stack, owner, 'Nachfolge')
    await stack.call('POST', `/providers/${id}/invitations`, {
      token: owner.accessToken,
      body: { email: heir.email, role: 'developer' },
    })
    const heirContext = await stack.newContext({ person: heir })
    const heirPage = await heirContext.newPage()
    await heirPage.goto(await linkTo(heir.email))
    await button(heirPage, 'Accept the invitation').click()
    await heading(heirPage, 'Nachfolge').waitFor()

    const context = await stack.newContext({ person: owner })
    const page = await context.newPage()
    await page.goto(`${stack.url}/dashboard/providers/${id}/team`)
    await button(page, `Make primary owner: ${heir.email}`).click()
    await page.getByLabel('Your password').fill('not the password')
    await button(page, 'Transfer it').click()
    await page.getByText('That is not your password').waitFor()
    await page.getByLabel('Your password').fill(PASSWORD)
    await button(page, 'Transfer it').click()
    await button(page, `Leave: ${owner.email}`).click()
    await button(page, 'Leave the team').click()
    await heading(page, 'Register an app').waitFor()
    await heirPage.reload()
    await heirPage.getByRole('link', { name: 'Team' }).click()
    await heirPage.getByText('Primary owner').waitFor()
    expect((await mails()).map(({ to }) => to)).toEqual(expect.arrayContaining([owner.email, heir.email]))
    await Promise.all([context.close(), heirContext.close()])
  })
})

test('somebody signed in as another person is told for whom an invitation is', async () => {
  const owner = await stack.register('marie@example.com')
  const other = await stack.register('other@example.com')
  const id = await registerApp(stack, owner, 'Radium')
  await stack.call('POST', `/providers/${id}/invitations`, {
    token: owner.accessToken,
    body: { email: 'irene@example.com', role: 'viewer' },
  })
  const context = await stack.newContext({ person: other })
  const page = await context.newPage()
  await page.goto(await linkTo('irene@example.com'))
  await page.getByText('You are signed in as other@example.com').waitFor()
  expect(await button(page, 'Accept the invitation').count()).toBe(0)
  await button(page, 'Sign out').click()
  await page.getByLabel('E-mail').waitFor()
  expect(await page.getByLabel('E-mail').inputValue()).toBe('irene@example.com')
  await context.close()
})

describe('a person', () => {
  test('changes name, password and address, ends another sign-in, and deletes the account', async () => {
    const person = await stack.register('emmy@example.com')
    const context = await stack.newContext({ person })
    const complaints = watchComplaints(context)
    const page = await context.newPage()
    await page.goto(`${stack.url}/dashboard/account`)
    await heading(page, 'Account settings').waitFor()
    await page.getByLabel('Name (optional)').fill('Emmy')
    await button(page, 'Save the name').click()
    await page.getByText('Saved.').waitFor()
    await page.getByRole('navigation', { name: 'Account' }).getByText('Emmy').waitFor()

    await page.getByLabel('New address').fill('noether@example.com')
    await page.getByLabel('Password for this change').fill(PASSWORD)
    await button(page, 'Change the address').click()
    await page.getByText('noether@example.com becomes your address').waitFor()
    await button(page, 'Mail the link again').click()
    await page.getByText('A link is on its way.').first().waitFor()

    await page.getByLabel('Current password').fill(PASSWORD)
    await page.getByLabel('New password').fill('another sentence of words')
    await button(page, 'Change the password').click()
    await page.getByText('You stay signed in here').waitFor()
    await page.reload()
    const rows = page.getByRole('table', { name: 'Sign-ins' }).getByRole('row')
    await rows.nth(1).waitFor()
    expect(await rows.count()).toBe(2)
    await stack.call('POST', '/auth/login', {
      body: { email: person.email, password: 'another sentence of words' },
    })
    await page.reload()
    await rows.nth(2).waitFor()
    // The newest first.
    await button(page, /^End it: node/)
      .first()
      .click()
    await page.getByRole('dialog').getByRole('button', { name: 'End it' }).click()
    await rows.nth(2).waitFor({ state: 'detached' })

    await button(page, 'Delete the account').click()
    await page.getByLabel('Your password').fill('another sentence of words')
    await button(page, 'Delete it for good').click()
    await heading(page, 'Sign in').waitFor()
    await expect(
      stack.call('POST', '/auth/login', {
        body: { email: person.email, password: 'another sentence of words' },
      }),
    ).rejects.toThrow('401')
    expect(complaints).toEqual([])
    await context.close()
  })
})

describe('an operator', () => {
  let operator: Person
  let owner: Person
  let id: string
  beforeAll(async () => {
    operator = await stack.register('operator@example.com', { isOperator: true })
    owner = await stack.register('rosalind@example.com')
    id = await registerApp(stack, owner, 'Helix')
    await stack.call('POST', `/providers/${id}/approve`, { token: operator.accessToken })
  })
  test('pays a provider what it earned, with a reference that the provider reads', async () => {
    const { api } = stack
    const monthAgo = 40 * 86_400_000
    api.clock.advance({ ms: -monthAgo })
    const user = await addUser(api, { tokens: 1_000 })
    const play = await openSession({ api, user, providerId: id }, { minutes: 30 })
    await play.use(600)
    await play.call('complete')
    api.clock.advance({ ms: monthAgo - 600_000 })
    await api.deps.db.batch.query('update users set email_verified_at = $2 where id = $1', [
      owner.id,
      api.clock.now(),
    ])

    const context = await stack.newContext({ person: operator })
    const complaints = watchComplaints(context)
    const page = await context.newPage()
    await page.goto(`${stack.url}/dashboard/operator/payouts`)
    const setAside = async () => {
      await page.getByText('Nothing waits to be transferred').waitFor()
      await button(page, 'Set an amount aside').click()
      await page.getByLabel('App (id)').fill(id)
      await button(page, 'Set it aside').click()
      await page.getByText('To be transferred').last().waitFor()
      await button(page, 'Mark as paid').click()
    }
    await setAside()
    // Somebody else calls it off meanwhile: what is refused does not stay on the page.
    const asOperator = { token: await accessTokenOf(api, operator.id) }
    const waiting = await stack.call('GET', '/operators/payouts?status=pending', asOperator)
    const { items } = waiting as { items: { id: string }[] }
    await stack.call('POST', `/providers/${id}/payouts/${items[0]!.id}/cancel`, asOperator)
    await page.getByLabel('Reference of the transfer').fill('SEPA 2026-0041')
    await button(page, 'It is paid').click()
    await page.getByRole('alert').waitFor()
    await page.keyboard.press('Escape')
    await setAside()
    await page.getByLabel('Reference of the transfer').fill('SEPA 2026-0042')
    await button(page, 'It is paid').click()
    await page.getByText('Nothing waits to be transferred').waitFor()
    await page.getByLabel('Which payouts').selectOption('paid')
    await page.getByRole('table', { name: 'Payouts' }).getByText('SEPA 2026-0042').waitFor()

    const ownerContext = await stack.newContext({ person: owner })
    const ownerPage = await ownerContext.newPage()
    await ownerPage.goto(`${stack.url}/dashboard/providers/${id}/earnings`)
    await ownerPage.getByText('SEPA 2026-0042').waitFor()
    const { findings } = await api.deps.db.inBatch(checkLedger)
    expect(findings).toEqual([])
    expect(complaints).toEqual([])
    await Promise.all([context.close(), ownerContext.close()])
  })

  const patch = async (body: object) =>
    stack.call('PATCH', `/providers/${id}`, { token: await accessTokenOf(stack.api, owner.id), body })

  test('sees what a listed app changed, lets new addresses go live, and takes a text back', async () => {
    await patch({ description: 'Win <b>money</b>!', launchUrl: 'http://localhost:4998/app' })
    const ownerContext = await stack.newContext({ person: owner })
    const ownerPage = await ownerContext.newPage()
    await ownerPage.goto(`${stack.url}/dashboard/providers/${id}/settings`)
    await ownerPage.getByText('New addresses wait for an operator').waitFor()

    const context = await stack.newContext({ person: operator })
    const page = await context.newPage()
    await page.goto(`${stack.url}/dashboard/operator/review`)
    await page.getByLabel('Which apps').selectOption('changed')
    const card = page.getByRole('article', { name: 'Helix' })
    await card.getByText('Win <b>money</b>!').waitFor()
    await card.getByText('Addresses wait').waitFor()
    await button(page, 'Let it stand: Helix').click()
    await card.waitFor({ state: 'detached' })
    expect(await stack.call('GET', `/providers/${id}`)).toMatchObject({
      launchUrl: 'http://localhost:4998/app',
    })

    await patch({ name: 'Free tokens' })
    await page.reload()
    await button(page, 'Take it back: Free tokens').click()
    await page.getByLabel('Reason').fill('It is not free.')
    await page.getByRole('dialog').getByRole('button', { name: 'Take it back' }).click()
    await page.getByText('Nothing was changed').waitFor()
    await ownerPage.reload()
    await ownerPage.getByText('“It is not free.”').waitFor()
    expect(await ownerPage.getByLabel('Name').inputValue()).toBe('Helix')
    await Promise.all([context.close(), ownerContext.close()])
  })
})
