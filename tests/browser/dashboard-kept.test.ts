import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { accessTokenOf } from '../../apps/api/test/harness.ts'
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
const focused = (page: Page) =>
  page.evaluate(
    () => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent?.trim(),
  )

/** As an operator does it for somebody with a stranger in the account: nothing of theirs works any more. */
async function endSignIns({ id }: Person): Promise<void> {
  const token = await accessTokenOf(stack.api, operator.id)
  await stack.call('POST', `/operators/users/${id}/sign-out`, { token, body: { reason: 'of a test' } })
  // What is signed from here on is of another second than what was ended.
  stack.api.clock.advance({ seconds: 2 })
}

describe('a sign-in that ends in the middle of work', () => {
  const ended = (page: Page) =>
    page.getByRole('dialog', { name: 'Your sign-in has ended. Sign in to go on.' })
  const signIn = async (page: Page, email: string) => {
    await ended(page).getByLabel('E-mail').fill(email)
    await ended(page).getByLabel('Password').fill(PASSWORD)
    await ended(page).getByRole('button', { name: 'Sign in' }).click()
  }

  test('is asked for again over what was typed, and what was sent arrives', async () => {
    const owner = await stack.register('ada@example.com')
    const context = await stack.newContext({ person: owner })
    const complaints = watchComplaints(context)
    const page = await context.newPage()
    await page.goto(`${stack.url}/dashboard/new`)
    await page.getByLabel('Name').fill('Stille')
    await page.getByLabel('Description').fill('Three sentences that took a while.')
    await page.getByLabel('Category').fill('productivity')
    await page.getByLabel('Launch address').fill(`${stack.appUrl}/`)
    await endSignIns(owner)
    await button(page, 'Register the app').click()
    await ended(page).waitFor()
    expect(await page.evaluate(() => document.activeElement?.closest('[role=dialog]') !== null)).toBe(true)
    await signIn(page, owner.email)
    await heading(page, 'Integrate and test').waitFor()
    const { items } = await stack.call<{ items: object[] }>('GET', '/providers/mine', {
      token: await accessTokenOf(stack.api, owner.id),
    })
    expect(items).toMatchObject([{ description: 'Three sentences that took a while.' }])
    expect(complaints).toEqual([])
    await context.close()
  })

  test('keeps the page of another tab, too, and shows none of it to somebody else', async () => {
    const owner = await stack.register('bertha@example.com')
    const other = await stack.register('carl@example.com')
    const id = await registerApp(stack, owner, 'Fokus')
    const context = await stack.newContext({ person: owner })
    const page = await context.newPage()
    await page.goto(`${stack.url}/dashboard/providers/${id}/settings`)
    await page.getByLabel('Description').fill('Half a sentence')
    const second = await context.newPage()
    await second.goto(`${stack.url}/dashboard/account`)
    await heading(second, 'Account settings').waitFor()
    await endSignIns(owner)
    await button(second, 'Save the name').click()
    await Promise.all([ended(second).waitFor(), ended(page).waitFor()])
    await signIn(second, owner.email)
    await second.getByText('Saved.').waitFor()
    await ended(page).waitFor({ state: 'detached' })
    expect(await page.getByLabel('Description').inputValue()).toBe('Half a sentence')

    await endSignIns(owner)
    await button(page, 'Save').click()
    await signIn(page, other.email)
    await heading(page, 'There is nothing here').waitFor()
    expect(await page.content()).not.toContain('Half a sentence')
    await context.close()
  })

  test('can be left for the page to sign in, from where a password is chosen anew', async () => {
    const owner = await stack.register('dora@example.com')
    const context = await stack.newContext({ person: owner })
    const page = await context.newPage()
    await page.goto(`${stack.url}/dashboard/account`)
    await heading(page, 'Account settings').waitFor()
    await endSignIns(owner)
    await button(page, 'Save the name').click()
    await button(page, 'Leave this page').click()
    await heading(page, 'Sign in').waitFor()
    const forgot = page.getByRole('link', { name: 'Forgot your password?' })
    const { marketplaceUrl } = stack.api.deps.config
    expect(await forgot.getAttribute('href')).toBe(`${marketplaceUrl}/#/forgot-password`)
    await context.close()
  })
})

describe('a page that is worked on', () => {
  let page: Page
  let id: string
  let secondId: string
  let complaints: string[]
  const open = (path: string) => page.goto(`${stack.url}/dashboard${path}`)

  beforeAll(async () => {
    const owner = await stack.register('grace@example.com')
    id = await registerApp(stack, owner, 'Fokus')
    stack.api.clock.advance({ seconds: 1 })
    secondId = await registerApp(stack, owner, 'Tonart')
    const context = await stack.newContext({ person: owner })
    complaints = watchComplaints(context)
    page = await context.newPage()
    await page.setViewportSize({ width: 1280, height: 700 })
  })
  afterAll(async () => {
    expect(complaints).toEqual([])
    await page.context().close()
  })

  test('shows beside the button that saving failed, and takes “Saved.” back with the next change', async () => {
    await open(`/providers/${id}/settings`)
    await page.getByLabel('Description').fill('Two things at a time.')
    await page.route(`**/providers/${id}`, (route) => route.fulfill({ status: 503, body: '{}' }), {
      times: 1,
    })
    await button(page, 'Save').click()
    const notice = page.getByRole('alert')
    await notice.waitFor()
    const { y, height } = (await notice.boundingBox())!
    expect(y).toBeGreaterThan(0)
    expect(y + height).toBeLessThanOrEqual(700)
    await button(page, 'Save').click()
    await page.getByText('Saved.').waitFor()
    expect(await notice.count()).toBe(0)
    await page.getByRole('radio', { name: /^In the fragment/ }).check({ force: true })
    await page.getByText('Saved.').waitFor({ state: 'detached' })
  })

  test('says in its address what its figures show', async () => {
    await open(`/providers/${id}/analytics?measure=opened`)
    await page.getByRole('heading', { name: 'Sessions opened' }).waitFor()
    await page.getByLabel('What the chart shows').selectOption('Minutes used')
    await page.getByLabel('Cohorts').selectOption('By month')
    await page.reload()
    await page.getByRole('heading', { name: 'Minutes used' }).waitFor()
    expect(await page.getByLabel('Cohorts').inputValue()).toBe('month')
    await page.getByLabel('What the chart shows').selectOption('Earnings')
    await page.getByLabel('Cohorts').selectOption('By week')
    expect(new URL(page.url()).search).toBe('')
  })

  test('goes to another app by a link of the list of apps, on the same kind of page', async () => {
    await open(`/providers/${id}/keys`)
    await heading(page, 'API keys').waitFor()
    await button(page, 'App: Fokus').focus()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    const list = page.getByRole('list', { name: 'Apps' })
    await list.waitFor()
    await page.keyboard.press('Escape')
    await list.waitFor({ state: 'hidden' })
    expect(new URL(page.url()).pathname).toBe(`/dashboard/providers/${id}/keys`)
    await page.keyboard.press('Enter')
    await page.keyboard.press('Tab')
    await expect.poll(() => focused(page)).toBe('Tonart')
    await page.keyboard.press('Enter')
    await button(page, 'App: Tonart').waitFor()
    expect(new URL(page.url()).pathname).toBe(`/dashboard/providers/${secondId}/keys`)
    expect(await list.isVisible()).toBe(false)
    await expect.poll(() => focused(page)).toBe('API keys')
  })

  test('keeps the keyboard’s place when what was pressed has gone', async () => {
    await open(`/providers/${id}/keys`)
    await button(page, 'Make a key').focus()
    await page.keyboard.press('Enter')
    await page.getByLabel('Name').fill('Server')
    await page.keyboard.press('Enter')
    await button(page, 'I have kept it').press('Enter')
    await expect.poll(() => focused(page)).toBe('Make a key')
    await button(page, 'Revoke Server').press('Enter')
    await button(page, 'Cancel').press('Enter')
    await expect.poll(() => focused(page)).toBe('Revoke Server')
    await page.keyboard.press('Enter')
    await button(page, 'Revoke it').press('Enter')
    await page.getByText('Revoked', { exact: true }).waitFor()
    await expect.poll(() => focused(page)).toBe('API keys')

    await open(`/providers/${id}/integrate`)
    await button(page, 'Change addresses').press('Enter')
    await expect
      .poll(() => page.evaluate(() => document.activeElement?.getAttribute('name')))
      .toBe('launchUrl')
    await button(page, 'Cancel').press('Enter')
    await expect.poll(() => focused(page)).toBe('Change addresses')
  })

  test('says after the last page of a list that it was the last, and is as long and as far down on the way back', async () => {
    const keys = Array.from({ length: 60 }, (_, nth) => ({
      id: `key_${nth}`,
      name: `Key ${nth}`,
      mode: 'live',
      secretEnding: 'abcd',
      scopes: [],
      lastUsedAt: null,
      expiresAt: null,
      revokedAt: null,
    }))
    await page.route('**/api-keys?*', (route) => {
      const from = Number(new URL(route.request().url()).searchParams.get('cursor') ?? 0)
      const nextCursor = from < 40 ? String(from + 20) : null
      return route.fulfill({ json: { items: keys.slice(from, from + 20), nextCursor } })
    })
    const rows = page.getByRole('cell', { name: /^Key / })
    await open(`/providers/${id}/keys`)
    await button(page, 'Show more').press('Enter')
    await expect.poll(() => rows.count()).toBe(40)
    await button(page, 'Show more').press('Enter')
    await expect.poll(() => focused(page)).toBe('That is all.')
    expect(await rows.count()).toBe(60)

    await page.evaluate(() => scrollTo(0, 2_000))
    await page.getByRole('link', { name: 'Team' }).click()
    await heading(page, 'Team').waitFor()
    expect(await page.evaluate(() => scrollY)).toBe(0)
    await page.goBack()
    await expect.poll(() => rows.count()).toBe(60)
    await expect.poll(() => page.evaluate(() => scrollY)).toBe(2_000)
    await page.getByRole('link', { name: 'Team' }).click()
    await heading(page, 'Team').waitFor()
    await page.getByRole('link', { name: 'API keys' }).click()
    await expect.poll(() => rows.count()).toBe(20)
    expect(await page.evaluate(() => scrollY)).toBe(0)
    await page.unroute('**/api-keys?*')
  })

  test('says that it is coming while its script is on its way', async () => {
    let deliver = () => {}
    const late = new Promise<void>((resolve) => {
      deliver = resolve
    })
    await page.route('**/assets/*.js', async (route) => {
      await late
      await route.continue()
    })
    await page.goto(`${stack.url}/dashboard/new`, { waitUntil: 'commit' })
    const hint = () =>
      page.evaluate(() => getComputedStyle(document.querySelector('#root')!, '::before').content)
    await expect.poll(hint).toBe('"One moment…"')
    deliver()
    await heading(page, 'Register an app').waitFor()
    expect(await hint()).toBe('none')
  })
})
