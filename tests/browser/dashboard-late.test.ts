import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  type DashboardStack,
  PASSWORD,
  type Person,
  registerApp,
  startDashboardStack,
  watchComplaints,
} from './dashboard-stack.ts'
import { holdBack } from './hold-back.ts'

let stack: DashboardStack
let page: Page
let owner: Person
let id: string
let complaints: string[]

beforeAll(async () => {
  stack = await startDashboardStack()
  owner = await stack.register('ada@example.com')
  id = await registerApp(stack, owner, 'Fokus')
  const context = await stack.newContext({ person: owner })
  complaints = watchComplaints(context)
  page = await context.newPage()
})
afterAll(() => stack?.close())

const open = (path: string) => page.goto(`${stack.url}/dashboard${path}`)
const button = (name: string | RegExp) => page.getByRole('button', { name })
const focused = () =>
  page.evaluate(
    () => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent?.trim(),
  )

test('what is changed while an answer is on its way stays, and is not called saved', async () => {
  await open(`/providers/${id}/appearance`)
  const put = await holdBack(page, 'PUT', '**/theme')
  const main = page.locator('input[type=color]').first()
  await main.fill('#4338ca')
  await button('Save').click()
  await put.given
  await main.fill('#15803d')
  await put.letGo()
  await expect.poll(() => button('Save').getAttribute('aria-disabled')).toBe(null)
  expect(await main.inputValue()).toBe('#15803d')
  expect(await page.getByText('Saved.').count()).toBe(0)
  await button('Save').click()
  await page.getByText('Saved.').waitFor()
})

test('a late answer leads nobody away who has gone elsewhere', async () => {
  await open('/new')
  await page.getByLabel('Name').fill('Tonart')
  await page.getByLabel('Category').fill('music')
  await page.getByLabel('Launch address').fill(`${stack.appUrl}/`)
  const post = await holdBack(page, 'POST', '**/providers')
  await button('Register the app').click()
  await post.given
  await page.getByRole('link', { name: 'Account settings' }).click()
  await page.getByLabel('Name (optional)').fill('Half a na')
  await post.letGo()
  await button(/^App:/).click()
  // It is registered all the same.
  await page.getByRole('link', { name: 'Tonart' }).waitFor()
  expect(await page.getByLabel('Name (optional)').inputValue()).toBe('Half a na')
})

test('a page whose figures cannot be asked for again keeps what is typed on it', async () => {
  await open('/account')
  await page.getByLabel('New address').fill('half@an.addr')
  await page.route('**/auth/profile', (route) =>
    route.request().method() === 'GET' ? route.fulfill({ status: 503, json: {} }) : route.fallback(),
  )
  const refused = page.waitForResponse((answer) => answer.status() === 503)
  await button('Save the name').click()
  await page.getByText('Saved.').waitFor()
  await (await refused).finished()
  await page.unroute('**/auth/profile')
  expect(await page.getByLabel('New address').inputValue()).toBe('half@an.addr')
})

test('a dialog that is being sent promises no way back', async () => {
  await open(`/providers/${id}/keys`)
  await button('Make a key').click()
  await page.getByLabel('Name').fill('Server')
  const post = await holdBack(page, 'POST', '**/api-keys')
  await button('Make the key').click()
  await post.given
  await page.keyboard.press('Escape')
  expect(await button('Cancel').isDisabled()).toBe(true)
  await post.letGo()
  await button('I have kept it').click()

  await button('Revoke Server').click()
  const removal = await holdBack(page, 'DELETE', '**/api-keys/*')
  await button('Revoke it').click()
  await removal.given
  await page.keyboard.press('Escape')
  expect(await button('Cancel').isDisabled()).toBe(true)
  await removal.letGo()
  await page.getByText('Revoked', { exact: true }).waitFor()
})

describe('signing out', () => {
  let tab: Page
  const storedSignIn = () => tab.evaluate(() => localStorage.getItem('tally.dashboard.sign-in'))
  const press = (name: string) => tab.getByRole('button', { name }).click()
  const heading = (name: string) => tab.getByRole('heading', { level: 1, name })
  /** The access token is good for 15 minutes. */
  const letAccessEnd = () => tab.clock.setFixedTime(Date.now() + 20 * 60_000)

  beforeEach(async () => {
    tab = await (await stack.newContext({ person: owner })).newPage()
    await tab.goto(`${stack.url}/dashboard/account`)
    await heading('Account settings').waitFor()
  })
  afterEach(() => tab.context().close())

  test('leads away at once, also from an API that does not answer', async () => {
    await tab.route('**/auth/refresh', () => {})
    await letAccessEnd()
    await press('Sign out')
    await heading('Sign in').waitFor()
    expect(await storedSignIn()).toBe(null)
  })

  test('leads nobody away who has signed in again before the API knows', async () => {
    const post = await holdBack(tab, 'POST', '**/auth/logout')
    await press('Sign out')
    await post.given
    // The page that is left has an e-mail to type, too.
    await heading('Sign in').waitFor()
    await tab.getByLabel('E-mail').fill(owner.email)
    await tab.getByLabel('Password').fill(PASSWORD)
    await press('Sign in')
    // Of whichever of the owner's apps is the first.
    const pagesOfAnApp = tab.getByRole('navigation', { name: 'App', exact: true })
    await pagesOfAnApp.waitFor()
    await post.letGo()
    expect(await pagesOfAnApp.count()).toBe(1)
  })

  test('is not undone by an exchange that was under way', async () => {
    const exchange = await holdBack(tab, 'POST', '**/auth/refresh')
    await letAccessEnd()
    await press('Save the name')
    await exchange.given
    await press('Sign out')
    await heading('Sign in').waitFor()
    await exchange.letGo()
    expect(await storedSignIn()).toBe(null)
    expect(await heading('Sign in').count()).toBe(1)
  })
})

test('a test session that has ended is not waited for, and what it proved stays proven', async () => {
  const first = Promise.withResolvers<object[]>()
  const streams = [first.promise, Promise.resolve([])]
  await page.route('**/sessions/live', async (route) => {
    const items = await streams.shift()
    // The last one stays open and says nothing.
    if (items)
      await route.fulfill({
        contentType: 'text/event-stream',
        body: `data: ${JSON.stringify({ items })}\n\n`,
      })
  })
  await open(`/providers/${id}/integrate`)
  const launched = page.waitForResponse('**/test-sessions')
  await button('Start a test session').click()
  const { session } = await (await launched).json()
  await page.getByText('We are listening for your app').waitFor()
  first.resolve([{ ...session, isTest: true, status: 'active', sequence: 1, usedMs: 1_000 }])
  await page.getByText('It has ended.').waitFor()
  expect(await page.getByText('We are listening for your app').count()).toBe(0)
  await page.getByText('Your integration works').waitFor()
  await page.unroute('**/sessions/live')
})

test('a page that fails leaves the way to the others, and to itself', async () => {
  const payout = { id: 'pay_1', status: 'of a later version', createdAt: new Date().toISOString() }
  const isWrong = { times: 1 }
  await page.route(
    '**/payouts',
    (route) => route.fulfill({ json: { items: [payout], nextCursor: null } }),
    isWrong,
  )
  await open(`/providers/${id}/earnings`)
  await page.getByText('Something went wrong in this page').waitFor()
  await button('Try again').click()
  await page.getByText('No payout yet').waitFor()
  expect(complaints.splice(0).length).toBeGreaterThan(0)
})

test('the keyboard goes on from the heading when the row it was in has gone', async () => {
  await stack.call('POST', `/providers/${id}/invitations`, {
    token: owner.accessToken,
    body: { email: 'bo@example.com', role: 'viewer' },
  })
  await open(`/providers/${id}/team`)
  await button('Take back: bo@example.com').press('Enter')
  await page.getByText('Nobody is invited').waitFor()
  expect(await focused()).toBe('Team')
  await page.keyboard.press('Shift+Tab')
  await page.getByRole('link', { name: 'Skip to the content' }).press('Enter')
  // It is no page of its own, for what remembers how far down one was.
  expect(await page.evaluate(() => [document.activeElement?.id, location.hash])).toEqual(['main', ''])
  expect(complaints).toEqual([])
})
