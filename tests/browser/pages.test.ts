import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { beginPurchase, completed, paymentOf, sendEvent } from '../../apps/api/test/stripe-events.ts'
import { launchChromium } from './chromium.ts'
import { inspectPage } from './inspect-page.ts'
import { type Stack, startStack, type Visitor } from './stack.ts'

let stack: Stack
let browser: Browser
let visitor: Visitor
let endedId: string
let runningId: string
let purchaseId: string
let paidId: string
let lineId: string

beforeAll(async () => {
  ;[stack, browser] = await Promise.all([startStack(), launchChromium()])
  visitor = await stack.newVisitor({ tokens: 1_000 })
  const token = visitor.accessToken
  const open = async (durationMinutes: number) => {
    const body = { providerId: stack.providerId, durationMinutes }
    return (await stack.call('POST', '/sessions', { token, body })) as {
      session: { id: string }
      launchJwt: string
    }
  }
  const ended = await open(30)
  endedId = ended.session.id
  const { launchJwt } = ended
  await stack.call('POST', '/api/v1/sessions/validate', { body: { launchJwt, clientId: 'client-of-a-test' } })
  stack.api.clock.advance({ seconds: 43 })
  await stack.call('POST', `/api/v1/sessions/${endedId}/complete`, { token, body: {} })
  runningId = (await open(60)).session.id
  const paid = await beginPurchase(stack.api, token, 1_000)
  await sendEvent(stack.api, completed(paymentOf(paid)))
  paidId = paid.id
  const history = (await stack.call('GET', '/tokens/history', { token })) as {
    items: { id: string; kind: string }[]
  }
  lineId = history.items.find(({ kind }) => kind === 'charge')?.id ?? ''
  const bought = (await stack.call('POST', '/tokens/purchase', { token, body: { tokens: 1_000 } })) as {
    purchase: { id: string }
  }
  purchaseId = bought.purchase.id
})
afterAll(async () => {
  await browser?.close()
  await stack?.close()
})

interface Seen {
  name: string
  /** What shows that the page is there. */
  ready: string
  url: () => string
  isOpen?: boolean
  prepare?: (page: Page) => Promise<unknown>
}

const marketplace = (path: string) => () => `${stack.marketplaceUrl}/#${path}`
const pages: Seen[] = [
  { name: 'welcome', url: marketplace('/'), ready: '.app', isOpen: true },
  { name: 'register', url: marketplace('/register'), ready: 'form', isOpen: true },
  { name: 'sign-in', url: marketplace('/sign-in'), ready: 'form', isOpen: true },
  {
    name: 'register-wrong',
    url: marketplace('/register'),
    ready: 'form',
    isOpen: true,
    prepare: (page) => page.getByRole('button', { name: 'Register' }).click(),
  },
  { name: 'catalogue', url: marketplace('/'), ready: '.session' },
  { name: 'nothing-found', url: marketplace('/?q=nothing-like-it'), ready: '.empty' },
  { name: 'app', url: () => marketplace(`/apps/${stack.providerId}`)(), ready: '.ticket' },
  {
    name: 'app-too-expensive',
    url: () => marketplace(`/apps/${stack.providerId}?minutes=480`)(),
    ready: '.notice',
  },
  { name: 'tokens', url: marketplace('/tokens'), ready: '.package' },
  { name: 'tokens-needed', url: marketplace('/tokens?need=700'), ready: '.package.is-fitting' },
  { name: 'purchase', url: () => marketplace(`/purchases/${purchaseId}`)(), ready: '.line' },
  { name: 'sessions', url: marketplace('/sessions'), ready: '.row' },
  { name: 'session', url: () => marketplace(`/sessions/${runningId}?reason=`)(), ready: '.session' },
  {
    name: 'extend',
    url: () => marketplace(`/sessions/${runningId}?reason=extend`)(),
    ready: 'dialog[open]',
  },
  { name: 'receipt', url: () => marketplace(`/sessions/${endedId}`)(), ready: '.receipt' },
  { name: 'history', url: marketplace('/history'), ready: 'tbody tr' },
  { name: 'why', url: () => marketplace(`/history/${lineId}`)(), ready: '.because' },
  { name: 'account', url: marketplace('/account'), ready: '.subnav' },
  {
    name: 'account-opened',
    url: marketplace('/account'),
    ready: '.subnav',
    prepare: async (page) => {
      for (const summary of await page.locator('summary').all()) await summary.click()
    },
  },
  { name: 'limits', url: marketplace('/account/limits'), ready: '.subnav' },
  {
    name: 'limits-of-an-app',
    url: marketplace('/account/limits'),
    ready: '.subnav',
    prepare: (page) => page.getByRole('button', { name: 'Add it' }).click(),
  },
  { name: 'sign-ins', url: marketplace('/account/sign-ins'), ready: '.row' },
  { name: 'purchase-paid', url: () => marketplace(`/purchases/${paidId}`)(), ready: '#what-it-did' },
  { name: 'no-such-session', url: marketplace('/sessions/ses_nothing'), ready: 'h1' },
  { name: 'no-such-page', url: marketplace('/nothing'), ready: 'h1' },
  { name: 'app-closed', url: () => stack.appUrl, ready: '.gate:visible', isOpen: true },
  {
    name: 'checkout',
    url: marketplace('/tokens'),
    ready: '.package',
    prepare: async (page) => {
      await page.getByRole('button', { name: 'Buy 500 tokens' }).click()
      await page.waitForURL(`${stack.apiUrl}/**`)
    },
  },
]

async function newContext({ isOpen = false } = {}) {
  const context = await browser.newContext({
    reducedMotion: 'reduce',
    viewport: { width: 1100, height: 800 },
  })
  context.setDefaultTimeout(15_000)
  if (!isOpen) await stack.signInto(context, visitor)
  return context
}

/** On the marketplace by its own addresses, without loading all of it for each page. */
async function open(page: Page, { url, ready, prepare }: Seen): Promise<void> {
  const { origin, hash } = new URL(url())
  if (new URL(page.url()).origin === origin) await follow(page, hash)
  else await page.goto(url())
  await page.locator(ready).first().waitFor()
  await prepare?.(page)
}

async function follow(page: Page, hash: string): Promise<void> {
  await page.evaluate(
    async (hashes) => {
      for (const next of hashes) {
        const changed = new Promise((resolve) => addEventListener('hashchange', resolve, { once: true }))
        location.hash = next
        await changed
      }
    },
    // By way of another page, so that nothing is left of the last one: it may have been the same, with a dialog open.
    ['#/nowhere', hash],
  )
  // What was there stays until what comes has loaded.
  await page.locator('main:not([aria-busy])').waitFor()
}

async function openApp(context: BrowserContext): Promise<Page> {
  const page = await context.newPage()
  await page.goto(marketplace(`/apps/${stack.providerId}?minutes=5`)())
  await page.getByRole('button', { name: /and open/ }).click()
  await page.locator('#app').waitFor()
  return page
}

test('every page passes axe in light and dark, and none scrolls sideways at 360 px', async () => {
  const contexts = { open: await newContext({ isOpen: true }), signedIn: await newContext() }
  const tabs = { open: await contexts.open.newPage(), signedIn: await contexts.signedIn.newPage() }
  const found: string[] = []
  for (const seen of pages) {
    const page = seen.isOpen ? tabs.open : tabs.signedIn
    await open(page, seen)
    found.push(...(await inspectPage(page, seen.name)))
  }
  const app = await openApp(contexts.signedIn)
  found.push(...(await inspectPage(app, 'app-running')))
  await app.getByRole('button', { name: 'Pause' }).click()
  await app.getByRole('dialog').waitFor()
  found.push(...(await inspectPage(app, 'app-paused')))
  await Promise.all(Object.values(contexts).map((context) => context.close()))
  expect(found).toEqual([])
})

test('so does every page of the API itself', async () => {
  const context = await newContext({ isOpen: true })
  await context.setExtraHTTPHeaders({ authorization: `Bearer ${visitor.accessToken}` })
  const page = await context.newPage()
  const found: string[] = []
  for (const path of ['/', `/sessions/${endedId}/receipt`, `/tokens/purchases/${paidId}/receipt`]) {
    await page.goto(stack.apiUrl + path)
    await page.locator('h1').waitFor()
    found.push(...(await inspectPage(page, `api${path.replaceAll('/', '-')}`)))
  }
  await context.close()
  expect(found).toEqual([])
})

test('the keyboard alone opens a session', async () => {
  const context = await newContext()
  const page = await context.newPage()
  await page.goto(stack.marketplaceUrl)
  await page.locator('.app').waitFor()
  await page.keyboard.press('Tab')
  expect(await focused(page)).toBe('Skip to the content')
  await page.keyboard.press('Enter')
  await tabTo(page, 'Stille')
  await page.keyboard.press('Enter')
  await page.locator('.ticket').waitFor()
  await expect.poll(() => focused(page)).toBe('Stille')
  await tabTo(page, '15 minutes')
  await page.keyboard.press('Space')
  await tabTo(page, 'Reserve 60 tokens and open')
  await page.keyboard.press('Enter')
  await page.waitForURL(`${stack.appUrl}/**`)
  await page.locator('#app').waitFor()
  await tabTo(page, 'Pause')
  await page.keyboard.press('Enter')
  await page.getByRole('dialog', { name: 'Paused' }).waitFor()
  // The focus is on the title, so that nobody who types on presses a button.
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await page.locator('#app').waitFor()
  await context.close()
})

test('the first page comes in one script and one style sheet, which are kept', async () => {
  const context = await newContext({ isOpen: true })
  const page = await context.newPage()
  const kept: [type: string, cacheControl: string | undefined][] = []
  page.on('response', (response) => {
    const type = response.request().resourceType()
    if (/document|script|stylesheet/.test(type)) kept.push([type, response.headers()['cache-control']])
  })
  await page.goto(stack.marketplaceUrl)
  await page.locator('.app').waitFor()
  const forGood = 'public, max-age=31536000, immutable'
  expect(kept.sort()).toEqual([
    ['document', 'no-cache'],
    ['script', forGood],
    ['stylesheet', forGood],
  ])
  await context.close()
})

test('who was offline is not told that the marketplace does not answer', async () => {
  const context = await newContext({ isOpen: true })
  const page = await context.newPage()
  await page.goto(stack.marketplaceUrl)
  await page.locator('.app').waitFor()
  await context.setOffline(true)
  await page.getByText('You are offline.').waitFor()
  await page.getByLabel('Search').fill('Stille')
  await page.getByText('The marketplace cannot be reached').waitFor()
  await context.setOffline(false)
  await page.getByText('You are offline.').waitFor({ state: 'hidden' })
  expect(await page.locator('#offline').textContent()).toBe('')
  await context.close()
})

test('while its scripts are on their way the page says that it is coming', async () => {
  const context = await newContext({ isOpen: true })
  const page = await context.newPage()
  let deliver = () => {}
  const late = new Promise<void>((resolve) => {
    deliver = resolve
  })
  await page.route('**/assets/*.js', async (route) => {
    await late
    await route.continue()
  })
  await page.goto(stack.marketplaceUrl, { waitUntil: 'commit' })
  const hint = () =>
    page.evaluate(() => getComputedStyle(document.querySelector('main')!, '::before').content)
  await expect.poll(hint).toBe('"One moment…"')
  deliver()
  await page.locator('.app').waitFor()
  expect(await hint()).toBe('none')
  await context.close()
})

test('a link with a mistake in it leads to a page that says so', async () => {
  const context = await newContext()
  const page = await context.newPage()
  await page.goto(`${stack.marketplaceUrl}/#/sessions/ses_nothing`)
  await page.getByRole('heading', { name: 'There is nothing here' }).waitFor()
  await context.close()
})

test('who comes back from an app to extend keeps the keyboard’s place', async () => {
  const context = await newContext()
  const page = await context.newPage()
  await page.goto(`${stack.marketplaceUrl}/#/sessions/${runningId}?reason=extend`)
  await page.getByRole('dialog', { name: 'Extend this session' }).waitFor()
  await page.keyboard.press('Escape')
  await expect.poll(() => focused(page)).toBe('Extend: Stille')
  await context.close()
})

const focused = (page: Page) =>
  page.evaluate(
    () => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent?.trim(),
  )

async function tabTo(page: Page, name: string): Promise<void> {
  const passed: (string | undefined)[] = []
  for (let presses = 0; presses < 40; presses++) {
    await page.keyboard.press('Tab')
    const now = await focused(page)
    if (now === name) return
    passed.push(now)
  }
  throw new Error(`Tab never reached ${name}: ${passed.join(' | ')}`)
}
