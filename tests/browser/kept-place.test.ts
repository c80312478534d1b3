import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { launchChromium } from './chromium.ts'
import { holdBack } from './hold-back.ts'
import { giveTokens, type Stack, startStack, type Visitor } from './stack.ts'

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

async function open(visitor: Visitor, path: string, width = 1100): Promise<Page> {
  const context = await browser.newContext({ reducedMotion: 'reduce', viewport: { width, height: 800 } })
  context.setDefaultTimeout(15_000)
  contexts.push(context)
  await stack.signInto(context, visitor)
  const page = await context.newPage()
  await page.goto(`${stack.marketplaceUrl}/#${path}`)
  return page
}
const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name })
const widthOf = (page: Page) => page.evaluate(() => document.documentElement.scrollWidth)
const lookAgain = (page: Page) => page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
const focused = (page: Page) => page.evaluate(() => document.activeElement?.textContent?.trim())

async function openSession({ accessToken: token }: Visitor, providerId = stack.providerId) {
  const opened = (await stack.call('POST', '/sessions', {
    token,
    body: { providerId, durationMinutes: 10 },
  })) as { session: { id: string }; launchJwt: string }
  const body = { launchJwt: opened.launchJwt, clientId: 'client-of-a-test' }
  await stack.call('POST', '/api/v1/sessions/validate', { body })
  return opened.session.id
}

describe('a sign-in that ends in the middle of work', () => {
  const sentence = 'Your sign-in has ended. Sign in to go on.'

  /** As if another program had exchanged the refresh token: the page's own is worth nothing any more. */
  async function endSignIn({ signIn }: Visitor): Promise<void> {
    const { refreshToken } = JSON.parse(signIn) as { refreshToken: string }
    await stack.call('POST', '/auth/refresh', { body: { refreshToken } })
    stack.api.clock.advance({ minutes: 16 })
  }
  async function signIn(page: Page, { email, password }: Visitor) {
    await button(page, 'Sign in').waitFor()
    await page.getByLabel('E-mail').fill(email)
    await page.getByLabel('Password').fill(password)
    await button(page, 'Sign in').click()
  }

  test('is said where one was, and the minutes are still chosen afterwards', async () => {
    const visitor = await stack.newVisitor({ tokens: 500 })
    const page = await open(visitor, `/apps/${stack.providerId}`)
    await page.getByLabel('Minutes', { exact: true }).fill('47')
    await endSignIn(visitor)
    await button(page, 'Reserve 188 tokens and open').click()
    const notice = page.getByRole('alert').filter({ hasText: sentence })
    await notice.waitFor()
    expect(await page.getByLabel('Minutes', { exact: true }).inputValue()).toBe('47')
    await notice.getByRole('link', { name: 'Sign in' }).click()
    await signIn(page, visitor)
    await button(page, 'Reserve 188 tokens and open').waitFor()
    expect(await page.getByRole('alert').count()).toBe(0)
  })

  test('is said on the page to sign in that takes the place of one’s own, and leads back', async () => {
    const visitor = await stack.newVisitor({ tokens: 500 })
    const page = await open(visitor, '/tokens')
    await page.locator('#balance-available').waitFor()
    await endSignIn(visitor)
    await page.getByRole('link', { name: 'History', exact: true }).click()
    await page.getByRole('alert').filter({ hasText: sentence }).waitFor()
    await signIn(page, visitor)
    await page.getByText('Gift').waitFor()
  })

  test('is no news to whoever signs out', async () => {
    const page = await open(await stack.newVisitor(), '/')
    await button(page, 'Sign out').click()
    await page.getByRole('link', { name: 'Make an account' }).waitFor()
    expect(await page.getByText(sentence).count()).toBe(0)
  })
})

describe('a list of several pages', () => {
  const GIFTS = 55
  let visitor: Visitor
  beforeAll(async () => {
    visitor = await stack.newVisitor()
    for (let nth = 0; nth < GIFTS; nth += 1) {
      stack.api.clock.advance({ seconds: 1 })
      await giveTokens(stack.api, visitor.id, 1)
    }
  })
  /** How many rows there are, and how many different ones. */
  const rows = async (page: Page) => {
    const links = await page
      .locator('tbody .why')
      .evaluateAll((all) => all.map((link) => link.getAttribute('href')))
    return [links.length, new Set(links).size]
  }
  const balances = (page: Page) => page.locator('tbody td:last-child').allTextContents()

  test('brings each row once, however often its button is pressed, and the focus to the first new one', async () => {
    const page = await open(visitor, '/history')
    await button(page, 'Older movements').dblclick()
    await expect.poll(() => rows(page)).toEqual([50, 50])
    expect(await focused(page)).toContain(`${GIFTS - 25}`)
    await button(page, 'Older movements').click()
    await expect.poll(() => rows(page)).toEqual([GIFTS, GIFTS])
    expect(await balances(page)).toEqual(Array.from({ length: GIFTS }, (_, nth) => `${GIFTS - nth}`))
    expect(await focused(page)).toContain('Gift')
  })

  test('says what did not work beside its button, which brings the same page then', async () => {
    const page = await open(visitor, '/history')
    await button(page, 'Older movements').waitFor()
    await page.route('**/tokens/history?*', (route) => route.abort())
    await button(page, 'Older movements').click()
    await page.getByText('The marketplace cannot be reached').waitFor()
    await page.unroute('**/tokens/history?*')
    await button(page, 'Older movements').click()
    await expect.poll(() => rows(page)).toEqual([50, 50])
    expect(await page.getByRole('alert').count()).toBe(0)
  })

  test('is as long and as far down as it was when one comes back to it', async () => {
    const page = await open(visitor, '/history')
    await button(page, 'Older movements').click()
    await expect.poll(() => rows(page)).toEqual([50, 50])
    await page.locator('tbody .why').nth(40).scrollIntoViewIfNeeded()
    const before = await page.evaluate(() => scrollY)
    expect(before).toBeGreaterThan(1_000)
    await page.locator('tbody .why').nth(40).click()
    await page.locator('.because').waitFor()
    expect(await page.evaluate(() => scrollY)).toBe(0)
    await page.goBack()
    await expect.poll(() => rows(page)).toEqual([50, 50])
    await expect.poll(() => page.evaluate(() => scrollY)).toBe(before)
    await page.getByRole('link', { name: 'History', exact: true }).focus()
    await page.getByRole('link', { name: 'Tokens', exact: true }).click()
    await page.locator('#balance-available').waitFor()
    await page.getByRole('link', { name: 'History', exact: true }).click()
    await expect.poll(() => rows(page)).toEqual([25, 25])
  })
})

test('a list whose first page has nothing to show goes on to the one that has', async () => {
  const visitor = await stack.newVisitor({ tokens: 500 })
  const id = await openSession(visitor)
  await stack.call('POST', `/api/v1/sessions/${id}/complete`, { token: visitor.accessToken, body: {} })
  const page = await open(visitor, '/nowhere')
  // As for somebody with so many open sessions that none of the first ones has ended.
  await page.route(`${stack.apiUrl}/sessions?*`, async (route) => {
    const isFirst = !new URL(route.request().url()).searchParams.has('cursor')
    return isFirst ? route.fulfill({ json: { items: [], nextCursor: 'next' } }) : route.fallback()
  })
  await page.route(`${stack.apiUrl}/sessions?*cursor=next*`, async (route) => {
    const url = route.request().url().replace('&cursor=next', '')
    return route.fulfill({ response: await route.fetch({ url }) })
  })
  await page.evaluate(() => location.assign('#/sessions'))
  await page.getByText('ended by you').waitFor()
  expect(await page.getByText('No session has ended yet.').count()).toBe(0)
})

describe('a running session', () => {
  test('that ends says so on its card, and leaves a search alone', async () => {
    const visitor = await stack.newVisitor({ tokens: 100 })
    const id = await openSession(visitor)
    const page = await open(visitor, '/')
    await page.locator('.session').getByText('Stille').waitFor()
    const search = page.getByRole('searchbox', { name: 'Search' })
    await search.fill('Sti')
    await stack.call('POST', `/api/v1/sessions/${id}/complete`, { token: visitor.accessToken, body: {} })
    // As when one comes back to the tab.
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
    const receipt = page.locator('.session').getByRole('link', { name: 'See the receipt' })
    await receipt.waitFor()
    expect(await search.inputValue()).toBe('Sti')
    expect(await search.evaluate((input) => input === document.activeElement)).toBe(true)
    await receipt.click()
    await page.getByText('You ended the session.').waitFor()
  })

  test('shows what was done with it, whatever an older answer says that comes later', async () => {
    const visitor = await stack.newVisitor({ tokens: 500 })
    const id = await openSession(visitor)
    const page = await open(visitor, `/sessions/${id}`)
    await button(page, 'Pause').waitFor()
    const older = await holdBack(page, 'GET', `${stack.apiUrl}/sessions/${id}`)
    // It looks again whenever somebody comes back to it.
    await lookAgain(page)
    await older.given
    await button(page, 'Pause').click()
    await button(page, 'Resume').waitFor()
    await older.letGo()
    expect(await page.locator('.state').textContent()).toBe('Paused')
  })

  test('that was extended on the way back from its app is not extended again by a reload', async () => {
    const visitor = await stack.newVisitor({ tokens: 200 })
    const id = await openSession(visitor)
    const page = await open(visitor, `/sessions/${id}?reason=extend`)
    await page.getByRole('dialog').getByRole('button', { name: 'Extend' }).click()
    await page.getByText('100 tokens reserved').waitFor()
    expect(page.url()).not.toContain('extend')
    await page.reload()
    await page.getByRole('heading', { name: 'Your session is still open' }).waitFor()
    await page.evaluate(
      () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
    )
    expect(await page.getByRole('dialog').count()).toBe(0)
  })
})

describe('a narrow screen', () => {
  test('holds what providers type, and lays it out the way its language runs', async () => {
    const visitor = await stack.newVisitor({ tokens: 100 })
    const name = 'Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetzbuch1'
    const { id } = (await stack.call('POST', '/providers', {
      token: visitor.accessToken,
      body: {
        name,
        description: 'مؤقت هادئ',
        category: 'words',
        launchUrl: `${stack.appUrl}/`,
        allowedOrigins: [stack.appUrl],
        tokensPerMinute: 1,
      },
    })) as { id: string }
    const page = await open(visitor, `/apps/${id}`, 360)
    await page.getByRole('heading', { name }).waitFor()
    expect(await widthOf(page)).toBe(360)
    const gap = await page.locator('.lead').evaluate((lead) => {
      const text = document.createRange()
      text.selectNodeContents(lead)
      return lead.getBoundingClientRect().right - text.getBoundingClientRect().right
    })
    expect(gap).toBeLessThan(1)
    const sessionId = await openSession(visitor, id)
    for (const path of ['/', '/sessions', `/sessions/${sessionId}`]) {
      await page.goto(`${stack.marketplaceUrl}/#${path}`)
      await page.locator('.session').getByText(name).waitFor()
      expect([path, await widthOf(page)]).toEqual([path, 360])
    }
    const token = visitor.accessToken
    await stack.call('POST', `/api/v1/sessions/${sessionId}/complete`, { token, body: {} })
    for (const path of ['/history', '/sessions', `/sessions/${sessionId}`]) {
      await page.goto(`${stack.marketplaceUrl}/#${path}`)
      await page.locator('main').getByText(name).first().waitFor()
      expect([path, await widthOf(page)]).toEqual([path, 360])
    }
  })

  test('of 320 px holds the header, and a million in one piece', async () => {
    const page = await open(await stack.newVisitor({ tokens: 1_234_567 }), '/tokens', 320)
    await page.locator('#balance-available').waitFor()
    expect(await widthOf(page)).toBe(320)
    const lines = await page.locator('#balance-available').evaluate((figure) => {
      const text = document.createRange()
      text.selectNodeContents(figure)
      return text.getClientRects().length
    })
    expect(lines).toBe(1)
  })
})

test('minutes that are none have no price', async () => {
  const page = await open(await stack.newVisitor({ tokens: 500 }), `/apps/${stack.providerId}?minutes=30`)
  await button(page, 'Reserve 120 tokens and open').waitFor()
  await page.getByLabel('Minutes', { exact: true }).fill('')
  await button(page, 'Reserve and open').waitFor()
  expect(await page.locator('#price').textContent()).toBe('')
  await button(page, 'Reserve and open').click()
  expect(await page.getByText('A whole number from 1 to 480, please.').isVisible()).toBe(true)
})

test('an older balance that comes later is not shown', async () => {
  const visitor = await stack.newVisitor({ tokens: 100 })
  const page = await open(visitor, '/account/sign-ins')
  await page.getByRole('link', { name: 'Balance: 100 tokens' }).waitFor()
  const older = await holdBack(page, 'GET', `${stack.apiUrl}/tokens/balance`)
  await lookAgain(page)
  await older.given
  await giveTokens(stack.api, visitor.id, 50)
  await lookAgain(page)
  const shown = page.getByRole('link', { name: 'Balance: 150 tokens' })
  await shown.waitFor()
  await older.letGo()
  expect(await shown.count()).toBe(1)
})

test('more of a list is more of what it shows, whatever is on its way by then', async () => {
  const page = await open(await stack.newVisitor(), '/nowhere')
  const app = { id: 'prv_1', description: '', category: 'c', tokensPerMinute: 1 }
  const [asked, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  await page.route('**/providers?*', async (route) => {
    const query = new URL(route.request().url()).searchParams
    const [q, cursor] = [query.get('q'), query.get('cursor')]
    if (q === 'new' && cursor === null) {
      asked.resolve()
      await go.promise
    }
    const items = [{ ...app, name: `${q}, page ${cursor ?? 1}` }]
    await route.fulfill({ json: { items, nextCursor: cursor === null ? '2' : null } })
  })
  await page.evaluate(() => location.assign('#/?q=old'))
  await button(page, 'More apps').waitFor()
  await page.getByLabel('Search').fill('new')
  await asked.promise
  await button(page, 'More apps').click()
  const names = page.locator('#apps h3')
  await expect.poll(() => names.allTextContents()).toEqual(['old, page 1', 'old, page 2'])
  go.resolve()
  await expect.poll(() => names.allTextContents()).toEqual(['new, page 1'])
})

test('a search that is left while it is typed changes nothing of the page one went to', async () => {
  const page = await open(await stack.newVisitor({ tokens: 500 }), '/')
  await page.clock.install()
  await page.getByLabel('Search').fill('quiet')
  await page.evaluate(() => location.assign('#/tokens'))
  await page.locator('#balance-available').waitFor()
  await page.clock.runFor(1_000)
  expect(new URL(page.url()).hash).toBe('#/tokens')
})

test('in forced colours the page one is on stands out among the links', async () => {
  const page = await open(await stack.newVisitor(), '/account')
  await page.emulateMedia({ forcedColors: 'active' })
  await page.locator('.subnav').waitFor()
  for (const nav of ['#nav', '.subnav']) {
    const colours = await page
      .locator(`${nav} a`)
      .evaluateAll((links) =>
        links.map((link) => [link.hasAttribute('aria-current'), getComputedStyle(link).borderBottomColor]),
      )
    const of = (isCurrent: boolean) =>
      new Set(colours.filter(([current]) => current === isCurrent).map(([, colour]) => colour))
    expect([of(true).size, of(false).size]).toEqual([1, 1])
    expect([...of(true)]).not.toEqual([...of(false)])
  }
})
