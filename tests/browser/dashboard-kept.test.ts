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
  const ended = (page: Page) => page.getByRole('dialog', { name: 'Your sign-in has ended. Sign in to go on.' })
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
