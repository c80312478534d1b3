import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { accessTokenOf } from '../../apps/api/test/harness.ts'
import {
  beginPurchase,
  completed,
  paymentOf,
  refunded,
  tellEvents,
} from '../../apps/api/test/stripe-events.ts'
import { launchChromium } from './chromium.ts'
import { type Stack, startStack, type Visitor } from './stack.ts'

let stack: Stack
let browser: Browser
const contexts: BrowserContext[] = []
beforeAll(async () => {
  ;[stack, browser] = await Promise.all([startStack(), launchChromium()])
})
afterEach(async () => {
  await Promise.all(contexts.splice(0).map((context) => context.close()))
})
afterAll(async () => {
  await browser?.close()
  await stack?.close()
})

async function open(visitor: Visitor, path: string): Promise<Page> {
  const context = await browser.newContext({ reducedMotion: 'reduce' })
  context.setDefaultTimeout(15_000)
  contexts.push(context)
  await stack.signInto(context, visitor)
  const page = await context.newPage()
  await page.goto(`${stack.marketplaceUrl}/#${path}`)
  return page
}
const button = (page: Page, name: string) => page.getByRole('button', { name })
const signInAgain = ({ email, password }: Visitor) =>
  stack.call('POST', '/auth/login', { body: { email, password } }) as Promise<{ refreshToken: string }>
const isAlive = ({ refreshToken }: { refreshToken: string }) =>
  stack.call('POST', '/auth/refresh', { body: { refreshToken } }).then(
    () => true,
    () => false,
  )

test('a name is changed, and a confirming link asked for again', async () => {
  const visitor = await stack.newVisitor()
  const page = await open(visitor, '/')
  await page.getByRole('link', { name: 'Account', exact: true }).click()
  await page.getByLabel('What we call you').fill('Ada <b>Lovelace</b>')
  await button(page, 'Save the name').click()
  // Beside the button, and where one was; said of nothing that is typed afterwards.
  const saved = page.getByRole('main').getByText('Your name is saved.')
  await saved.waitFor()
  expect(await button(page, 'Save the name').evaluate((it) => it === document.activeElement)).toBe(true)
  await page.getByLabel('What we call you').pressSequentially('!')
  await saved.waitFor({ state: 'detached' })
  await page.reload()
  await page.getByText('not confirmed yet').waitFor()
  expect(await page.getByLabel('What we call you').inputValue()).toBe('Ada <b>Lovelace</b>')
  await button(page, 'Send the link again').click()
  await page.locator('.notice', { hasText: 'A link is on its way.' }).waitFor()

  await page.getByText('Use another address').click()
  await page.getByLabel('The new address').fill('countess@example.com')
  await page.locator('#password-for-address').fill(visitor.password)
  await button(page, 'Send a link there').click()
  await page.getByRole('main').getByText('A link was sent to the new address.').waitFor()
  await page.getByText('It changes to countess@example.com').waitFor()
})

test('another password ends the other sign-ins and keeps this one', async () => {
  const visitor = await stack.newVisitor()
  const other = await signInAgain(visitor)
  const page = await open(visitor, '/account')
  await page.getByLabel('The one you have').fill('not the password')
  await page.getByLabel('The new one').fill('short')
  await button(page, 'Change the password').click()
  await page.getByText('At least 8 characters, please.').waitFor()
  await page.getByLabel('The new one').fill('quite another sentence')
  await button(page, 'Change the password').click()
  await page.getByText('That is not your password').waitFor()
  await page.getByLabel('The one you have').fill(visitor.password)
  await button(page, 'Change the password').click()
  await page.getByRole('main').getByText('Your password is changed.').waitFor()
  expect(await page.getByLabel('The new one').inputValue()).toBe('')
  expect(await isAlive(other)).toBe(false)
  const kept = await page.evaluate(() => JSON.parse(localStorage.getItem('tally.sign-in') ?? '{}'))
  expect(await isAlive(kept)).toBe(true)
})

test('where one is signed in is listed, and ended one by one', async () => {
  const visitor = await stack.newVisitor()
  // Ids of one instant have no order.
  stack.api.clock.advance({ seconds: 1 })
  const other = await signInAgain(visitor)
  const page = await open(visitor, '/account/sign-ins')
  await page.getByRole('listitem').nth(1).waitFor()
  // The newest stands first: the one that was just made.
  await page
    .getByRole('button', { name: /^End: / })
    .first()
    .click()
  await expect.poll(() => page.getByRole('listitem').count()).toBe(1)
  expect(await isAlive(other)).toBe(false)
})

test('a spending limit is set, is felt in words, and is taken away', async () => {
  const visitor = await stack.newVisitor({ tokens: 500 })
  const page = await open(visitor, '/account/limits')
  await page.getByLabel('Tokens in any 24 hours').first().fill('30')
  await page.getByLabel('A limit for one app').selectOption(stack.providerId)
  await button(page, 'Add it').click()
  await page.getByLabel(/^Stille: tokens/).fill('1.5')
  await button(page, 'Save the limits').click()
  await page.getByText('A whole number from 0').waitFor()
  await page.getByLabel(/^Stille: tokens/).fill('20')
  await button(page, 'Save the limits').click()
  await page.getByText('reserved 0 of 30 tokens').waitFor()
  await page.getByRole('main').getByText('Your limits are saved.').waitFor()
  const limits = () => stack.call('GET', '/tokens/limits', { token: visitor.accessToken })
  expect(await limits()).toMatchObject({
    perDayTokens: 30,
    perProviderPerDayTokens: [{ providerId: stack.providerId, tokens: 20 }],
    lowBalanceTokens: null,
  })

  await page.goto(`${stack.marketplaceUrl}/#/apps/${stack.providerId}?minutes=30`)
  await page.getByRole('button', { name: /and open/ }).click()
  await page.getByText('That is more than you allow yourself').waitFor()

  await page.goto(`${stack.marketplaceUrl}/#/account/limits`)
  await page.getByLabel('Tokens in any 24 hours').first().fill('')
  await page.getByLabel(/^Stille: tokens/).fill('')
  await button(page, 'Save the limits').click()
  await page.getByText('reserved 0 tokens').waitFor()
  expect(await limits()).toMatchObject({ perDayTokens: null, perProviderPerDayTokens: [] })
})

test('a charge and a purchase are followed line by line, from the history down', async () => {
  const visitor = await stack.newVisitor({ tokens: 500 })
  const token = visitor.accessToken
  const { session, launchJwt } = (await stack.call('POST', '/sessions', {
    token,
    body: { providerId: stack.providerId, durationMinutes: 30 },
  })) as { session: { id: string }; launchJwt: string }
  await stack.call('POST', '/api/v1/sessions/validate', { body: { launchJwt, clientId: 'client-of-a-test' } })
  stack.api.clock.advance({ seconds: 43 })
  await stack.call('POST', `/api/v1/sessions/${session.id}/complete`, { token, body: {} })

  const page = await open(visitor, '/history')
  await page.getByRole('link', { name: /^Why: Stille/ }).click()
  await page.getByText('43 s × 4 ÷ 60').waitFor()
  await page.getByRole('link', { name: 'The session’s receipt' }).click()
  const lines = page.getByRole('region', { name: 'Line by line' })
  await lines.getByText('Released').waitFor()
  expect(await lines.getByText('rounded up to whole tokens').count()).toBe(1)
  await page.getByRole('region', { name: 'Where the time comes from' }).getByText('Time began').waitFor()

  await page.goto(`${stack.marketplaceUrl}/#/tokens`)
  await button(page, 'Buy 1,000 tokens').click()
  await page.waitForURL(`${stack.apiUrl}/**`)
  await page.getByRole('button', { name: /^Pay/ }).click()
  await page.getByRole('heading', { name: 'Paid. Thank you.' }).waitFor()
  await page.getByRole('region', { name: 'Line by line' }).getByText('5 % discount').waitFor()
  await page
    .getByRole('region', { name: 'What it did to your balance' })
    .getByText(/^\+1,000, leaves/)
    .waitFor()
})

test('a purchase of which a part went back says so, and how much', async () => {
  const visitor = await stack.newVisitor()
  const purchase = await beginPurchase(stack.api, visitor.accessToken, 1_000)
  const payment = paymentOf(purchase)
  await tellEvents(stack.api, completed(payment), refunded(payment, 190))
  const page = await open(visitor, `/purchases/${purchase.id}`)
  await page.getByRole('heading', { level: 1, name: 'Partly refunded' }).waitFor()
  await page.getByRole('main').getByText('$1.90 went back, and the same part of the tokens.').waitFor()
  await page
    .getByRole('region', { name: 'What it did to your balance' })
    .getByText('−200, leaves 800')
    .waitFor()
  await tellEvents(stack.api, refunded(payment, purchase.amountCents))
  await page.reload()
  await page.getByRole('heading', { level: 1, name: 'Refunded' }).waitFor()
})

test('a purchase that is not looked for any more does not say that it is', async () => {
  const visitor = await stack.newVisitor()
  const { id } = await beginPurchase(stack.api, visitor.accessToken, 1_000)
  const page = await open(visitor, '/account')
  await page.clock.install()
  await page.evaluate((hash) => {
    location.hash = hash
  }, `#/purchases/${id}`)
  const text = page.getByRole('main').locator('.lead')
  await text.getByText('This page looks by itself.').waitFor()
  await page.clock.fastForward(121_000)
  await text.getByText('Some payments take days').waitFor()
  expect(await text.textContent()).not.toContain('looks by itself')
})

test('an account is closed for good, and what is left is given up knowingly', async () => {
  const visitor = await stack.newVisitor({ tokens: 120 })
  const page = await open(visitor, '/account')
  await page.getByText('Close it for good').click()
  await page.locator('#password-for-end').fill(visitor.password)
  await button(page, 'Close it and give up 120 tokens').click()
  await page.getByRole('alert').getByText('Your account is closed.').waitFor()
  await page.getByRole('link', { name: 'Register' }).waitFor()
  await expect(signInAgain(visitor)).rejects.toThrow('401')
  const token = await accessTokenOf(stack.api, visitor.id)
  await expect(stack.call('GET', '/auth/profile', { token })).rejects.toThrow('401')
})

test('signing out leads away at once, also from an API that does not answer', async () => {
  const page = await open(await stack.newVisitor(), '/account')
  await page.getByText('Close it for good').waitFor()
  await page.route(`${stack.apiUrl}/auth/logout`, () => {})
  await button(page, 'Sign out').click()
  await page.getByRole('heading', { name: 'On offer' }).waitFor()
  expect(await page.getByRole('alert').count()).toBe(0)
})
