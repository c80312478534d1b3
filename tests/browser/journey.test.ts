import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { launchChromium } from './chromium.ts'
import { type Stack, startStack, TOKENS_PER_MINUTE, type Visitor } from './stack.ts'

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

async function newPage(visitor?: Visitor): Promise<Page> {
  const context = await browser.newContext({ locale: 'en-US' })
  context.setDefaultTimeout(15_000)
  contexts.push(context)
  if (visitor) await stack.signInto(context, visitor)
  return await context.newPage()
}

const go = (page: Page, path: string) => page.goto(`${stack.marketplaceUrl}/#${path}`)
const heading = (page: Page) => page.locator('h1').first()
const openApp = async (page: Page, minutes: number) => {
  await go(page, `/apps/${stack.providerId}?minutes=${minutes}`)
  await page.getByRole('button', { name: /and open/ }).click()
  await page.waitForURL(`${stack.appUrl}/**`)
  await page.locator('#app').waitFor()
}

const finalSql = `
  select is_final as "isFinal" from sessions where user_id = $1 order by id desc limit 1`

describe('the journey', () => {
  test('from registering to a charge of 29 tokens for 7 minutes 12 seconds', async () => {
    const page = await newPage()
    await page.goto(stack.marketplaceUrl)
    await page.getByRole('link', { name: 'Make an account' }).click()
    await page.getByLabel('E-mail').fill('ada@example.com')
    await page.getByLabel('Password').fill('correct horse battery')
    await page.getByRole('button', { name: 'Register' }).click()
    await page.locator('#balance', { hasText: '0 tokens' }).waitFor()

    await page.getByRole('link', { name: 'Tokens', exact: true }).click()
    await page.getByRole('button', { name: 'Buy 500 tokens for $5.00' }).click()
    await page.waitForURL(`${stack.apiUrl}/**`)
    await page.getByRole('button', { name: /pay/i }).click()
    await page.waitForURL(`${stack.marketplaceUrl}/**`)
    await page.getByRole('heading', { name: 'Paid. Thank you.' }).waitFor()
    await page.locator('#balance', { hasText: '500 tokens' }).waitFor()

    await page.getByRole('link', { name: 'Choose an app' }).click()
    await page.getByText('30 minutes cost at most 120 tokens. You pay for what you use.').waitFor()
    await page.getByRole('link', { name: 'Stille' }).click()
    await page.getByRole('button', { name: 'Reserve 120 tokens and open' }).click()

    await page.waitForURL(`${stack.appUrl}/**`)
    await page.locator('#app').waitFor()
    expect(page.url()).toBe(`${stack.appUrl}/`)
    await expect.poll(() => page.locator('header .left').textContent()).toMatch(/(30:00|29:5\d) left/)

    await stack.use(page, { seconds: 212 })
    await page.getByRole('button', { name: 'Pause' }).click()
    await page.getByRole('heading', { name: 'Paused' }).waitFor()
    expect(await page.locator('#app').isVisible()).toBe(false)
    stack.api.clock.advance({ minutes: 20 })
    await page.getByRole('button', { name: 'Resume' }).last().click()
    await page.locator('#app').waitFor()
    await stack.use(page, { seconds: 220 })

    await page.getByRole('button', { name: 'Finish' }).click()
    await page.waitForURL(`${stack.marketplaceUrl}/**`)
    await page.getByText('You ended the session.').waitFor()
    expect(await page.locator('#charged').textContent()).toBe('29 tokens')
    expect(await page.locator('#used').textContent()).toBe('7 minutes 12 seconds')
    expect(await page.locator('#formula').textContent()).toBe('432 seconds × 4 tokens ÷ 60 = 28.8')
    expect(await page.locator('#released').textContent()).toBe('91 tokens')
    await page.locator('#balance', { hasText: '471 tokens' }).waitFor()

    await page.getByRole('link', { name: 'History', exact: true }).click()
    const lines = page.locator('tbody tr')
    await lines.first().waitFor()
    expect(await lines.count()).toBe(2)
    expect(await lines.first().innerText()).toMatch(/Used[\s\S]*−29[\s\S]*471/)
    expect(await lines.last().innerText()).toMatch(/Bought[\s\S]*\+500[\s\S]*500/)
  })

  test('a tab closed by mistake costs nothing: back in, on the same clock', async () => {
    const visitor = await stack.newVisitor({ tokens: 200 })
    const first = await newPage(visitor)
    await openApp(first, 30)
    await stack.use(first, { seconds: 60 })
    const second = await first.context().newPage()
    await first.close({ runBeforeUnload: true })
    // The last beat has to be counted before the clock moves, or it would speak of these minutes.
    await expect
      .poll(() => stack.api.deps.db.batch.query(finalSql, [visitor.id]))
      .toEqual([{ isFinal: true }])
    stack.api.clock.advance({ minutes: 3 })

    await go(second, '/sessions')
    await second.getByText('App closed').waitFor()
    expect(await second.locator('.session .clock').textContent()).toBe('29:00')
    await second.getByRole('button', { name: 'Back in: Stille' }).click()
    await second.waitForURL(`${stack.appUrl}/**`)
    await second.locator('#app').waitFor()
    await expect.poll(() => second.locator('header .left').textContent()).toMatch(/(29:00|28:5\d) left/)
    await second.getByRole('button', { name: 'Finish' }).click()
    await second.getByText('You ended the session.').waitFor()
    expect(await second.locator('#charged').textContent()).toBe(`${TOKENS_PER_MINUTE} tokens`)
  })

  test('a stolen launch URL is refused elsewhere, and the first browser goes on undisturbed', async () => {
    const visitor = await stack.newVisitor({ tokens: 200 })
    const page = await newPage(visitor)
    let launchUrl = ''
    page.on('request', (request) => {
      if (request.url().includes('launch_jwt=') && request.isNavigationRequest()) launchUrl = request.url()
    })
    await openApp(page, 30)
    expect(launchUrl).toContain('launch_jwt=')

    const thief = await newPage()
    await thief.goto(launchUrl)
    await thief.getByText('A session opens this app').waitFor()
    await thief.getByRole('dialog').getByText('open this app from the marketplace').waitFor()
    expect(await thief.evaluate('TokenMarketplace.session.getSnapshot().error.code')).toBe(
      'launch_already_used',
    )
    expect(await thief.locator('#app').isVisible()).toBe(false)
    expect(thief.url()).toBe(`${stack.appUrl}/`)

    await stack.use(page, { seconds: 40 })
    expect(await page.locator('#app').isVisible()).toBe(true)
  })

  test('a reload keeps the session, and the address never shows the launch JWT again', async () => {
    const page = await newPage(await stack.newVisitor({ tokens: 200 }))
    await openApp(page, 30)
    await stack.use(page, { seconds: 40 })
    await page.reload()
    await page.locator('#app').waitFor()
    expect(page.url()).toBe(`${stack.appUrl}/`)
    await expect.poll(() => page.locator('header .left').textContent()).toMatch(/29:[012]\d left/)
    await page.goBack()
    await page.waitForURL(`${stack.marketplaceUrl}/**`)
  })

  test('time used up leads back to a receipt of exactly what was reserved', async () => {
    const page = await newPage(await stack.newVisitor({ tokens: 10 }))
    await openApp(page, 1)
    await stack.use(page, { seconds: 40 })
    stack.api.clock.advance({ seconds: 20 })
    await page.evaluate('TokenMarketplace.session.refresh()')
    await page.waitForURL(`${stack.marketplaceUrl}/**`)
    await page.getByText('The time you reserved was used up.').waitFor()
    expect(await page.locator('#charged').textContent()).toBe('4 tokens')
    expect(await page.locator('#released').textContent()).toBe('0 tokens')
  })

  test('adding time leads from the app to the marketplace and back, into a longer session', async () => {
    const page = await newPage(await stack.newVisitor({ tokens: 200 }))
    await openApp(page, 2)
    await stack.use(page, { seconds: 80 })
    await page.getByRole('button', { name: 'Add time' }).click()
    await page.waitForURL(`${stack.marketplaceUrl}/**`)
    const dialog = page.getByRole('dialog', { name: 'Extend this session' })
    await dialog.getByRole('button', { name: '15 minutes' }).click()
    await dialog.getByText('15 minutes cost at most 60 tokens.').waitFor()
    await dialog.getByRole('button', { name: 'Extend', exact: true }).click()
    await page.locator('.session', { hasText: '68 tokens reserved' }).waitFor()
    await page.getByRole('button', { name: 'Back in: Stille' }).click()
    await page.locator('#app').waitFor()
    await expect.poll(() => page.locator('header .left').textContent()).toMatch(/1[56]:\d\d left/)
  })

  test('paused, resumed and ended from the marketplace', async () => {
    const visitor = await stack.newVisitor({ tokens: 200 })
    const app = await newPage(visitor)
    await openApp(app, 30)
    await stack.use(app, { seconds: 40 })
    const page = await app.context().newPage()
    await go(page, '/sessions')
    await page.getByText('Running', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Pause: Stille' }).click()
    await page.getByText('Paused', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Resume: Stille' }).click()
    await page.getByText('Running', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'End: Stille', exact: true }).click()
    await page.getByRole('button', { name: 'End and settle' }).click()
    await page.getByText('You ended the session.').waitFor()
    expect(await page.locator('#charged').textContent()).toBe('3 tokens')
  })
})

describe('what may go wrong', () => {
  test('too few tokens are explained with the numbers, and buying leads back to where one was', async () => {
    const page = await newPage(await stack.newVisitor({ tokens: 30 }))
    await go(page, `/apps/${stack.providerId}?minutes=30`)
    await page.getByText('90 tokens missing').waitFor()
    await page.getByText('This needs 120 tokens. You can spend 30.').waitFor()
    await page.getByRole('button', { name: 'Take 7 minutes instead' }).click()
    await page.getByRole('button', { name: 'Reserve 28 tokens and open' }).waitFor()
    await page.getByRole('button', { name: '30 minutes' }).click()
    await page.getByRole('link', { name: 'Buy tokens' }).click()
    await page.getByText('covers what is missing').waitFor()
    await page.getByRole('button', { name: 'Buy 100 tokens for $1.00' }).click()
    await page.waitForURL(`${stack.apiUrl}/**`)
    await page.getByRole('button', { name: /pay/i }).click()
    await page.getByRole('link', { name: 'Go on where you were' }).click()
    await page.getByRole('button', { name: 'Reserve 120 tokens and open' }).waitFor()
    expect(await page.getByText('tokens missing').count()).toBe(0)
  })

  test('a cancelled checkout says that nothing was charged', async () => {
    const page = await newPage(await stack.newVisitor())
    await go(page, '/tokens')
    await page.getByRole('button', { name: 'Buy 100 tokens for $1.00' }).click()
    await page.waitForURL(`${stack.apiUrl}/**`)
    await page.getByRole('button', { name: /cancel/i }).click()
    await page.waitForURL(`${stack.marketplaceUrl}/**`)
    await page.getByRole('heading', { name: /Not paid/ }).waitFor()
  })

  test('without a session the app stays closed and says where sessions come from', async () => {
    const page = await newPage()
    await page.goto(stack.appUrl)
    await page.getByText('Please open this app from the marketplace.').waitFor()
    expect(await page.locator('#app').isVisible()).toBe(false)
    await page.getByRole('button', { name: 'Back to the marketplace' }).click()
    await page.waitForURL(`${stack.marketplaceUrl}/**`)
  })

  test('two tabs whose credentials expire at once both stay signed in', async () => {
    const visitor = await stack.newVisitor({ tokens: 50 })
    const page = await newPage(visitor)
    await go(page, '/tokens')
    await page.locator('#balance-available', { hasText: '50' }).waitFor()
    const other = await page.context().newPage()
    await go(other, '/history')
    await other.getByText('Gift').waitFor()
    stack.api.clock.advance({ minutes: 16 })
    const asked = (each: Page) =>
      each.waitForResponse((response) => response.url().endsWith('/tokens/balance') && response.ok())
    await Promise.all([asked(page), asked(other), go(page, '/history'), go(other, '/tokens')])
    await other.locator('#balance-available', { hasText: '50' }).waitFor()
    await page.getByText('Gift').waitFor()
    stack.api.clock.advance({ minutes: 16 })
    await Promise.all([asked(page), asked(other), page.reload(), other.reload()])
    await other.locator('#balance-available', { hasText: '50' }).waitFor()
  })

  test('what a provider typed is shown and never run', async () => {
    const owner = await stack.newVisitor()
    const hostile = '<img src=x onerror="document.title=1"><script>document.title=2</script>'
    await stack.call('POST', '/providers', {
      token: owner.accessToken,
      body: {
        name: hostile,
        description: `"><svg onload=alert(1)> ${hostile}`,
        category: 'games',
        launchUrl: 'http://localhost:1/',
        allowedOrigins: ['http://localhost:1'],
        tokensPerMinute: 1,
      },
    })
    const page = await newPage()
    await go(page, '/?category=games')
    await page.getByRole('link', { name: hostile }).click()
    await expect.poll(() => heading(page).textContent()).toBe(hostile)
    expect(await page.locator('main img, main script, main svg').count()).toBe(0)
  })

  test('offline is said, and the page recovers by itself', async () => {
    const page = await newPage(await stack.newVisitor({ tokens: 50 }))
    await go(page, '/tokens')
    await page.locator('#balance-available').waitFor()
    await page.context().setOffline(true)
    await page.getByText('You are offline.').waitFor()
    await page.getByRole('link', { name: 'History', exact: true }).click()
    await page.getByRole('heading', { name: 'The marketplace cannot be reached' }).waitFor()
    await page.context().setOffline(false)
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.getByText('Gift').waitFor()
    expect(await page.getByText('You are offline.').isVisible()).toBe(false)
  })
})

describe('what is reserved', () => {
  test('a price that rose while it was read reserves nothing until its new figure was seen', async () => {
    const visitor = await stack.newVisitor({ tokens: 500 })
    const page = await newPage(visitor)
    await go(page, `/apps/${stack.providerId}`)
    await page.getByRole('button', { name: 'Reserve 120 tokens and open' }).waitFor()
    const price = (tokensPerMinute: number) =>
      stack.api.deps.db.batch.query('update providers set tokens_per_minute = $2 where id = $1', [
        stack.providerId,
        tokensPerMinute,
      ])
    await price(5)
    try {
      await page.getByRole('button', { name: 'Reserve 120 tokens and open' }).click()
      await page.getByText('The price has changed').waitFor()
      await page.getByRole('button', { name: 'Reserve 150 tokens and open' }).waitFor()
      expect(await page.locator('.rate').textContent()).toContain('5 tokens')
      expect(await stack.call('GET', '/tokens/balance', { token: visitor.accessToken })).toMatchObject({
        held: 0,
      })
    } finally {
      await price(4)
    }
  })

  test('a button that leads away is pressed in vain until the next page is there: one session, reserved once', async () => {
    const visitor = await stack.newVisitor({ tokens: 500 })
    const page = await newPage(visitor)
    await go(page, `/apps/${stack.providerId}`)
    let opened = 0
    page.on('request', (request) => {
      if (request.method() === 'POST' && request.url() === `${stack.apiUrl}/sessions`) opened += 1
    })
    let arrive = () => {}
    const isSlow = new Promise<void>((resolve) => {
      arrive = resolve
    })
    await page.route(`${stack.appUrl}/?*`, async (route) => {
      await isSlow
      await route.continue()
    })
    const isLeaving = page.waitForRequest((request) => request.url().startsWith(`${stack.appUrl}/?`))
    const reserve = page.getByRole('button', { name: 'Reserve 120 tokens and open' })
    await reserve.focus()
    await page.keyboard.press('Enter')
    await isLeaving
    await page.keyboard.press('Enter')
    arrive()
    await page.getByRole('button', { name: 'Finish' }).waitFor()
    expect(opened).toBe(1)
    expect(await stack.call('GET', '/tokens/balance', { token: visitor.accessToken })).toMatchObject({
      held: 120,
    })
  })

  test('what was pressed again because no answer came is done once', async () => {
    const visitor = await stack.newVisitor({ tokens: 500 })
    const page = await newPage(visitor)
    await go(page, `/apps/${stack.providerId}`)
    let lost = 0
    await page.route(`${stack.apiUrl}/sessions`, async (route) => {
      if (route.request().method() !== 'POST' || lost === 3) return await route.continue()
      lost += 1
      await route.fetch()
      await route.abort()
    })
    await page.getByRole('button', { name: 'Reserve 120 tokens and open' }).click()
    await page.getByText('The marketplace cannot be reached').waitFor()
    await page.getByRole('button', { name: 'Reserve 120 tokens and open' }).click()
    await page.getByRole('button', { name: 'Finish' }).waitFor()
    expect(lost).toBe(3)
    expect(await stack.call('GET', '/tokens/balance', { token: visitor.accessToken })).toMatchObject({
      held: 120,
    })
  })
})
