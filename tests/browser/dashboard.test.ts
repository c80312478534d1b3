import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { accessTokenOf } from '../../apps/api/test/harness.ts'
import { completed, paymentOf, sendEvent } from '../../apps/api/test/stripe-events.ts'
import {
  type DashboardStack,
  PASSWORD,
  type Person,
  registerApp,
  startDashboardStack,
  watchComplaints,
} from './dashboard-stack.ts'

let stack: DashboardStack
let operator: Person

beforeAll(async () => {
  stack = await startDashboardStack()
  operator = await stack.register('operator@example.com', { isOperator: true })
})
afterAll(() => stack?.close())

const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name })
const heading = (page: Page, name: string) => page.getByRole('heading', { level: 1, name })

describe('a new provider’s first ten minutes', () => {
  test('lead from registration to the first beat and a delivered, verified webhook', async () => {
    const context = await stack.newContext()
    const complaints = watchComplaints(context)
    const page = await context.newPage()
    await page.goto(`${stack.url}/dashboard/register`)
    await page.getByLabel('E-mail').fill('ada@example.com')
    await page.getByLabel('Password').fill(PASSWORD)
    await button(page, 'Register').click()

    await heading(page, 'Register an app').waitFor()
    await page.getByLabel('Name').fill('Stille <b>&</b> more')
    await page.getByLabel('Description').fill('A quiet timer for one thing at a time.')
    await page.getByLabel('Category').fill('Not A Slug')
    await page.getByLabel('Launch address').fill(`${stack.appUrl}/`)
    await button(page, 'Register the app').click()
    // What the API says about a field stands beside it, and the focus is there.
    await page.getByText('Something is not filled in right').waitFor()
    expect(await page.getByLabel('Category').getAttribute('aria-invalid')).toBe('true')
    await page.getByLabel('Category').fill('productivity')
    // Mended before the button is pressed: else that would move away under the press.
    await expect.poll(() => page.getByLabel('Category').getAttribute('aria-invalid')).toBe(null)
    await button(page, 'Register the app').click()

    await heading(page, 'Integrate and test').waitFor()
    const providerId = new URL(page.url()).pathname.split('/')[3]!
    expect(providerId).toMatch(/^prv_/)
    await button(page, 'Copy').first().waitFor()
    for (const kind of ['React', 'Vue', 'React Native', 'Your server']) {
      await page.getByRole('tab', { name: kind, exact: true }).click()
      await page.getByRole('tabpanel').getByText(providerId).first().waitFor()
    }
    await stack.serveApp(providerId)

    await page.getByRole('link', { name: 'Webhooks' }).click()
    await heading(page, 'Webhooks').waitFor()
    await button(page, 'Add an endpoint').click()
    await page.getByRole('dialog').getByLabel('Address').fill(stack.webhookUrl)
    await button(page, 'Add it').click()
    await page.getByText('shown this once').waitFor()
    stack.setSecret((await page.getByRole('dialog').locator('pre').textContent())!)
    await button(page, 'I have kept it').click()
    await heading(page, 'Webhook endpoint').waitFor()

    await page.getByRole('link', { name: 'Dialog' }).click()
    await page.getByLabel('Main button').fill('#4338ca')
    await button(page, 'Save').click()
    await page.getByText('Saved.').waitFor()

    await page.getByRole('link', { name: 'Integrate and test' }).click()
    await button(page, 'Start a test session').click()
    const [app] = await Promise.all([
      context.waitForEvent('page'),
      page.getByRole('link', { name: 'Open your app in a new tab' }).click(),
    ])
    await app.locator('#app').waitFor()
    await page.getByText('We see your first beat').waitFor()
    await page.getByText('Your integration works').waitFor()
    expect(await app.evaluate('window.opener')).toBe(null)
    await app.getByRole('button', { name: 'Pause' }).click()
    const resume = app.getByRole('dialog', { name: 'Paused' }).getByRole('button', { name: 'Resume' })
    const colorOfResume = () => resume.evaluate((element) => getComputedStyle(element).backgroundColor)
    await expect.poll(colorOfResume).toBe('rgb(67, 56, 202)')
    await resume.click()

    await expect.poll(() => stack.received.map(({ type }) => type)).toContain('session.started')
    expect(stack.received.every(({ isVerified }) => isVerified)).toBe(true)
    await page.getByRole('link', { name: 'Webhooks', exact: true }).click()
    await page.getByRole('link', { name: stack.webhookUrl }).click()
    await page.getByText('session.started').first().waitFor()
    await expect
      .poll(async () => {
        await button(page, 'Refresh').click()
        return page.getByText('Delivered', { exact: true }).count()
      })
      .toBeGreaterThan(0)

    await page.getByRole('link', { name: 'Overview' }).click()
    await button(page, 'Ask for its listing').click()
    await page.getByText('An operator is looking at it').waitFor()
    expect(complaints).toEqual([])
    await context.close()
  })
})

describe('an operator', () => {
  test('sends an app back with a reason its owner reads, then lists it, then suspends it', async () => {
    const owner = await stack.register('grace@example.com')
    const id = await registerApp(stack, owner, 'Tonart')
    const ask = () =>
      stack.call('PATCH', `/providers/${id}`, { token: owner.accessToken, body: { status: 'in_review' } })
    await ask()
    const context = await stack.newContext({ person: operator })
    const page = await context.newPage()
    await page.goto(`${stack.url}/dashboard`)
    await heading(page, 'Health').waitFor()
    await page.getByText('Busiest routes').waitFor()
    await page.getByRole('link', { name: 'Apps and review' }).click()
    await button(page, 'Send it back: Tonart').click()
    await page.getByLabel('Reason').fill('The launch page answers 404.')
    await page.getByRole('dialog').getByRole('button', { name: 'Send it back' }).click()
    await page.getByRole('article', { name: 'Tonart' }).waitFor({ state: 'detached' })

    const ownerContext = await stack.newContext({ person: owner })
    const ownerPage = await ownerContext.newPage()
    await ownerPage.goto(`${stack.url}/dashboard`)
    await ownerPage.getByText('“The launch page answers 404.”').waitFor()
    expect(await ownerPage.getByRole('link', { name: 'Health' }).count()).toBe(0)
    await ownerPage.goto(`${stack.url}/dashboard/operator`)
    await heading(ownerPage, 'There is nothing here').waitFor()
    await ownerContext.close()

    await ask()
    await page.reload()
    await button(page, 'List it: Tonart').click()
    await page.getByRole('article', { name: 'Tonart' }).waitFor({ state: 'detached' })
    expect(await stack.call('GET', `/providers/${id}`)).toMatchObject({ status: 'listed' })

    await page.getByLabel('Which apps').selectOption('listed')
    await button(page, 'Suspend: Tonart').click()
    await page.getByLabel('Reason').fill('It asks for passwords.')
    await button(page, 'Suspend it').click()
    await page.getByRole('article', { name: 'Tonart' }).waitFor({ state: 'detached' })
    await context.close()
  })
})

describe('an operator with a complaint', () => {
  test('finds the person and the purchase, gives the money back, and it is on record', async () => {
    const buyer = await stack.register('buyer@example.com')
    const { purchase } = await stack.call<{ purchase: { id: string; amountCents: number } }>(
      'POST',
      '/tokens/purchase',
      { token: buyer.accessToken, body: { tokens: 1_000 } },
    )
    expect((await sendEvent(stack.api, completed(paymentOf(purchase)))).status).toBe(200)
    const context = await stack.newContext({ person: operator })
    const complaints = watchComplaints(context)
    const page = await context.newPage()
    await page.goto(`${stack.url}/dashboard/operator`)
    await page.getByRole('link', { name: 'Search and refund' }).click()
    await page.getByLabel('E-mail or id').fill('BUYER@example.com')
    await page.keyboard.press('Enter')
    await page.getByText('1,000 to spend').waitFor()
    await page.getByRole('table', { name: 'Purchases' }).getByRole('link').click()
    await button(page, 'Give money back').click()
    await page.getByLabel('Reason').fill('Bought twice by mistake')
    await button(page, 'Give it back').click()
    await page.getByRole('table', { name: 'What was given back' }).getByText('sent').waitFor()

    await page.getByRole('link', { name: 'Audit log' }).click()
    // The clock of this stack stands still, so lines have no order, and the first page need not hold it.
    await page.getByLabel('What', { exact: true }).fill('purchase.refund')
    await page.keyboard.press('Enter')
    const line = page.getByRole('row').filter({ hasText: 'purchase.refund' })
    await line.getByText('Bought twice by mistake').waitFor()
    await button(page, 'Show purchase.refund').click()
    await page.getByRole('dialog').getByText(purchase.id).waitFor()
    expect(complaints).toEqual([])
    await context.close()
  })
})

describe('an operator whom somebody calls because of a stranger in the account', () => {
  test('signs the person out everywhere', async () => {
    const victim = await stack.register('victim@example.com')
    const context = await stack.newContext({ person: operator })
    const page = await context.newPage()
    await page.goto(`${stack.url}/dashboard/operator/search?q=victim@example.com`)
    await button(page, 'Sign out everywhere').click()
    await page.getByLabel('Reason').fill('Sign-ins from abroad')
    await button(page, 'End the sign-ins').click()
    await page.getByText('One sign-in was ended').waitFor()
    expect(await page.getByRole('dialog').count()).toBe(0)
    const answer = await fetch(`${stack.url}/auth/profile`, {
      headers: { authorization: `Bearer ${victim.accessToken}` },
    })
    expect(answer.status).toBe(401)
    await context.close()
  })
})

describe('a provider', () => {
  let owner: Person
  let id: string
  let page: Page
  let complaints: string[]
  const open = (path: string) => page.goto(`${stack.url}/dashboard/providers/${id}${path}`)

  beforeAll(async () => {
    owner = await stack.register('lise@example.com')
    id = await registerApp(stack, owner, 'Fokus')
    const context = await stack.newContext({ person: owner })
    complaints = watchComplaints(context)
    page = await context.newPage()
  })
  afterAll(async () => {
    expect(complaints).toEqual([])
    await page.context().close()
  })

  test('makes a key, sees its secret once, and revokes it', async () => {
    await open('/keys')
    await page.getByText('No keys yet').waitFor()
    await button(page, 'Make a key').click()
    await page.getByLabel('Name').fill('Production server')
    await page.getByRole('radio', { name: /^Test/ }).check({ force: true })
    await page.getByRole('checkbox', { name: /^Start tests/ }).check({ force: true })
    await button(page, 'Make the key').click()
    const secret = (await page.getByRole('dialog').locator('pre').textContent())!
    expect(secret).toMatch(/^tmk_test_/)
    await page.keyboard.press('Escape')
    expect(await page.getByRole('dialog').count()).toBe(1)
    await button(page, 'I have kept it').click()
    expect(await page.content()).not.toContain(secret)
    const started = await stack.call('POST', `/providers/${id}/test-sessions`, { token: secret, body: {} })
    expect(started).toMatchObject({ session: { providerId: id, tokensHeld: 0 } })

    await button(page, 'Revoke Production server').click()
    await button(page, 'Revoke it').click()
    await page.getByText('Revoked', { exact: true }).waitFor()
  })

  test('changes the listing, and reads what is wrong beside the field', async () => {
    await open('/settings')
    await page.getByLabel('Tokens per minute').fill('ten')
    await button(page, 'Save').click()
    await page.getByText('must be a whole number').waitFor()
    await expect
      .poll(() => page.evaluate(() => document.activeElement?.getAttribute('name')))
      .toBe('tokensPerMinute')
    await page.getByLabel('Tokens per minute').fill('9')
    await page.getByLabel('Allowed origins').fill(`${stack.appUrl}\nhttp://localhost:4499`)
    await button(page, 'Save').click()
    await page.getByText('Saved. Pages learn').waitFor()
    const { items } = await stack.call<{ items: object[] }>('GET', '/providers/mine', {
      token: await accessTokenOf(stack.api, owner.id),
    })
    expect(items).toMatchObject([
      { tokensPerMinute: 9, allowedOrigins: [stack.appUrl, 'http://localhost:4499'] },
    ])
  })

  test('sees sessions open, run and end without reloading', async () => {
    await open('/sessions')
    await page.getByText('As it happens').waitFor()
    const token = await accessTokenOf(stack.api, owner.id)
    const opened = await stack.call<{ session: { id: string }; launchJwt: string }>(
      'POST',
      `/providers/${id}/test-sessions`,
      { token, body: {} },
    )
    const row = page.getByRole('row').filter({ hasText: opened.session.id.slice(-6) })
    await row.getByText('Waiting for the app').waitFor()
    const { sessionJwt } = await stack.call<{ sessionJwt: string }>('POST', '/api/v1/sessions/validate', {
      body: { launchJwt: opened.launchJwt, clientId: 'client-of-a-test' },
    })
    await row.getByText('no beat yet').waitFor()
    await stack.call('POST', `/api/v1/sessions/${opened.session.id}/heartbeat`, {
      token: sessionJwt,
      body: { clientId: 'client-of-a-test', sequence: 1 },
    })
    await row.getByText('Running').waitFor()
    await stack.call('POST', `/api/v1/sessions/${opened.session.id}/complete`, {
      token: sessionJwt,
      body: {},
    })
    await row.waitFor({ state: 'detached' })
    await page.reload()
    await row.getByText('Completed').waitFor()
  })

  test('chooses a range of figures, reads the chart by keyboard, and saves it as CSV', async () => {
    await open('/analytics')
    await page.getByLabel('Range').selectOption('7')
    await page.getByLabel('Interval').selectOption('hour')
    await page.getByLabel('Time zone').selectOption('UTC')
    expect(new URL(page.url()).search).toBe('?days=7&interval=hour&timeZone=UTC')
    const chart = page.getByRole('slider', { name: 'Earnings' })
    await chart.focus()
    await page.keyboard.press('End')
    expect(await chart.getAttribute('aria-valuetext')).toMatch(/: 0 tokens$/)
    for (const [what, file] of [
      ['all figures', /^prv_\w+-7-days\.csv$/],
      ['the funnel', /^prv_\w+-funnel-7-days\.csv$/],
      ['who comes back', /^prv_\w+-retention-by-week\.csv$/],
      ['experiments', /^prv_\w+-experiments\.csv$/],
    ] as const) {
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        button(page, new RegExp(`^Save as CSV ?: ${what}$`)).click(),
      ])
      expect(download.suggestedFilename()).toMatch(file)
    }
  })

  test('reads a failed delivery with its payload, and sends it again', async () => {
    await open('/webhooks')
    await button(page, 'Add an endpoint').click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Address').fill(stack.webhookUrl)
    await button(page, 'Add it').click()
    await page.getByText('shown this once').waitFor()
    stack.setSecret((await dialog.locator('pre').textContent())!)
    await button(page, 'I have kept it').click()
    stack.setAnswer(500)
    await button(page, 'Send a test event').click()
    const refresh = async (what: string) => {
      await button(page, 'Refresh').click()
      return page.getByRole('cell', { name: what }).count()
    }
    await expect.poll(() => refresh('500'), { timeout: 10_000, interval: 250 }).toBe(1)
    stack.setAnswer(204)
    await button(page, 'Show webhook.test').click()
    await dialog.getByText('Answered 500').waitFor()
    await dialog.getByText('"type": "webhook.test"').waitFor()
    await button(page, 'Send it again').click()
    await expect.poll(() => refresh('Delivered'), { timeout: 10_000, interval: 250 }).toBe(1)
    expect(stack.received.at(-1)).toMatchObject({ type: 'webhook.test', isVerified: true })
  })

  test('gives the SDK’s dialog other colours and keeps them', async () => {
    await open('/appearance')
    await page.getByLabel('Main button').fill('#4338ca')
    await page.getByRole('radio', { name: 'Session over' }).check({ force: true })
    await button(page, 'Save').click()
    await page.getByText('Saved.').waitFor()
    await page.reload()
    await page.getByText('--tm-accent: #4338ca;').waitFor()
    const color = await page
      .locator('.preview > div')
      .evaluate((host) => getComputedStyle(host.shadowRoot!.querySelector('button')!).backgroundColor)
    expect(color).toBe('rgb(67, 56, 202)')
  })

  test('moves between pages with the focus on their heading, and goes back', async () => {
    await open('')
    await heading(page, 'Fokus').waitFor()
    await page.getByRole('link', { name: 'API keys' }).focus()
    await page.keyboard.press('Enter')
    await heading(page, 'API keys').waitFor()
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('API keys')
    expect(await page.title()).toBe('API keys · Tally')
    await page.goBack()
    await heading(page, 'Fokus').waitFor()
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Fokus')
  })

  test('is told in human words what did not work, and can try again', async () => {
    await page.route('**/api-keys*', (route) => route.abort(), { times: 1 })
    await open('/keys')
    await page.getByText('The marketplace cannot be reached').waitFor()
    await button(page, 'Try again').click()
    await page.getByText('Production server').waitFor()
    await page.route('**/webhook-endpoints*', (route) =>
      route.fulfill({
        status: 503,
        contentType: 'application/problem+json',
        body: JSON.stringify({ code: 'unavailable', requestId: 'req_of_a_test', status: 503 }),
      }),
    )
    await open('/webhooks')
    await page.getByText('req_of_a_test').waitFor()
    await page.unroute('**/webhook-endpoints*')
  })

  test('stays signed in over two tabs that exchange the credential at once, and signs out of both', async () => {
    const other = await page.context().newPage()
    await Promise.all([open('/settings'), other.goto(`${stack.url}/dashboard/providers/${id}/keys`)])
    await Promise.all([heading(page, 'Settings').waitFor(), heading(other, 'API keys').waitFor()])
    await button(other, 'Sign out').click()
    await Promise.all([heading(page, 'Sign in').waitFor(), heading(other, 'Sign in').waitFor()])
    await other.close()
  })
})
