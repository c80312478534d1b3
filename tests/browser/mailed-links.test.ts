import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { issueMailedLink, type LinkPurpose } from '../../apps/api/src/auth/mailed-link.ts'
import { PUBLIC_TENANT_ID } from '../../apps/api/src/id.ts'
import { launchChromium } from './chromium.ts'
import { type Stack, startStack, type Visitor } from './stack.ts'

let stack: Stack
let browser: Browser
beforeAll(async () => {
  ;[stack, browser] = await Promise.all([startStack(), launchChromium()])
})
afterAll(async () => {
  await browser?.close()
  await stack?.close()
})

/** The token that a mail would have carried. */
async function mailed({ id, email }: Visitor, purpose: LinkPurpose): Promise<string> {
  const { db, clock } = stack.api.deps
  const link = { purpose, userId: id, emailNormalized: email, now: clock() }
  const token = await db.inTenant(PUBLIC_TENANT_ID, (tx) => issueMailedLink(tx, link))
  if (token === undefined) throw new Error('too many links')
  return token
}

async function open(path: string): Promise<Page> {
  const page = await (await browser.newContext()).newPage()
  await page.goto(`${stack.marketplaceUrl}/#${path}`)
  return page
}

test('a mailed link chooses a new password, and its token leaves the address bar', async () => {
  const visitor = await stack.newVisitor()
  const page = await open(`/reset-password?token=${await mailed(visitor, 'reset_password')}`)
  await page.getByRole('heading', { name: 'Choose a new password' }).waitFor()
  expect(page.url()).toBe(`${stack.marketplaceUrl}/#/reset-password`)
  await page.reload()
  await page.getByLabel('Password').fill('a new sentence of words')
  await page.getByRole('button', { name: 'Change it' }).click()
  await page.getByText('Your password is changed.').first().waitFor()
  await page.getByRole('link', { name: 'Sign in' }).last().click()
  await page.getByLabel('E-mail').fill(visitor.email)
  await page.getByLabel('Password').fill('a new sentence of words')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.waitForFunction(() => localStorage.getItem('tally.sign-in') !== null)
})

test('a mailed link confirms an address, once', async () => {
  const token = await mailed(await stack.newVisitor(), 'verify_email')
  const page = await open(`/verify-email?token=${token}`)
  await page.getByText('Your address is confirmed').first().waitFor()
  await page.reload()
  await page.getByText('Your address is confirmed').first().waitFor()
  await (await open(`/verify-email?token=${token}`))
    .getByText('This link does not work any more')
    .first()
    .waitFor()
})

test('the end of a link alone says so at once, and where to ask for another one', async () => {
  for (const path of ['/reset-password', '/verify-email']) {
    const page = await open(path)
    await page.getByRole('heading', { name: 'Open the link in the mail again' }).waitFor()
    expect(await page.getByLabel('Password').count()).toBe(0)
    await page.getByRole('link', { name: 'Forgot your password?' }).click()
    await page.getByRole('button', { name: 'Send the link' }).waitFor()
  }
})

test('who forgot a password is told the same, with an account and without', async () => {
  const { email } = await stack.newVisitor()
  for (const address of [email, 'nobody@example.com']) {
    const page = await open('/sign-in')
    await page.getByRole('link', { name: 'Forgot your password?' }).click()
    // Both pages have a field of this name: the one that is left must not be the one that is filled.
    await page.getByRole('button', { name: 'Send the link' }).waitFor()
    await page.getByLabel('E-mail').fill(address)
    await page.getByRole('button', { name: 'Send the link' }).click()
    await page.getByText('If this address has an account').first().waitFor()
  }
})
